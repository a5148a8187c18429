"""`ndive simulate`: make a sample of jets."""

import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.progress import jets_progress
from ndive.data import write_sample
from ndive.data.header import read_header
from ndive.data.salt import write_salt_dicts
from ndive.errors import ArgumentError, NdiveError, SampleError
from ndive.files import check_directory
from ndive.jobs import DaskPool, LocalPool, Pool, available_cores
from ndive.schema import SPLITS, load_schema
from ndive.simulation import SimulationSettings, Store, attributes, rows_of_split
from ndive.simulation import simulate as simulate_jets


def simulate(
    *,
    output: Path,
    jets: int = 100_000,
    fractions: Annotated[tuple[float, float, float], Parameter(negative="")] = (0.8, 0.1, 0.1),
    seed: int = 1,
    process: Literal["ttbar"] = "ttbar",
    resolution: Literal["atlas", "shlomi"] = "atlas",
    balance: bool = True,
    balance_tracks: bool = False,
    slots: int = 15,
    field: float = 2.0,
    underlying_event: bool = True,
    workers: int | None = None,
    scheduler: str | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Simulate jets: ndive_train.h5, ndive_val.h5 and ndive_test.h5 in the directory OUTPUT.

    Beside them stand norm_dict.yaml and class_dict.yaml, for Salt. The files are a function of the options
    but the last three. Interrupted, the same command goes on where it was; run again, it reuses the files
    that are there.

    Parameters
    ----------
    output
        Directory of the files; it is made where it does not exist.
    jets
        Jets written in all, in the three files together.
    fractions
        Parts of them in train, val and test; they sum to 1. All jets of an event are in one file.
    seed
        Seed of the sample, 0 to 8999. Two seeds share no event.
    process
        Hard process, in proton-proton collisions at 14 TeV.
    resolution
        Track resolution: 'atlas', a track fit with its full covariance, or 'shlomi', the uncorrelated errors
        of the public sample.
    balance
        As many b as c as light jets in every bin of pT and |eta|; else the flavours as they are produced.
    balance_tracks
        Balance in the number of tracks, too, as the public sample does.
    slots
        Most tracks of a jet, 2 to 100; those of highest pT are kept.
    field
        Field of the solenoid in tesla.
    underlying_event
        Multiparton interactions; without them it is 4 times faster and less like data.
    workers
        Processes on this machine; one a core by default.
    scheduler
        Address of a Dask scheduler (tcp://HOST:PORT): the tasks run on its workers instead.
    overwrite
        Replace files that were made with other settings or are damaged.
    """
    settings = SimulationSettings(
        jets=jets,
        fractions=fractions,
        seed=seed,
        process=process,
        resolution=resolution,
        balance=balance,
        balance_tracks=balance_tracks,
        slots=slots,
        field=field,
        underlying_event=underlying_event,
    )
    local = LocalPool(workers=available_cores() if workers is None else workers)
    pool = local if scheduler is None else DaskPool(address=scheduler)
    simulate_sample(settings, output, pool, overwrite=overwrite)


def simulate_sample(
    settings: SimulationSettings, output: Path, pool: Pool, *, overwrite: bool = False
) -> list[Path]:
    """Make the three files of a sample, or find them made; return their paths in the order of `SPLITS`.

    **Raises:** `ArgumentError` where files of other settings are there and not to be overwritten,
    `SampleError` where a damaged one is; `SimulationError` and `FileAccessError` as
    `ndive.simulation.simulate`.
    """
    terminal = console(stderr=True)
    paths = sample_paths(output)
    identity = settings.identity(version("ndive"))
    found = [_identity_of(path, overwrite) for path in paths if path.exists()]
    if found == [identity] * len(paths):
        terminal.print(f"reusing the {settings.jets} jets in '{output}'")
        return paths
    if any(other != identity for other in found) and not overwrite:
        raise ArgumentError(
            f"'{output}' holds jets of other settings: choose another directory, or --overwrite"
        )
    check_directory(output)
    store = Store(output / f".ndive_simulate-{identity}")
    start = time.monotonic()
    with jets_progress() as progress:
        bar = progress.add_task("simulating", total=settings.jets)
        for selection in simulate_jets(settings, store, pool):
            progress.update(bar, completed=selection.size)
        for split, path in enumerate(paths):
            progress.update(bar, description=f"writing {path.name}")
            write_sample(path, rows_of_split(selection, store, split), attributes(settings, split))
            if SPLITS[split] == "train":
                write_salt_dicts(path, output)
    store.remove()
    seconds = time.monotonic() - start
    terminal.print(f"{settings.jets} jets in '{output}' after {seconds:.0f} s")
    return paths


def sample_paths(output: Path) -> list[Path]:
    """The three files of a sample in the directory `output`, in the order of `SPLITS`."""
    return [output / f"ndive_{split}.h5" for split in SPLITS]


def _identity_of(path: Path, overwrite: bool) -> str | None:
    """The hash of the settings that a file was made with, None where it has none or is to be replaced.

    **Raises:** `SampleError` for a damaged file that is not to be overwritten.
    """
    try:
        return read_header(path, load_schema()).attributes.get("settings_hash")
    except NdiveError as error:
        if overwrite:
            return None
        if not isinstance(error, SampleError):
            raise
        raise SampleError(f"a file is damaged, --overwrite makes it anew: {error}") from error
