"""`ndive convert`: the public sample from ROOT files to jets files."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.progress import jets_progress
from ndive.data import find_files
from ndive.data.converting import Conversion
from ndive.data.converting import convert as convert_jets
from ndive.data.salt import write_salt_dicts
from ndive.errors import ArgumentError
from ndive.files import check_directory
from ndive.schema import Fractions, Split


def convert(
    *files: str,
    output: Path,
    fractions: Annotated[Fractions, Parameter(negative="")] = (0.8, 0.1, 0.1),
    split: Split | None = None,
    slots: int = 15,
    field: float = 2.0,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Convert ROOT files of the public sample (Zenodo 4044628): ndive_train.h5, ndive_val.h5, ndive_test.h5.

    The tree 'tree' has one entry a jet. Beside the training file norm_dict.yaml and class_dict.yaml are
    written, for Salt. Jets of another flavour than b, c and light, and those without the hadron of their
    flavour, are left out and counted.

    Parameters
    ----------
    files
        ROOT files, directories of them or wildcards.
    output
        Directory of the files; it is made where it does not exist.
    fractions
        Parts of the jets in train, val and test; they sum to 1. All jets of an event are in one file.
    split
        The one file that all jets go to, for inputs that are split already.
    slots
        Most tracks of a jet, 1 to 100; those of highest pT are kept.
    field
        Field of the solenoid in tesla along +z.
    overwrite
        Replace files that are there.
    """
    conversion = Conversion(
        inputs=find_files(files, suffix="root"), slots=slots, field=field, fractions=fractions, split=split
    )
    paths = {part: output / f"ndive_{part}.h5" for part in conversion.splits}
    _check_output(output, list(paths.values()), overwrite=overwrite)
    start, written = time.monotonic(), 0
    with jets_progress() as progress:
        total = conversion.n_entries()
        bar = progress.add_task("converting", total=total)
        for read, kept in convert_jets(conversion, paths):
            written += kept
            progress.advance(bar, read)
        if "train" in paths:
            progress.update(bar, description="writing norm_dict.yaml")
            write_salt_dicts(paths["train"], output)
    left_out = f", {total - written} left out for want of a flavour or its hadron" if written < total else ""
    terminal = console(stderr=True)
    terminal.print(f"{written} jets in '{output}' after {time.monotonic() - start:.0f} s{left_out}")


def _check_output(output: Path, paths: list[Path], *, overwrite: bool) -> None:
    check_directory(output)
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise ArgumentError(f"'{there[0]}' is there: choose another directory, or --overwrite")
