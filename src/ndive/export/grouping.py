"""Tracks joined to vertices by what is said of their pairs, as a part of an exported program."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

NO_TRACK = -1


def vertex_indices(pairing: Float[Array, "b n n"], real: Bool[Array, "b n"]) -> Int[Array, "b n"]:
    """The vertex of each track, numbered from 0 by first track; as `ndive.evaluation.grouping` has it.

    `pairing` are logits of "same vertex"; a pair is joined where the mean of its two is above 0, and tracks
    that a chain of pairs joins share a vertex. Empty slots have -1.
    """
    slots = jnp.arange(real.shape[-1])
    both = real[:, :, None] & real[:, None, :]
    joined = (pairing + jnp.swapaxes(pairing, -1, -2) > 0) & both
    joined = joined | (slots[:, None] == slots)
    first = _first_of_chain(joined, jnp.broadcast_to(slots, real.shape))
    opens = real & (first == slots)
    number = jnp.sum(opens[:, None, :] & (slots < first[:, :, None]), axis=-1)
    return jnp.where(real, number, NO_TRACK)


def _first_of_chain(joined: Bool[Array, "b n n"], slots: Int[Array, "b n"]) -> Int[Array, "b n"]:
    """The lowest slot to which a chain of pairs leads: the lowest of the neighbours', until none changes."""

    def lowest(label: Int[Array, "b n"]) -> Int[Array, "b n"]:
        return jnp.min(jnp.where(joined, label[:, None, :], joined.shape[-1]), axis=-1)

    _, label = jax.lax.while_loop(
        lambda labels: jnp.any(labels[0] != labels[1]),
        lambda labels: (labels[1], lowest(labels[1])),
        (slots, lowest(slots)),
    )
    return label
