"""Writing HDF5: chunks of rows appended to LZ4-compressed datasets with checksums, in constant memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

from ndive.data.sink import written_hdf5
from ndive.errors import ArgumentError
from ndive.schema import load_schema

CHUNK_ROWS = 256
"""Rows a compressed chunk: the block in which a shuffled epoch reads."""

Rows = Mapping[str, np.ndarray]
"""Dataset -> structured array of some rows."""


def write_sample(
    path: str | Path,
    chunks: Iterable[Rows],
    attrs: Mapping[str, Any],
    class_names: tuple[str, ...] | None = None,
) -> None:
    """Write a jets file from chunks of `jets` `(m,)` and `tracks` `(m, slots)`.

    The file has the layout of the schema where the chunks have its dtypes; the class list (the schema's by
    default) becomes the attribute `flavour_label` of `jets`, `attrs` those of the root. It is there whole or
    not at all, and holds the same rows however they are cut into chunks.

    **Raises:** `ArgumentError` for no chunk, chunks that differ in dtype or slots, or an attribute that HDF5
    cannot hold; `FileAccessError` where the place cannot be written.
    """
    with written_sample(path, attrs, class_names) as append:
        for chunk in chunks:
            append(chunk)


@contextmanager
def written_sample(
    path: str | Path, attrs: Mapping[str, Any], class_names: tuple[str, ...] | None = None
) -> Iterator[Callable[[Rows], None]]:
    """Yield a function that appends chunks to a jets file, for whoever fills several at once.

    The file is there when the block ends well. Raises as `write_sample`.
    """
    names = load_schema().class_names if class_names is None else class_names
    with _written_datasets(path, attrs, {"jets": {"flavour_label": list(names)}}) as append:
        yield append


def write_datasets(
    path: str | Path,
    chunks: Iterable[Rows],
    attrs: Mapping[str, Any],
    dataset_attrs: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write any structured datasets from chunks of their rows; raises as `write_sample`."""
    with _written_datasets(path, attrs, dataset_attrs) as append:
        for chunk in chunks:
            append(chunk)


@contextmanager
def _written_datasets(
    path: str | Path, attrs: Mapping[str, Any], dataset_attrs: Mapping[str, Mapping[str, Any]]
) -> Iterator[Callable[[Rows], None]]:
    with written_hdf5(path) as (file, sink):

        def append(chunk: Rows) -> None:
            for name, rows in chunk.items():
                if name not in file:
                    _create(file, name, rows)
                _append(file[name], rows, Path(path))
            sink.raise_failure()

        yield append
        if not file.keys():
            raise ArgumentError(f"nothing to write to '{path}': no chunk of rows")
        _annotate(file, attrs, Path(path))
        for name, values in dataset_attrs.items():
            _annotate(file[name], values, Path(path))


def _create(file: h5py.File, name: str, rows: np.ndarray) -> None:
    file.create_dataset(
        name,
        shape=(0, *rows.shape[1:]),
        maxshape=(None, *rows.shape[1:]),
        chunks=(CHUNK_ROWS, *rows.shape[1:]),
        dtype=rows.dtype,
        fletcher32=True,
        **hdf5plugin.LZ4(),
    )


def _append(dataset: h5py.Dataset, rows: np.ndarray, path: Path) -> None:
    if rows.dtype != dataset.dtype or rows.shape[1:] != dataset.shape[1:]:
        raise ArgumentError(
            f"'{path}': rows of '{dataset.name[1:]}' have dtype {rows.dtype} and shape {rows.shape[1:]}, "
            f"those before had {dataset.dtype} and {dataset.shape[1:]}"
        )
    before = len(dataset)
    dataset.resize(before + len(rows), axis=0)
    dataset[before:] = rows


def _annotate(node: h5py.HLObject, attrs: Mapping[str, Any], path: Path) -> None:
    for name, value in attrs.items():
        try:
            node.attrs[name] = value
        except TypeError as error:
            raise ArgumentError(
                f"'{path}': attribute '{name}' has type {type(value).__name__}; "
                "allowed are numbers, texts and lists of one kind"
            ) from error
