"""Jets in an order of chance, however many: dealt out to piles on disk, then each pile shuffled in memory."""

import tempfile
from collections.abc import Iterable, Iterator
from math import ceil
from pathlib import Path

import numpy as np

from ndive.files import reported
from ndive.simulation.task import TaskResult

PILE = 20_000
"""Jets that are in memory at once, in the mean."""


def shuffled(
    parts: Iterable[TaskResult], n_jets: int, directory: Path, generator: np.random.Generator
) -> Iterator[TaskResult]:
    """Yield the `n_jets` jets of all `parts`, one or more, every order being as probable as any other.

    Each jet goes to a pile by chance, and the jets of a pile are put in an order of chance. So the order is a
    function of `generator` and of the order of all jets, not of how they are cut into parts. The piles lie in
    `directory` until the last jet is told.

    **Raises:** `FileAccessError` where the disk is full or the directory cannot be written.
    """
    with reported(directory, "write"), tempfile.TemporaryDirectory(dir=directory) as aside:
        piles = [Path(aside) / f"{number}" for number in range(ceil(n_jets / PILE))]
        for part in parts:
            dealt = generator.integers(len(piles), size=len(part.jets))
            for number, pile in enumerate(piles):
                _add(pile, part.taken(np.flatnonzero(dealt == number)))
        for pile in piles:
            whole = _whole(pile, part)
            yield whole.taken(generator.permutation(len(whole.jets)))


def _add(pile: Path, part: TaskResult) -> None:
    for suffix, rows in ((".jets", part.jets), (".tracks", part.tracks)):
        with pile.with_suffix(suffix).open("ab") as file:
            rows.tofile(file)


def _whole(pile: Path, like: TaskResult) -> TaskResult:
    """All of a pile, in columns as `like` has them."""
    return TaskResult(
        jets=np.fromfile(pile.with_suffix(".jets"), like.jets.dtype),
        tracks=np.fromfile(pile.with_suffix(".tracks"), like.tracks.dtype),
    )
