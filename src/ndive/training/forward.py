"""A model over a batch of jets: the one place where it is mapped."""

import jax

from ndive.data import Batch
from ndive.models import Model, TaggerOutput, VertexerOutput


def forward(model: Model, batch: Batch) -> TaggerOutput | VertexerOutput:
    """The output of `model` for every jet of `batch`, with the jets as leading axis."""
    truth = batch.truth
    return jax.vmap(lambda jet, weights, vertex: model(jet, weights, vertex))(
        batch.jet, truth.perfect_weights, truth.hadron_vertex
    )
