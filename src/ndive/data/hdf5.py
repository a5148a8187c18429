"""Reading HDF5: every way in which a file can be unreadable becomes one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import hdf5plugin  # noqa: F401  (registers the LZ4 filter)
import numpy as np

from ndive.errors import NdiveError, SampleError
from ndive.files import reported


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file to read.

    **Raises:** `FileAccessError` where it is missing or not readable, `SampleError` where it is empty,
    truncated, no HDF5 file, or so damaged that h5py fails in the block.
    """
    with reported(path, "read"), path.open("rb") as stream:
        empty = not stream.read(1)
    if empty:
        raise SampleError(f"'{path}' is empty: 0 bytes")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise SampleError(f"'{path}' {_trouble(error)}") from error
    try:
        with file:
            yield file
    except NdiveError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise SampleError(f"'{path}' is damaged: {' '.join(str(error).split())}") from error


def read_rows(dataset: h5py.Dataset, start: int, stop: int) -> np.ndarray:
    """Rows `start` to `stop` of a structured dataset, whole.

    **Raises:** `SampleError` where the bytes are damaged or a compression filter is not there.
    """
    try:
        return dataset[start:stop]
    except OSError as error:
        reason = " ".join(str(error).split())
        raise SampleError(
            f"'{dataset.file.filename}': dataset '{dataset.name[1:]}', rows {start} to {stop - 1} "
            f"cannot be decoded: {reason}"
        ) from error


def _trouble(error: OSError) -> str:
    text = " ".join(str(error).split())
    if "truncated" in text:
        return f"is truncated: {text}"
    if "signature" in text:
        return "is not an HDF5 file"
    return f"cannot be opened as HDF5: {text}"
