"""Batches as blocks of jets with like numbers of tracks, several batches as one array each for one call."""

from collections.abc import Iterator
from itertools import islice

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Int

from ndive.data import Batch, by_tracks, padded
from ndive.data.truth import Array

SLOT_COUNTS = (5, 8, 15, 25, 40, 60)
"""Track slots that blocks are cut to: each is one more program to compile, and more of them fit closer."""

JETS_A_BLOCK = 100
"""Jets whose arrays stay in the cache of a core, about."""

FEWEST_BLOCKS = 4
"""Blocks of a small batch, so that few jets pay for the slots of the one with the most tracks."""


class Blocks(eqx.Module):
    """Batches, each sorted by the number of tracks and cut into blocks of one size.

    **Attributes:** `jets`, whose leaves begin with the axes batches, blocks and jets; `slots`
    `[batches, blocks]`, index into `slot_counts` of the number of leading slots that hold all tracks of a
    block.
    """

    jets: Batch
    slots: Int[Array, "*axes"]


def slot_counts(n_slots: int) -> tuple[int, ...]:
    """The numbers of slots that jets of `n_slots` are cut to, in rising order."""
    return (*(count for count in SLOT_COUNTS if count < n_slots), n_slots)


def stacked(stream: Iterator[Batch], at_once: int) -> Iterator[tuple[Blocks, int]]:
    """`at_once` batches in blocks, and how many of them count.

    The last one repeats a batch to fill up, so that all have one shape.
    """
    while group := list(islice(stream, at_once)):
        blocks = [in_blocks(batch) for batch in group]
        filled = blocks + blocks[-1:] * (at_once - len(group))
        yield jax.tree.map(lambda *leaves: np.stack(leaves), *filled), len(group)


def in_blocks(batch: Batch) -> Blocks:
    """The jets of one batch in blocks, without the axis of batches; jets of padding fill the first block."""
    n_jets, n_slots = batch.jet.tracks.mask.shape
    counts = slot_counts(n_slots)
    n_blocks = max(-(-n_jets // JETS_A_BLOCK), min(FEWEST_BLOCKS, n_jets) if len(counts) > 1 else 1)
    size = -(-n_jets // n_blocks)
    filled = by_tracks(padded(batch, n_blocks * size))
    jets = jax.tree.map(lambda leaf: leaf.reshape(n_blocks, size, *leaf.shape[1:]), filled)
    most = jets.jet.tracks.mask.sum(axis=-1).max(axis=-1)
    return Blocks(jets=jets, slots=np.searchsorted(counts, most).astype(np.int32))
