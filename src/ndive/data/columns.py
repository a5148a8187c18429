"""Fields of one file by name: as they are there, and in the units of the program."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ndive.data.hdf5 import opened, read_ranges
from ndive.data.header import Header
from ndive.errors import SampleError
from ndive.schema import Schema

Wanted = Mapping[str, Sequence[str]]
"""Dataset -> names of fields."""

Rows = Mapping[str, Mapping[str, np.ndarray]]
"""Dataset -> name of a field -> its values."""


def read_columns(header: Header, wanted: Wanted, ranges: Iterable[tuple[int, int]]) -> Iterator[Rows]:
    """For each range of rows, its fields with the values that they have on file, opened once.

    **Raises:** `SampleError` where the file has no such field or its bytes are damaged.
    """
    with opened(header.path) as file:
        ranges = list(ranges)
        datasets = {name: read_ranges(file[name], ranges) for name, fields in wanted.items() if fields}
        for _ in ranges:
            yield {name: _split(header, name, wanted[name], next(rows)) for name, rows in datasets.items()}


def in_program_units(rows: Rows, header: Header, schema: Schema, precision: type[np.floating]) -> Rows:
    """The same in GeV, mm and rad, floats as `precision`, `flavour_label` in the order of the schema."""
    return {
        dataset: {
            name: _converted(dataset, name, values, header, schema, precision)
            for name, values in columns.items()
        }
        for dataset, columns in rows.items()
    }


def _split(header: Header, dataset: str, names: Sequence[str], raw: np.ndarray) -> dict[str, np.ndarray]:
    known = header.columns[dataset]
    for name in names:
        if name not in known:
            raise SampleError(
                f"'{header.path}': dataset '{dataset}' has no field '{name}'; it has {', '.join(known)}"
            )
    return {name: np.ascontiguousarray(raw[known[name].name]) for name in names}


def _converted(
    dataset: str,
    name: str,
    values: np.ndarray,
    header: Header,
    schema: Schema,
    precision: type[np.floating],
) -> np.ndarray:
    if dataset == "jets" and name == "flavour_label":
        return _in_order_of_schema(values, header.class_names, schema)
    if values.dtype.kind != "f":
        return values
    values = values.astype(precision)
    field = schema.datasets[dataset].get(name)
    return values if field is None or field.factor == 1 else values * precision(field.factor)


def _in_order_of_schema(labels: np.ndarray, class_names: tuple[str, ...], schema: Schema) -> np.ndarray:
    """Labels that index the file's class list, as indices into the schema's; -1 for a class it lacks."""
    order = schema.class_names
    table = np.array([order.index(name) if name in order else -1 for name in class_names] + [-1], np.int32)
    inside = (labels >= 0) & (labels < len(class_names))
    return table[np.where(inside, labels, len(class_names))]
