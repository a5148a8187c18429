"""A file that HDF5 can always close, even on a full disk."""

import io
from typing import Any


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
