"""A model over a batch of jets: the one place where it is mapped."""

import jax

from ndive.data import Batch
from ndive.models import NDIVE, Model, TaggerOutput, VertexerOutput


def forward(model: Model, batch: Batch) -> TaggerOutput | VertexerOutput:
    """The output of `model` for every jet of `batch`, with the jets as leading axis."""
    truth = batch.truth
    return jax.vmap(lambda jet, weights, vertex: model(jet, weights, vertex))(
        batch.jet, truth.perfect_weights, truth.hadron_vertex
    )


def vertexer_of(model: Model) -> NDIVE | None:
    """The part of `model` that fits vertices: all of it, the vertexer of a tagger, or none."""
    return model if isinstance(model, NDIVE) else model.vertexer


def tagged(model: Model, batch: Batch, found: VertexerOutput) -> TaggerOutput | VertexerOutput:
    """What `forward` gives where the vertexer of `model` has `found` these vertices."""
    if isinstance(model, NDIVE):
        return found
    return jax.vmap(lambda jet, found: model.tagged(jet, found))(batch.jet, found)
