"""Running a model over a sample: jets in file order, one batch in memory at a time."""

from collections.abc import Callable
from typing import TypeVar

import equinox as eqx
import jax
import numpy as np
from scipy.special import softmax

from ndive.data import Batch, Sample, sequential_batches
from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions
from ndive.models import Model, ModelConfig, TaggerOutput, VertexerOutput, build_model, identity_normalisation
from ndive.training import forward

BATCH_SIZE = 1000

_forward = eqx.filter_jit(forward)

Report = Callable[[int], None]
"""Told the number of jets done since it was last called."""

SELECTIONS = {"none": "no selection", "perfect": "perfect selection"}
"""Fits without a network: the activation of their weights, and their names in figures and tables."""

Piece = TypeVar("Piece", JetTable, Predictions)


def predict(model: Model, sample: Sample, *, report: Report | None = None) -> Predictions:
    """All outputs of `model` on the jets of `sample`.

    **Raises:** `SampleError` for a row that breaks the layout.
    """
    return _over(sample, lambda batch: _predictions(_forward(model, batch)), report)


def read_jets(sample: Sample, *, report: Report | None = None) -> JetTable:
    """Kinematics and truth of the jets of `sample`.

    **Raises:** `SampleError` for a row that breaks the layout.
    """
    return _over(sample, _jets, report)


def reference_model(activation: str) -> Model:
    """The fit without a network: all tracks (`none`) or the true ones (`perfect`)."""
    config = ModelConfig(model="NDIVE", activation=activation, ghost=False)
    return build_model(config, identity_normalisation(), key=jax.random.key(0))


def _over(sample: Sample, of: Callable[[Batch], Piece], report: Report | None) -> Piece:
    """What `of` makes of each batch, put together; the jets that fill up the last batch are dropped."""
    pieces = []
    for batch, real in sequential_batches(sample, BATCH_SIZE):
        pieces.append(of(batch))
        if report:
            report(real)
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[: sample.n_jets], *pieces)


def _predictions(output: VertexerOutput | TaggerOutput) -> Predictions:
    """The outputs of one batch as NumPy arrays."""
    if isinstance(output, VertexerOutput):
        return Predictions(flavour=None, origin=None, vertices=_vertices(output))
    return Predictions(
        flavour=softmax(np.asarray(output.flavour_logits), axis=-1),
        origin=softmax(np.asarray(output.origin_logits), axis=-1),
        vertices=_vertices(output),
    )


def _vertices(output: VertexerOutput | TaggerOutput) -> FittedVertices | None:
    vertex, weights = output.vertex, output.weights
    if vertex is None or weights is None:
        return None
    return FittedVertices(
        position=np.asarray(vertex.position),
        covariance=np.asarray(vertex.covariance),
        sandwich_covariance=np.asarray(vertex.sandwich_covariance),
        chi2=np.asarray(vertex.chi2),
        ndf=np.asarray(vertex.ndf),
        status=np.asarray(vertex.status),
        valid=np.asarray(vertex.valid),
        track_weights=np.asarray(weights),
    )


def _jets(batch: Batch) -> JetTable:
    return JetTable(
        flavour=np.asarray(batch.truth.flavour),
        pt=np.asarray(batch.jet.pt),
        eta=np.asarray(batch.jet.eta),
        hadron_vertex=np.asarray(batch.truth.hadron_vertex),
        origin=np.asarray(batch.truth.origin),
        perfect_weights=np.asarray(batch.truth.perfect_weights),
    )
