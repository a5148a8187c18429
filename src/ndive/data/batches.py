"""Streams of batches: shuffled to train, in order to evaluate."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from ndive.data.ahead import one_ahead
from ndive.data.batch import Batch, concatenated, padded, taken
from ndive.data.sample import Ranges, Sample
from ndive.errors import ArgumentError

BLOCK = 256
"""Neighbouring jets that are read at once."""

GROUP = 128
"""Blocks from all over the sample that are mixed in memory, and the measure of that memory."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Blocks that are read together, and which of their jets are taken in which order."""

    blocks: Ranges
    order: np.ndarray


def batches(sample: Sample, batch_size: int, *, seed: int, epoch: int, first: int = 0) -> Iterator[Batch]:
    """The jets of one epoch in random order, all batches of `batch_size` jets, from batch `first` (0) on.

    The order is a function of `seed` and `epoch` alone: blocks of 256 jets are permuted over the whole
    sample, and 128 blocks at a time are mixed jet by jet. Jets that fill no batch at the end are left out,
    others in each epoch. Memory does not grow with the sample. A thread reads ahead; groups that lie wholly
    before `first` are not read.

    **Raises:** `ArgumentError` for a negative seed, epoch or first batch, or a batch larger than the sample.
    """
    check_batch_size(sample, batch_size)
    if min(seed, epoch, first) < 0:
        raise ArgumentError(f"seed {seed}, epoch {epoch}, first batch {first}; allowed are 0 and more")
    return _cut(_shuffled(sample, seed, epoch, first * batch_size), batch_size)


def batch_rows(
    sample: Sample, batch_size: int, *, seed: int, epoch: int, batch: int
) -> Int[np.ndarray, " batch_size"]:
    """The jets of the sample, by number, that `batches` gives in one of its batches, in the order there."""
    rows = np.zeros(0, int)
    groups = _behind(_groups(sample, seed, epoch), batch * batch_size)
    while len(rows) < batch_size:
        group = next(groups)
        read = np.concatenate([np.arange(start, stop) for start, stop in group.blocks])
        rows = np.concatenate([rows, read[group.order]])
    return rows[:batch_size]


def check_batch_size(sample: Sample, batch_size: int) -> None:
    """Refuse a batch that the sample cannot fill.

    **Raises:** `ArgumentError`.
    """
    if not 1 <= batch_size <= sample.n_jets:
        raise ArgumentError(
            f"batch size {batch_size}; allowed is 1 to the {sample.n_jets} jets of the sample"
        )


def sequential_batches(sample: Sample, batch_size: int) -> Iterator[tuple[Batch, int]]:
    """All jets in the order of the files, in batches of `batch_size`, with the number of real jets in each.

    The last batch is filled up with jets without tracks (flavour -1).

    **Raises:** `ArgumentError` for a batch size below 1.
    """
    if batch_size < 1:
        raise ArgumentError(f"batch size {batch_size}; allowed is 1 or more")
    ranges = [[_range(sample, start, batch_size)] for start in range(0, sample.n_jets, batch_size)]
    for batch in one_ahead(sample.read_ranges, ranges):
        yield padded(batch, batch_size), len(batch.truth.flavour)


def _shuffled(sample: Sample, seed: int, epoch: int, skipped: int) -> Iterator[Batch]:
    """The sample in random order, behind its first `skipped` jets, a group of blocks at a time."""

    def read(group: Group) -> Batch:
        return taken(sample.read_ranges(group.blocks), group.order)

    return one_ahead(read, _behind(_groups(sample, seed, epoch), skipped))


def _groups(sample: Sample, seed: int, epoch: int) -> Iterator[Group]:
    """The whole sample in random order, none of it read."""
    random = np.random.default_rng([seed, epoch])
    starts = random.permutation(np.arange(0, sample.n_jets, BLOCK))
    for first in range(0, len(starts), GROUP):
        blocks = [_range(sample, int(start), BLOCK) for start in sorted(starts[first : first + GROUP])]
        yield Group(blocks=blocks, order=random.permutation(sum(stop - start for start, stop in blocks)))


def _behind(groups: Iterator[Group], skipped: int) -> Iterator[Group]:
    """The groups without the first `skipped` jets of them all."""
    for group in groups:
        if skipped < len(group.order):
            yield replace(group, order=group.order[skipped:])
        skipped = max(skipped - len(group.order), 0)


def _cut(pieces: Iterator[Batch], batch_size: int) -> Iterator[Batch]:
    """Batches of one size from pieces of any; what is left at the end is dropped."""
    rest: list[Batch] = []
    for piece in pieces:
        jets = concatenated([*rest, piece])
        whole = len(jets.truth.flavour) // batch_size * batch_size
        for start in range(0, whole, batch_size):
            yield taken(jets, slice(start, start + batch_size))
        rest = [taken(jets, slice(whole, None))]


def _range(sample: Sample, start: int, n_jets: int) -> tuple[int, int]:
    return start, min(start + n_jets, sample.n_jets)
