"""Streams of batches: shuffled to train, in order to evaluate."""

from collections.abc import Iterator

import numpy as np

from ndive.data.ahead import read_ahead
from ndive.data.batch import Batch, concatenated, padded, taken
from ndive.data.sample import Sample
from ndive.errors import ArgumentError

BLOCK = 256
"""Neighbouring jets that are read at once."""

GROUP = 128
"""Blocks from all over the sample that are mixed in memory, and the measure of that memory."""


def batches(sample: Sample, batch_size: int, *, seed: int, epoch: int) -> Iterator[Batch]:
    """The jets of one epoch in random order, all batches of `batch_size` jets.

    The order is a function of `seed` and `epoch` alone: blocks of 256 jets are permuted over the whole
    sample, and 128 blocks at a time are mixed jet by jet. Jets that fill no batch at the end are left out,
    others in each epoch. Memory does not grow with the sample. A thread reads ahead.

    **Raises:** `ArgumentError` for a negative seed or epoch, or a batch larger than the sample.
    """
    check_batch_size(sample, batch_size)
    if seed < 0 or epoch < 0:
        raise ArgumentError(f"seed {seed}, epoch {epoch}; allowed are 0 and more")
    return _cut(_shuffled(sample, seed, epoch), batch_size)


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
    for batch in read_ahead(sample.read_ranges, ranges):
        yield padded(batch, batch_size), len(batch.truth.flavour)


def _shuffled(sample: Sample, seed: int, epoch: int) -> Iterator[Batch]:
    """The whole sample in random order, a group of blocks at a time."""
    random = np.random.default_rng([seed, epoch])
    starts = random.permutation(np.arange(0, sample.n_jets, BLOCK))
    groups = [
        [_range(sample, int(start), BLOCK) for start in sorted(starts[first : first + GROUP])]
        for first in range(0, len(starts), GROUP)
    ]
    for jets in read_ahead(sample.read_ranges, groups):
        yield taken(jets, random.permutation(len(jets.truth.flavour)))


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
