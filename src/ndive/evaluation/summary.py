"""The numbers by which a model is judged: what `demo` prints and the report opens with."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ndive.evaluation.binning import Measurement, measurements
from ndive.evaluation.binomial import binomial_error
from ndive.evaluation.calibration import expected_calibration_error
from ndive.evaluation.discriminant import B_TAG, TAGS, Tag, Tags
from ndive.evaluation.ellipsoids import ErrorFactor, error_factors
from ndive.evaluation.mean import Mean, mean_of, width_of
from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions
from ndive.evaluation.quantities import quantities
from ndive.evaluation.rejection import Roc, Scores, area_under_roc, rejection_ratio, roc
from ndive.evaluation.resolution import vertex_residuals
from ndive.evaluation.selection import mean_efficiency, mean_purity, selection_counts
from ndive.schema import load_schema

SIGNAL = B_TAG.signal
LIGHT = B_TAG.backgrounds[0]

Probabilities = Float[np.ndarray, "jets 3"]
"""Of b, c and light, a row a jet."""


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """Rejection of one background, or a ratio of two, at one efficiency; infinite if no jet is left."""

    background: str
    efficiency: float
    value: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """How well the flavour is told.

    `rejections` are those of the b-tag, `c_rejections` those of the c-tag. `area` is that under the ROC curve
    of b against each background; `accuracy` the share of jets whose most probable flavour is the true one;
    `calibration_error` the expected one (ECE) of the most probable flavour.
    """

    rejections: tuple[Rejection, ...]
    c_rejections: tuple[Rejection, ...]
    area: dict[str, float]
    accuracy: float
    accuracy_error: float
    calibration_error: float


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Per-jet means of the track selection by weight, on the jets of one flavour that have decay tracks."""

    flavour: str
    efficiency: Mean
    purity: Mean


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """The fitted vertex against the true one, on jets of one flavour with two tracks from that vertex.

    Distances and half widths (central 68 % interval, over x, y, z) in mm. Pull widths are the same of
    residual / sigma, with the covariance of the fit and with the sandwich covariance.
    """

    flavour: str
    n_jets: int
    valid_fraction: float
    mean_distance: float
    mean_distance_error: float
    median_distance: float
    half_width: tuple[float, float, float]
    pull_width: tuple[float, float, float]
    sandwich_pull_width: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One model on one sample; `None` or empty where the model has no such output.

    `error_factors` are those for other jets. `measurements` are all figures of merit by flavour and of all,
    over all jets and in bins.
    """

    name: str
    n_jets: dict[str, int]
    tagging: Tagging | None
    selection: tuple[Selection, ...]
    resolution: tuple[Resolution, ...]
    error_factors: tuple[ErrorFactor, ...]
    measurements: tuple[Measurement, ...]


def summarise(name: str, predictions: Predictions, jets: JetTable, tags: Tags = TAGS) -> Summary:
    """All numbers of the model called `name`."""
    flavours = flavour_masks(jets)
    vertices = predictions.vertices
    return Summary(
        name=name,
        n_jets={flavour: int(mask.sum()) for flavour, mask in flavours.items()},
        tagging=None if predictions.flavour is None else _tagging(predictions.flavour, jets, tags),
        selection=() if vertices is None else _selections(vertices, jets),
        resolution=() if vertices is None else resolutions(vertices, jets),
        error_factors=error_factors(predictions, jets),
        measurements=measurements(quantities(predictions, jets, tags), jets),
    )


def flavour_masks(jets: JetTable) -> dict[str, Bool[np.ndarray, " jets"]]:
    """The jets of each flavour, by its name in the schema."""
    return {flavour: jets.flavour == label for label, flavour in enumerate(load_schema().class_names)}


def heavy_masks(jets: JetTable) -> dict[str, Bool[np.ndarray, " jets"]]:
    """The same of the flavours whose hadron flies before it decays: b and c."""
    return {flavour: mask for flavour, mask in flavour_masks(jets).items() if flavour != LIGHT}


def scores_against(flavour: Probabilities, jets: JetTable, background: str, tag: Tag = B_TAG) -> Scores:
    """The tag's score of its signal and of the jets of one background, from the probabilities of all jets."""
    flavours = flavour_masks(jets)
    score = tag.score(flavour)
    return Scores(signal=score[flavours[tag.signal]], background=score[flavours[background]])


def compared(
    one: Probabilities, other: Probabilities, jets: JetTable, tag: Tag = B_TAG
) -> tuple[Rejection, ...]:
    """Rejections by the flavour probabilities of `one` over those of `other`, at the working points."""
    ratios = (
        (
            background,
            rejection_ratio(
                scores_against(one, jets, background, tag),
                scores_against(other, jets, background, tag),
                np.array(tag.points),
            ),
        )
        for background in tag.backgrounds
    )
    return tuple(point for background, curve in ratios for point in _table(background, curve))


def resolutions(vertices: FittedVertices, jets: JetTable) -> tuple[Resolution, ...]:
    """The resolution for each flavour."""
    return tuple(_resolution(name, vertices, jets, mask) for name, mask in flavour_masks(jets).items())


def _tagging(flavour: Probabilities, jets: JetTable, tags: Tags) -> Tagging:
    b_tag, c_tag = tags
    b_scores, c_scores = (
        {background: scores_against(flavour, jets, background, tag) for background in tag.backgrounds}
        for tag in tags
    )
    right = flavour.argmax(axis=-1) == jets.flavour
    accuracy = float(right.mean()) if len(right) else float("nan")
    return Tagging(
        rejections=_rejections(b_scores, b_tag),
        c_rejections=_rejections(c_scores, c_tag),
        area={background: area_under_roc(pair) for background, pair in b_scores.items()},
        accuracy=accuracy,
        accuracy_error=binomial_error(accuracy, len(right)),
        calibration_error=expected_calibration_error(flavour, jets.flavour),
    )


def _rejections(scores: Mapping[str, Scores], tag: Tag) -> tuple[Rejection, ...]:
    return tuple(
        point
        for background, pair in scores.items()
        for point in _table(background, roc(pair, np.array(tag.points)))
    )


def _table(background: str, curve: Roc) -> list[Rejection]:
    points = zip(curve.efficiency, curve.rejection, curve.error, strict=True)
    return [
        Rejection(background=background, efficiency=float(at), value=float(value), error=float(error))
        for at, value, error in points
    ]


def _selections(vertices: FittedVertices, jets: JetTable) -> tuple[Selection, ...]:
    counts = selection_counts(vertices.track_weights, jets.real, jets.decay)
    return tuple(
        Selection(
            flavour=name, efficiency=mean_efficiency(counts.of(mask)), purity=mean_purity(counts.of(mask))
        )
        for name, mask in heavy_masks(jets).items()
    )


def _resolution(
    flavour: str, vertices: FittedVertices, jets: JetTable, chosen: Bool[np.ndarray, " jets"]
) -> Resolution:
    found = vertex_residuals(vertices, jets, chosen)
    distance = mean_of(found.distance)
    return Resolution(
        flavour=flavour,
        n_jets=found.n_jets,
        valid_fraction=found.valid_fraction,
        mean_distance=distance.value,
        mean_distance_error=distance.error,
        median_distance=float(np.median(found.distance)) if distance.count else float("nan"),
        half_width=_widths(found.residual),
        pull_width=_widths(found.pull),
        sandwich_pull_width=_widths(found.sandwich_pull),
    )


def _widths(values: Float[np.ndarray, "fits 3"]) -> tuple[float, float, float]:
    x, y, z = (width_of(column).value for column in values.T)
    return x, y, z
