"""Running a model over a sample: jets in file order, one batch in memory at a time."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool
from scipy.special import softmax

from ndive.data import Batch, Sample
from ndive.data.ahead import read_ahead
from ndive.data.batch import padded
from ndive.data.truth import unknown_truth
from ndive.errors import ArgumentError
from ndive.evaluation.grouping import vertex_indices
from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions
from ndive.models import (
    Model,
    ModelConfig,
    TaggerOutput,
    VertexerOutput,
    build_model,
    identity_normalisation,
)
from ndive.training import forward

BATCH_SIZE = 1000

_forward = eqx.filter_jit(forward)

Report = Callable[[int], None]
"""Told the number of jets done since it was last called."""

SELECTIONS = {"none": "no selection", "perfect": "perfect selection"}
"""Fits without a network: whose tracks they take, and their names in figures and tables."""

Piece = TypeVar("Piece", JetTable, Predictions)


def predict(
    model: Model, sample: Sample, rows: range | None = None, *, report: Report | None = None
) -> Predictions:
    """All outputs of `model` on the jets of `sample`, or on those in `rows`.

    A sample that was opened to predict serves every model but those that read the truth.

    **Raises:** `SampleError` for a row that breaks the layout, `ArgumentError` where a model reads the truth
    and the sample was opened without.
    """
    if model.reads_truth and not sample.has_truth:
        raise ArgumentError("the model reads the truth: open the sample to train, not to predict")

    return _over(sample, rows, partial(_outputs, model), report)


def fit_selected(
    selection: str, sample: Sample, rows: range | None = None, *, report: Report | None = None
) -> Predictions:
    """Vertices without a network: of all tracks (`none`) or of the true ones (`perfect`), weights of one.

    Both are one program, for which the compiler needs its time once.

    **Raises:** `SampleError` for a row that breaks the layout, `ArgumentError` where the true ones are asked
    for and the sample was opened without the truth.
    """
    if selection == "perfect" and not sample.has_truth:
        raise ArgumentError("the true tracks are asked for: open the sample to train, not to predict")
    config = ModelConfig(model="NDIVE", activation="perfect", ghost=False)
    model = build_model(config, identity_normalisation(), key=jax.random.key(0))

    def outputs(batch: Batch) -> Predictions:
        truth = batch.truth
        chosen = {"none": batch.jet.tracks.mask, "perfect": truth.perfect_weights}[selection]
        weights = np.asarray(chosen, truth.perfect_weights.dtype)
        return _outputs(model, replace(batch, truth=replace(truth, perfect_weights=weights)))

    return _over(sample, rows, outputs, report)


def read_jets(sample: Sample, rows: range | None = None, *, report: Report | None = None) -> JetTable:
    """Kinematics and truth of the jets of `sample`, or of those in `rows`.

    **Raises:** `SampleError` for a row that breaks the layout.
    """
    return _over(sample, rows, _jets, report)


def _over(sample: Sample, rows: range | None, of: Callable[[Batch], Piece], report: Report | None) -> Piece:
    """What `of` makes of each batch, put together; the jets that fill up the last batch are dropped."""
    asked = range(sample.n_jets) if rows is None else rows
    ranges = [(start, min(start + BATCH_SIZE, asked.stop)) for start in asked[::BATCH_SIZE]]
    pieces = []
    for batch in read_ahead(partial(_read, sample), ranges):
        pieces.append(of(padded(batch, BATCH_SIZE)))
        if report:
            report(len(batch.truth.flavour))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[: len(asked)], *pieces)


def _read(sample: Sample, rows: tuple[int, int]) -> Batch:
    """Some jets with their targets, unknown ones where the sample was opened without."""
    if sample.has_truth:
        return sample.read(*rows)
    jet = sample.read_jets(*rows)
    return Batch(jet=jet, truth=unknown_truth(*jet.tracks.mask.shape))


def _outputs(model: Model, batch: Batch) -> Predictions:
    return _predictions(_forward(model, batch), np.asarray(batch.jet.tracks.mask))


def _predictions(output: VertexerOutput | TaggerOutput, real: Bool[np.ndarray, "jets slots"]) -> Predictions:
    """The outputs of one batch as NumPy arrays."""
    if isinstance(output, VertexerOutput):
        return Predictions(flavour=None, origin=None, vertex_index=None, vertices=_vertices(output))
    return Predictions(
        flavour=softmax(np.asarray(output.flavour_logits), axis=-1),
        origin=softmax(np.asarray(output.origin_logits), axis=-1),
        vertex_index=vertex_indices(np.asarray(output.pairing_logits), real),
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
        iterations=np.asarray(vertex.iterations),
        status=np.asarray(vertex.status),
        valid=np.asarray(vertex.valid),
        track_weights=np.asarray(weights),
        ghost_weight=None if output.ghost_weight is None else np.asarray(output.ghost_weight),
    )


def _jets(batch: Batch) -> JetTable:
    return JetTable(
        flavour=np.asarray(batch.truth.flavour),
        pt=np.asarray(batch.jet.pt),
        eta=np.asarray(batch.jet.eta),
        hadron_vertex=np.asarray(batch.truth.hadron_vertex),
        origin=np.asarray(batch.truth.origin),
        vertex_index=np.asarray(batch.truth.vertex_index),
        perfect_weights=np.asarray(batch.truth.perfect_weights),
    )
