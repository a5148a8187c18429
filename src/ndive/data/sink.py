"""HDF5 files that are whole or not there, and that can be closed even on a full disk."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from ndive.files import written_aside


class Sink(io.FileIO):
    """A file to write that keeps its first failure instead of raising it.

    HDF5 cannot close a file whose last writes fail without leaving errors on stderr. Here they seem to
    succeed, and `raise_failure` tells afterwards that they did not.
    """

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of `data`, or nothing more once a write has failed; returns its length."""
        view = memoryview(data).cast("B")
        length = len(view)
        try:
            while self.failure is None and len(view):
                view = view[super().write(view) :]
        except OSError as error:
            self.failure = error
        return length

    def truncate(self, size: int | None = None) -> int:
        """Set the length of the file, as `write` does its bytes."""
        try:
            return super().truncate(size) if self.failure is None else 0
        except OSError as error:
            self.failure = error
            return 0

    def raise_failure(self) -> None:
        """Raise the first failure, if there was one.

        **Raises:** `OSError`.
        """
        if self.failure is not None:
            raise self.failure


@contextmanager
def written_hdf5(path: str | Path) -> Iterator[tuple[h5py.File, Sink]]:
    """Yield an HDF5 file to fill, and its sink, which tells early whether a write failed.

    The file is renamed to `path` when the block ends well, as `written_aside` does it.

    **Raises:** `FileAccessError` where the place cannot be written or the disk is full.
    """
    with written_aside(path) as aside, Sink(aside, "w+") as sink:
        try:
            with h5py.File(sink, "w") as file:
                yield file, sink
        finally:  # what HDF5 says after a failed write is its consequence
            sink.raise_failure()
