"""Reading HDF5: every way in which a file can be unreadable becomes one line."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  (registers the LZ4 filter)
import numpy as np
from h5py import h5s, h5t

from ndive.data.heaps import CheckedHeaps
from ndive.errors import NdiveError, SampleError
from ndive.files import reported

USUAL = [
    h5t.py_create(np.dtype(f"{order}{kind}"))
    for order in "<>"
    for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
]
"""Formats of numbers that are read."""


@contextmanager
def opened(
    path: Path, through: Callable[[Path], AbstractContextManager[Path | io.FileIO]] = nullcontext
) -> Iterator[h5py.File]:
    """Open an HDF5 file to read; what `through` makes of its path is given to h5py.

    **Raises:** `FileAccessError` where it is missing or not readable, `SampleError` where it is empty,
    truncated, no HDF5 file, or so damaged that h5py fails in the block.
    """
    with reported(path, "read"), path.open("rb") as stream:
        empty = not stream.read(1)
    if empty:
        raise SampleError(f"'{path}' is empty: 0 bytes")
    with through(path) as source:
        try:
            file = h5py.File(source, "r")
        except OSError as error:
            raise SampleError(f"'{path}' {_trouble(error)}") from error
        try:
            with file:
                yield file
        except NdiveError:
            raise
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise SampleError(f"'{path}' is damaged: {' '.join(str(error).split())}") from error


def attributes_of(path: Path) -> AbstractContextManager[h5py.File]:
    """Open an HDF5 file for its attributes, where HDF5 can be made to hang; raises as `opened`."""
    return opened(path, CheckedHeaps)


def read_rows(dataset: h5py.Dataset, start: int, stop: int) -> np.ndarray:
    """Rows `start` to `stop` of a dataset, whole; raises as `read_ranges`."""
    return next(read_ranges(dataset, [(start, stop)]))


def read_ranges(dataset: h5py.Dataset, ranges: Iterable[tuple[int, int]]) -> Iterator[np.ndarray]:
    """For each range of rows of a dataset these, whole.

    The format of a row in memory is made once; `dataset[start:stop]` makes it anew, which takes longer than
    to read some hundred rows.

    **Raises:** `SampleError` where the bytes are damaged or a compression filter is not there.
    """
    dtype, of_row = dataset.dtype, dataset.shape[1:]
    kind, there = h5t.py_create(dtype), dataset.id.get_space()
    for start, stop in ranges:
        rows = np.empty((stop - start, *of_row), dtype)
        there.select_hyperslab((start, *(0,) * len(of_row)), rows.shape)
        try:
            dataset.id.read(h5s.create_simple(rows.shape), there, rows, kind)
        except OSError as error:
            reason = " ".join(str(error).split())
            raise SampleError(
                f"'{dataset.file.filename}': dataset '{dataset.name[1:]}', rows {start} to {stop - 1} "
                f"cannot be decoded: {reason}"
            ) from error
        yield rows


def odd_fields(dataset: h5py.Dataset) -> list[str]:
    """Fields of a structured dataset whose numbers have a format of their own.

    HDF5 converts such numbers by itself, and can be made to write beyond its memory; so they are never read.
    """
    kinds = dataset.id.get_type()
    names = dataset.dtype.names
    return [name for i, name in enumerate(names) if _is_odd(kinds.get_member_type(i))]


def _is_odd(kind: h5t.TypeID) -> bool:
    """Whether a type holds a number that is neither IEEE 754 nor a two's complement of whole bytes."""
    if isinstance(kind, h5t.TypeCompoundID):
        return any(_is_odd(kind.get_member_type(i)) for i in range(kind.get_nmembers()))
    if isinstance(kind, h5t.TypeEnumID | h5t.TypeArrayID):
        return _is_odd(kind.get_super())
    if isinstance(kind, h5t.TypeFloatID | h5t.TypeIntegerID):
        return not any(kind.equal(usual) for usual in USUAL)
    return False


def _trouble(error: OSError) -> str:
    text = " ".join(str(error).split())
    if "truncated" in text:
        return f"is truncated: {text}"
    if "signature" in text:
        return "is not an HDF5 file"
    return f"cannot be opened as HDF5: {text}"
