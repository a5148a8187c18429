"""What is in a file: counts, ranges, and the jobs that it serves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ndive.data.checking import check_rows
from ndive.data.columns import Rows, read_columns
from ndive.data.finding import Source, find_files
from ndive.data.header import Header, read_header
from ndive.data.opening import shortcomings
from ndive.data.summary import FieldSummary, merged, summary
from ndive.schema import Job, Schema, load_schema

BLOCK = 4096
"""Jets read at once."""


@dataclass(frozen=True, kw_only=True)
class FieldRange:
    """The finite values of one field, on real tracks only, in the units of the file."""

    dataset: str
    name: str
    unit: str
    minimum: float
    median: float
    maximum: float
    n_not_finite: int


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is in one file.

    **Attributes:** `flavours` maps each class to its jets, empty without labels; `multiplicity[k]` is the
    number of jets with k tracks, zero throughout without a bool `valid`; `jobs` maps each job to what keeps
    the file from serving it, nothing where it does.
    """

    header: Header
    flavours: Mapping[str, int]
    multiplicity: np.ndarray
    ranges: tuple[FieldRange, ...]
    jobs: Mapping[str, tuple[str, ...]]


def inspect_files(
    source: Source, split: str | None = None, schema: Schema | None = None
) -> Iterator[Contents]:
    """Describe each file that `source` names, read block by block.

    Rows are checked for every job that the file serves.

    **Raises:** `FileAccessError` and `SampleError` as `open_sample`, but for fields that are missing.
    """
    schema = load_schema() if schema is None else schema
    for path in find_files(source, split):
        yield _inspect(read_header(path, schema), schema)


def _inspect(header: Header, schema: Schema) -> Contents:
    jobs = {job.name: tuple(shortcomings(header, job, schema)) for job in schema.jobs.values()}
    served = [schema.jobs[name] for name, troubles in jobs.items() if not troubles]
    blocks = _checked_blocks(header, served, schema)
    whole = reduce(merged, (summary(rows, first, header) for first, rows in blocks))
    return Contents(
        header=header,
        flavours=dict(zip(header.class_names, whole.flavours.tolist(), strict=True)),
        multiplicity=whole.multiplicity,
        ranges=tuple(_range(dataset, name, field, schema) for (dataset, name), field in whole.fields.items()),
        jobs=jobs,
    )


def _checked_blocks(header: Header, served: list[Job], schema: Schema) -> Iterator[tuple[int, Rows]]:
    """Every numeric field, block by block, with the first row of each."""
    wanted = {
        dataset: [name for name, column in columns.items() if column.dtype.kind in "fiub"]
        for dataset, columns in header.columns.items()
    }
    starts = range(0, header.n_jets, BLOCK)
    ranges = [(start, min(start + BLOCK, header.n_jets)) for start in starts]
    for start, rows in zip(starts, read_columns(header, wanted, ranges), strict=True):
        needed = _needed(rows, served)
        check_rows(needed, path=header.path, class_names=header.class_names, first=start, schema=schema)
        yield start, rows


def _needed(rows: Rows, jobs: list[Job]) -> Rows:
    return {
        dataset: {
            name: values
            for name, values in columns.items()
            if any(name in job.needs[dataset] for job in jobs)
        }
        for dataset, columns in rows.items()
    }


def _range(dataset: str, name: str, field: FieldSummary, schema: Schema) -> FieldRange:
    known = schema.datasets[dataset].get(name)
    values = np.concatenate(field.spread)
    return FieldRange(
        dataset=dataset,
        name=name,
        unit="" if known is None else known.unit,
        minimum=float(field.minimum),
        median=float(np.median(values)) if values.size else np.nan,
        maximum=float(field.maximum),
        n_not_finite=field.n_not_finite,
    )
