"""Running a model over a sample: jets in file order, some thousands in memory at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import jax
import numpy as np

from ndive.data import Batch, Sample
from ndive.data.ahead import one_ahead
from ndive.data.truth import unknown_truth
from ndive.errors import ArgumentError
from ndive.evaluation.outputs import arranged, computed, predictions
from ndive.evaluation.predictions import JetTable, Predictions
from ndive.models import Model, ModelConfig, build_model, identity_normalisation
from ndive.training.stacking import slots_for

JETS_AT_ONCE = 4000
"""Jets that are computed together, the more the fewer blocks that are not full; up to four times as many are
in memory: read, computed and put in order."""

Report = Callable[[int], None]
"""Told the number of jets done since it was last called."""

SELECTIONS = {"none": "no selection", "perfect": "perfect selection"}
"""Fits without a network: whose tracks they take, and their names in figures and tables."""

Piece = TypeVar("Piece", JetTable, Predictions)
Maker = Callable[[Sequence[range]], Iterator[Piece]]
"""What makes a piece of the jets in each of some ranges, one piece after the other."""


def predict(
    model: Model,
    sample: Sample,
    rows: range | None = None,
    *,
    n_jets: int | None = None,
    report: Report | None = None,
) -> Predictions:
    """All outputs of `model` on the jets of `sample`, or on those in `rows`.

    A sample that was opened to predict serves every model but those that read the truth. `n_jets`, those of
    the sample unless given, is how many there are to predict in all: many are worth more programs.

    **Raises:** `SampleError` for a row that breaks the layout, `ArgumentError` where a model reads the truth
    and the sample was opened without.
    """
    if model.reads_truth and not sample.has_truth:
        raise ArgumentError("the model reads the truth: open the sample to train, not to predict")

    slots = slots_for(sample.n_jets if n_jets is None else n_jets, sample.n_slots)
    read = partial(_read, sample)
    return _over(sample, rows, _outputs(model, read, slots), report)


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

    def read(rows: range) -> Batch:
        batch = _read(sample, rows)
        truth = batch.truth
        chosen = {"none": batch.jet.tracks.mask, "perfect": truth.perfect_weights}[selection]
        weights = np.asarray(chosen, truth.perfect_weights.dtype)
        return replace(batch, truth=replace(truth, perfect_weights=weights))

    return _over(sample, rows, _outputs(model, read, (sample.n_slots,)), report)


def read_jets(sample: Sample, rows: range | None = None, *, report: Report | None = None) -> JetTable:
    """Kinematics and truth of the jets of `sample`, or of those in `rows`.

    **Raises:** `SampleError` for a row that breaks the layout.
    """
    return _over(sample, rows, partial(one_ahead, lambda some: _jets(_read(sample, some))), report)


def _over(sample: Sample, rows: range | None, make: Maker[Piece], report: Report | None) -> Piece:
    """What `make` gives for a few thousand jets after the other, put together; `rows` are consecutive."""
    asked = range(sample.n_jets) if rows is None else rows
    ranges = [asked[start : start + JETS_AT_ONCE] for start in range(0, len(asked), JETS_AT_ONCE)]
    pieces = []
    for some, piece in zip(ranges, make(ranges), strict=True):
        pieces.append(piece)
        if report:
            report(len(some))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *pieces)


def _outputs(model: Model, read: Callable[[range], Batch], slots: tuple[int, ...]) -> Maker[Predictions]:
    """How `model` is run over jets: the next ones read and the last ones put in order while it computes."""

    def outputs(ranges: Sequence[range]) -> Iterator[Predictions]:
        coming = one_ahead(lambda some: arranged(read(some), JETS_AT_ONCE, slots), ranges)
        done = ((computed(model, jets), jets) for jets in coming)
        return one_ahead(lambda pair: predictions(*pair), done)

    return outputs


def _read(sample: Sample, rows: range) -> Batch:
    """Some jets with their targets, unknown ones where the sample was opened without."""
    if sample.has_truth:
        return sample.read(rows.start, rows.stop)
    jet = sample.read_jets(rows.start, rows.stop)
    return Batch(jet=jet, truth=unknown_truth(*jet.tracks.mask.shape))


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
