"""The targets of a jet."""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float, Int

Array = jax.Array | np.ndarray
"""NumPy as read, JAX once on a device."""

PADDING = -1
"""The label of a jet or a track that is none, or of which nothing is known."""


class Truth(eqx.Module):
    """What a model learns of a jet; with leading axes, of a batch of jets.

    **Attributes:** `flavour` `[...]`, index into the schema's flavours, -1 for a jet of padding; `origin`
    `[..., n]`, index into the schema's origin classes, -1 for padding; `vertex_index` `[..., n]`, equal for
    tracks of one vertex, where negative values match nothing; `hadron_vertex` `[..., 3]` in mm, the decay
    vertex of the labelling hadron, the origin for light jets; `perfect_weights` `[..., n]`, one for the
    tracks of that vertex, else zero.
    """

    flavour: Int[Array, "*batch"]
    origin: Int[Array, "*batch tracks"]
    vertex_index: Int[Array, "*batch tracks"]
    hadron_vertex: Float[Array, "*batch 3"]
    perfect_weights: Float[Array, "*batch tracks"]


def unknown_truth(n_jets: int, n_slots: int) -> Truth:
    """The targets of jets of which nothing is known: labels -1, vertices at the origin, no perfect weight."""
    labels = np.full((n_jets, n_slots), PADDING, np.int32)
    return Truth(
        flavour=np.full(n_jets, PADDING, np.int32),
        origin=labels,
        vertex_index=labels,
        hadron_vertex=np.zeros((n_jets, 3), np.float32),
        perfect_weights=np.zeros((n_jets, n_slots), np.float32),
    )
