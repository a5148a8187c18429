"""Pieces of a file that takes long, kept aside until all are there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ndive.data import write_datasets
from ndive.data.hdf5 import opened, read_rows
from ndive.files import NumberedFiles


@dataclass(frozen=True)
class Parts:
    """A hidden directory with a file for each piece that is done; a file is whole or not there."""

    path: Path

    def save(self, number: int, rows: Mapping[str, np.ndarray]) -> None:
        """Keep a piece. **Raises:** `FileAccessError` where the place cannot be written."""
        write_datasets(self._files.path(number), [rows], {}, {})

    def load(self, number: int) -> dict[str, np.ndarray]:
        """A piece that is done. **Raises:** `SampleError` where its file is damaged."""
        with opened(self._files.path(number)) as file:
            return {name: read_rows(node, 0, len(node)) for name, node in file.items()}

    def rows(self) -> Iterator[dict[str, np.ndarray]]:
        """All pieces in order; raises as `load`."""
        return (self.load(number) for number in range(self.n_done()))

    def n_done(self) -> int:
        """How many pieces are done, counted from the first without a gap."""
        return self._files.count()

    def remove(self) -> None:
        """Remove the directory and all in it."""
        self._files.remove()

    @property
    def _files(self) -> NumberedFiles:
        return NumberedFiles(directory=self.path, prefix="part", suffix=".h5")
