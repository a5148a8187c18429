"""Many jets, one block after the other, so that what is worked on stays in the cache of the processor."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Shaped

BLOCK = 8192
"""Track slots that are worked on together."""


class Division(NamedTuple):
    """How a batch is divided: its longest axis, counted from the end (-1, -2, ...), in `blocks` of `size`."""

    axis: int
    length: int
    blocks: int
    size: int


def division(batch: tuple[int, ...], slots: int, shared: int = 0) -> Division | None:
    """How to divide a batch that has so many track slots in all.

    Over the first `shared` axes lie vertices of the same tracks. Those of a block of jets are fitted one
    after the other, so that all find its tracks in the cache; what they share is computed once.

    Not at all, if the slots are few, or on an accelerator, which is the faster the more it gets at once.
    """
    if slots <= BLOCK or jax.default_backend() != "cpu":
        return None
    axes = range(-len(batch), 0)
    for some, theirs in ((axes[shared:], slots // math.prod(batch[:shared])), (axes[:shared], slots)):
        axis = max(some, key=lambda axis: batch[axis], default=None)
        if axis is None or theirs <= BLOCK:
            continue
        length = batch[axis]
        most = max(1, BLOCK * length // theirs)
        blocks = -(-length // most)
        even = (size for size in range(most, most // 2, -1) if length % size == 0)
        size = next(even, -(-length // blocks))  # blocks that leave nothing over need no filling up
        if blocks > 1:
            return Division(axis, length, -(-length // size), size)
    return None


def in_blocks(
    function: Callable[..., Any], arguments: Any, axes: Sequence[int | None], divided: Division, axis: int
) -> Any:
    """`function(*arguments)`, a block of jets after the other.

    `axes` has the divided axis of each array of the arguments, None where all blocks share it; `axis` is that
    of the results. The last block is filled up with zeros.
    """
    leaves, tree = jax.tree.flatten(arguments)
    parts = [_parts(x, place, divided) for x, place in zip(leaves, axes, strict=True) if place is not None]

    def of_block(block: list[Array]) -> Any:
        own = iter(block)
        whole = [x if place is None else next(own) for x, place in zip(leaves, axes, strict=True)]
        return function(*jax.tree.unflatten(tree, whole))

    return jax.tree.map(lambda x: _joined(x, axis, divided), jax.lax.map(of_block, parts))


def _parts(x: Shaped[Array, "..."], axis: int, divided: Division) -> Shaped[Array, "blocks ..."]:
    missing = divided.blocks * divided.size - divided.length
    if missing:
        x = jnp.pad(x, [(0, missing if place == axis else 0) for place in range(x.ndim)])
    x = x.reshape(*x.shape[:axis], divided.blocks, divided.size, *x.shape[axis + 1 :])
    return jnp.moveaxis(x, axis, 0)


def _joined(x: Shaped[Array, "blocks ..."], axis: int, divided: Division) -> Shaped[Array, "..."]:
    axis %= x.ndim - 1
    x = jnp.moveaxis(x, 0, axis)
    x = x.reshape(*x.shape[:axis], -1, *x.shape[axis + 2 :])
    return jax.lax.slice_in_dim(x, 0, divided.length, axis=axis)
