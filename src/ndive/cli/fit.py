"""`ndive fit`: one vertex a jet, without any network."""

from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Annotated, Literal

import jax
import numpy as np
from cyclopts import Parameter
from rich import box
from rich.table import Table

from ndive import __version__
from ndive.cli.console import console
from ndive.cli.outputs import check_free, check_output
from ndive.cli.progress import jets_progress
from ndive.data import Sample, open_sample, write_datasets
from ndive.data.ahead import one_ahead
from ndive.data.batch import padded_tracks
from ndive.data.vertices import vertex_rows
from ndive.errors import ArgumentError, SampleError
from ndive.schema import Split, load_schema
from ndive.tracks import Tracks
from ndive.vertexing import Status, Vertex, fit_vertex

BATCH = 2048
"""Jets fitted at once."""

MEDIAN_JETS = 65536
"""The summary's medians are of this many jets at most, evenly spread."""

Precision = Literal["float64", "float32"]


def fit(
    *files: str,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    weights: str | None = None,
    split: Split | None = None,
    precision: Precision = "float64",
    max_steps: int = 50,
    schema: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Fit one vertex to the tracks of each jet, and write position, covariance, chi2 and status.

    The output has the dataset `vertices`, one row a jet in the order of the input, lengths in mm. A jet whose
    tracks give no vertex gets a row that says why in `status`.

    Parameters
    ----------
    files
        Jets files, directories (all their *.h5 files, of every split, without --split) or wildcards.
    output
        The HDF5 file to write; it is there whole or not at all.
    weights
        Field of `tracks` that multiplies each track's chi2 (no unit, 0 or more); without it, 1 for all.
    split
        In a directory, read only the files *_SPLIT.h5.
    precision
        Floating point of the fit.
    max_steps
        Steps after which the fit of a jet is given up.
    schema
        YAML file with the names, units and enums of these files, in the place of the package's own.
    overwrite
        Replace the output that is there.
    """
    sample = open_sample(files, job="fit", split=split, schema=load_schema(schema))
    check_output(output, sample)
    check_free(output, overwrite=overwrite)
    _check_arguments(sample, weights, max_steps)
    counts = np.zeros(len(Status), int)
    kept: list[np.ndarray] = []
    with jax.enable_x64(precision == "float64"), jets_progress() as progress:
        bar = progress.add_task("fitting", total=sample.n_jets)

        def chunks() -> Iterator[dict[str, np.ndarray]]:
            for rows in _fitted(sample, weights, np.dtype(precision).type, max_steps):
                counts[:] += np.bincount(rows["status"], minlength=len(counts))
                kept.append(rows[:: ceil(sample.n_jets / MEDIAN_JETS)])
                progress.advance(bar, len(rows))
                yield {"vertices": rows}

        write_datasets(output, chunks(), _provenance(sample, weights, precision), {})
    _print_summary(output, counts, np.concatenate(kept))


def _check_arguments(sample: Sample, weights: str | None, max_steps: int) -> None:
    if max_steps < 1:
        raise ArgumentError(f"max_steps is {max_steps}; allowed is 1 or more")
    if weights is not None:
        _check_weights(sample, weights)


def _check_weights(sample: Sample, name: str) -> None:
    for header in sample.headers:
        column = header.columns["tracks"].get(name)
        if column is None or column.dtype.kind not in "fiub":
            numeric = [
                other for other, column in header.columns["tracks"].items() if column.dtype.kind == "f"
            ]
            raise SampleError(
                f"'{header.path}': dataset 'tracks' has no field '{name}' of numbers to weigh with; "
                f"it has {', '.join(numeric)}"
            )


def _fitted(
    sample: Sample, weights: str | None, precision: type[np.floating], max_steps: int
) -> Iterator[np.ndarray]:
    """The rows of `vertices`, a batch at a time; the last is filled up so that all have one shape."""
    size = min(BATCH, sample.n_jets)

    def read(start: int) -> tuple[Tracks, np.ndarray, int]:
        stop = min(start + size, sample.n_jets)
        tracks = sample.read_tracks(start, stop, precision)
        w = np.zeros((size, sample.n_slots), precision)
        column = np.ones((), precision)
        if weights is not None:
            column = sample.columns("tracks", [weights], start, stop, precision)[weights]
        w[: stop - start] = np.where(tracks.mask, column, 0)
        return padded_tracks(tracks, size), w, stop - start

    for tracks, w, real in one_ahead(read, range(0, sample.n_jets, size)):
        yield _rows(fit_vertex(tracks, w, max_steps=max_steps), w)[:real]


def _rows(vertex: Vertex, weights: np.ndarray) -> np.ndarray:
    return vertex_rows(
        position=np.asarray(vertex.position),
        covariance=np.asarray(vertex.covariance),
        sandwich_covariance=np.asarray(vertex.sandwich_covariance),
        chi2=np.asarray(vertex.chi2),
        ndf=np.asarray(vertex.ndf),
        n_tracks=np.count_nonzero(weights > 0, axis=-1),
        iterations=np.asarray(vertex.iterations),
        status=np.asarray(vertex.status),
        valid=np.asarray(vertex.valid),
    )


def _provenance(sample: Sample, weights: str | None, precision: Precision) -> dict[str, str | list[str]]:
    return {
        "ndive_version": __version__,
        "input": [str(path) for path in sample.paths],
        "input_identity": sample.identity,
        "weights": weights or "1",
        "precision": precision,
    }


def _print_summary(output: Path, counts: np.ndarray, rows: np.ndarray) -> None:
    """One screen: how the fits ended, and the medians of those that converged."""
    terminal = console()
    table = Table(box=box.SIMPLE_HEAD if terminal.is_terminal else None, pad_edge=False)
    table.add_column("status")
    for name in ("jets", "share"):
        table.add_column(name, justify="right")
    for status in Status:
        if counts[status]:
            table.add_row(status.name, str(counts[status]), f"{counts[status] / counts.sum():.1%}")
    terminal.print(f"{counts.sum()} vertices in '{output}'", soft_wrap=True)
    terminal.print(table)
    good = rows[rows["valid"]]
    if len(good):
        terminal.print(f"median error along z: {np.median(np.sqrt(good['cov_zz'])):.4f} mm")
    measured = good[good["ndf"] > 0]
    if len(measured):
        terminal.print(f"median chi2/ndf: {np.median(measured['chi2'] / measured['ndf']):.2f}")
