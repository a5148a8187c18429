"""Results of finished tasks, kept aside until the sample is whole."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ndive.errors import SimulationError
from ndive.files import NumberedFiles, reported, written_aside
from ndive.simulation.task import TaskResult


@dataclass(frozen=True)
class Store:
    """A hidden directory with a file for each finished task; a file is whole or not there."""

    path: Path

    def save(self, task: int, result: TaskResult) -> None:
        """Keep the result of a task. **Raises:** `FileAccessError` where the disk is full or read-only."""
        with written_aside(self._files.path(task)) as aside, aside.open("wb") as file:
            np.savez(file, jets=result.jets, tracks=result.tracks)

    def jets(self, task: int) -> np.ndarray:
        """The jets of a finished task. **Raises:** `SimulationError` where its file is damaged."""
        with self._opened(task) as file:
            return file["jets"]

    def load(self, task: int) -> TaskResult:
        """The result of a finished task. **Raises:** `SimulationError` where its file is damaged."""
        with self._opened(task) as file:
            return TaskResult(jets=file["jets"], tracks=file["tracks"])

    def n_finished(self) -> int:
        """How many tasks are finished, counted from the first without a gap."""
        return self._files.count()

    def remove(self) -> None:
        """Remove the directory and all in it."""
        self._files.remove()

    @contextmanager
    def _opened(self, task: int) -> Iterator[np.lib.npyio.NpzFile]:
        path = self._files.path(task)
        try:
            with reported(path, "read"), path.open("rb") as content, np.load(content) as file:
                yield file
        except (BadZipFile, KeyError, ValueError, zlib.error) as error:
            raise SimulationError(f"'{path}' is damaged: remove '{self.path}' to start anew") from error

    @property
    def _files(self) -> NumberedFiles:
        return NumberedFiles(directory=self.path, prefix="task", suffix=".npz")
