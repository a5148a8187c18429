"""A model over a batch of jets, as a whole and in its three steps: the one place where it is mapped."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.data import Batch
from ndive.models import NDIVE, Model, Tagger, TaggerOutput, VertexerOutput


def forward(model: Model, batch: Batch) -> TaggerOutput | VertexerOutput:
    """The output of `model` for every jet of `batch`, with the jets as leading axis."""
    truth = batch.truth
    return jax.vmap(lambda jet, weights, vertex: model(jet, weights, vertex))(
        batch.jet, truth.perfect_weights, truth.hadron_vertex
    )


def weighed(vertexer: NDIVE, batch: Batch, n_slots: int) -> Float[Array, "jets slots"]:
    """The weights of the tracks of every jet, the ghost's first if there is one, zero up to `n_slots`."""
    weights = jax.vmap(vertexer.weigh)(batch.jet, jnp.asarray(batch.truth.perfect_weights))
    return jnp.pad(weights, ((0, 0), (0, n_slots + vertexer.ghost - weights.shape[-1])))


def fitted(vertexer: NDIVE, batch: Batch, weights: Float[Array, "jets slots"]) -> VertexerOutput:
    """The fit of every jet with its `weights`, as `weighed` gives them."""
    return jax.vmap(vertexer.fit)(batch.jet, weights)


def tagged(tagger: Tagger, batch: Batch, position: Float[Array, "jets 3"] | None) -> TaggerOutput:
    """The logits of every jet, its tracks seen from its `position` too, if there are any; no vertices."""
    return jax.vmap(tagger.tag)(batch.jet, position)
