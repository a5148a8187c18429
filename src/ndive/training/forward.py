"""A model over a batch of jets, as a whole and in its three steps: the one place where it is mapped."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.data import Batch
from ndive.models import NDIVE, Model, Tagger, TaggerOutput, VertexerOutput
from ndive.training.stacking import Blocks, with_slots_needed


def forward(model: Model, batch: Batch) -> TaggerOutput | VertexerOutput:
    """The output of `model` for every jet of `batch`, with the jets as leading axis."""
    truth = batch.truth
    return jax.vmap(lambda jet, weights, vertex: model(jet, weights, vertex))(
        batch.jet, truth.perfect_weights, truth.hadron_vertex
    )


def weighed(vertexer: NDIVE, block: Blocks) -> Float[Array, "jets slots"]:
    """The weights of the tracks of one block, the ghosts' first if there are any, zero behind the needed."""
    n_slots = block.jets.jet.tracks.mask.shape[-1] + vertexer.ghost

    def weigh(jets: Batch) -> Float[Array, "jets slots"]:
        weights = jax.vmap(vertexer.weigh)(jets.jet, jnp.asarray(jets.truth.perfect_weights))
        return jnp.pad(weights, ((0, 0), (0, n_slots - weights.shape[-1])))

    return with_slots_needed(weigh, block)


def fitted(vertexer: NDIVE, batch: Batch, weights: Float[Array, "jets slots"]) -> VertexerOutput:
    """The fit of every jet with its `weights`, as `weighed` gives them."""
    return jax.vmap(vertexer.fit)(batch.jet, weights)


def tagged(tagger: Tagger, batch: Batch, position: Float[Array, "jets 3"] | None) -> TaggerOutput:
    """The logits of every jet, its tracks seen from its `position` too, if there are any; no vertices."""
    return jax.vmap(tagger.tag)(batch.jet, position)


def embedded(
    tagger: Tagger, batch: Batch, position: Float[Array, "jets 3"] | None
) -> tuple[Float[Array, "jets tracks width"], Float[Array, "jets width"]]:
    """What the heads read of every jet, its tracks seen from its `position` too, if there are any."""
    return jax.vmap(tagger.embed)(batch.jet, position)
