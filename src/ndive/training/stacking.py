"""Batches as blocks of jets with like numbers of tracks, several batches as one array each for one call."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Int

from ndive.data import Batch, first_slots, packed, padded, taken
from ndive.data.truth import Array

SLOT_COUNTS = (6, 10, 15, 25, 40, 60)
"""Track slots that blocks are cut to: each is one more program to compile, and more of them fit closer."""

WORTH_COMPILING = 20_000
"""Jets of a sample from which on the time saved by several programs is more than compiling them takes."""

JETS_A_BLOCK = 48
"""Jets whose arrays stay in the cache of a core, about."""

LANES = 8
"""Numbers that a core computes at once: loops over a multiple of so many jets run faster by a fifth."""

FEWEST_BLOCKS = 4
"""Blocks of a small batch, so that few jets pay for the slots of the one with the most tracks."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How batches are cut: to which numbers of `slots`, in rising order, the last of them all that there are;
    and for how many `devices`.
    """

    slots: tuple[int, ...]
    devices: int = 1


class Blocks(eqx.Module):
    """Jets with like numbers of tracks in blocks of one size; any axes may lead, or one block be alone.

    **Attributes:** `jets`, whose leaves begin with these axes (batches, blocks) and that of the jets;
    `needs` `[batches, blocks]`, index into `slots` of the number of leading slots that hold all tracks of a
    block; `slots`, as in a `Layout`.
    """

    jets: Batch
    needs: Int[Array, "*axes"]
    slots: tuple[int, ...] = eqx.field(static=True)


def slots_for(n_jets: int, n_slots: int) -> tuple[int, ...]:
    """To which numbers of slots to cut a sample of `n_jets` with `n_slots`: to all of them if it is small."""
    fewer = (count for count in SLOT_COUNTS if count < n_slots and n_jets >= WORTH_COMPILING)
    return (*fewer, n_slots)


def stacked(stream: Iterator[Batch], at_once: int, layout: Layout) -> Iterator[tuple[Blocks, int]]:
    """`at_once` batches in blocks, and how many of the batches count.

    The last one repeats a batch to fill up, so that all have one shape.
    """
    while group := list(islice(stream, at_once)):
        blocks = [in_blocks(batch, layout) for batch in group]
        filled = blocks + blocks[-1:] * (at_once - len(group))
        yield jax.tree.map(lambda *leaves: np.stack(leaves), *filled), len(group)


def in_blocks(batch: Batch, layout: Layout) -> Blocks:
    """The jets of one batch in blocks, without the axis of batches; jets of padding come last.

    Blocks are dealt out to the devices there and back, those with the most tracks first, so that all have
    about as much to do; one device's blocks are after the other's.
    """
    n_blocks, size = _blocks(len(batch.truth.flavour), layout)
    filled = packed(padded(batch, n_blocks * size))
    n_tracks = np.asarray(filled.jet.tracks.mask).sum(axis=-1)
    dealt = np.arange(n_blocks)[::-1].reshape(-1, layout.devices)
    dealt[1::2] = dealt[1::2, ::-1].copy()
    rows = np.argsort(n_tracks, kind="stable").reshape(n_blocks, size)[dealt.T.ravel()]
    jets, most = taken(filled, rows), n_tracks[rows].max(axis=-1)
    needs = np.searchsorted(layout.slots, most).astype(np.int32)
    return Blocks(jets=jets, needs=needs, slots=layout.slots)


def _blocks(n_jets: int, layout: Layout) -> tuple[int, int]:
    """How many blocks, as many for each device, of how many jets: with the least padding, near
    `JETS_A_BLOCK`, unless the batch is small.
    """

    def of(size: int) -> int:
        return -(-n_jets // (size * layout.devices)) * layout.devices

    if n_jets < FEWEST_BLOCKS * JETS_A_BLOCK:
        fewest = min(FEWEST_BLOCKS, n_jets) if len(layout.slots) > 1 else 1
        n_blocks = max(of(JETS_A_BLOCK), -(-fewest // layout.devices) * layout.devices)
        return n_blocks, -(-n_jets // n_blocks)
    sizes = (JETS_A_BLOCK + k * LANES for k in (-1, 0, 1, 2))
    return min(((of(size), size) for size in sizes), key=lambda blocks: blocks[0] * blocks[1])


def with_slots_needed(function: Callable[..., Any], block: Blocks, *rest: Any) -> Any:
    """`function(jets, *rest)` of one block alone, its jets cut to the slots that it needs.

    The result must have one shape for all numbers of slots.
    """

    def of_slots(n_slots: int) -> Callable[..., Any]:
        return lambda jets, *others: function(first_slots(jets, n_slots), *others)

    branches = [of_slots(n_slots) for n_slots in block.slots]
    return jax.lax.switch(block.needs, branches, block.jets, *rest)
