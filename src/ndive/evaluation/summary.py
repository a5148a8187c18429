"""The numbers by which a model is judged: what `demo` prints and the report opens with."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ndive.evaluation.binomial import binomial_error
from ndive.evaluation.discriminant import b_discriminant
from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions
from ndive.evaluation.rejection import Roc, Scores, area_under_roc, rejection_ratio, roc
from ndive.evaluation.resolution import central_half_width, vertex_residuals
from ndive.evaluation.selection import Mean, mean_efficiency, mean_purity, selection_counts
from ndive.schema import load_schema

WORKING_POINTS = np.array([0.6, 0.7, 0.8])
"""b efficiencies of the table of rejections."""

SIGNAL = "bjets"

Probabilities = Float[np.ndarray, "jets 3"]
"""Of b, c and light, a row a jet."""


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """Rejection of one background, or a ratio of two, at one b efficiency; infinite if no jet is left."""

    background: str
    efficiency: float
    value: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """How well the flavour is told.

    `area` is that under the ROC curve of b against each background; `accuracy` the share of jets whose most
    probable flavour is the true one.
    """

    rejections: tuple[Rejection, ...]
    area: dict[str, float]
    accuracy: float
    accuracy_error: float


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
    """One model on one sample; `None` or empty where the model has no such output."""

    name: str
    n_jets: dict[str, int]
    tagging: Tagging | None
    selection: tuple[Selection, ...]
    resolution: tuple[Resolution, ...]


def summarise(name: str, predictions: Predictions, jets: JetTable) -> Summary:
    """All numbers of the model called `name`."""
    flavours = flavour_masks(jets)
    vertices = predictions.vertices
    return Summary(
        name=name,
        n_jets={flavour: int(mask.sum()) for flavour, mask in flavours.items()},
        tagging=None if predictions.flavour is None else _tagging(predictions.flavour, jets),
        selection=() if vertices is None else _selections(vertices, jets),
        resolution=() if vertices is None else resolutions(vertices, jets),
    )


def flavour_masks(jets: JetTable) -> dict[str, Bool[np.ndarray, " jets"]]:
    """The jets of each flavour, by its name in the schema."""
    return {flavour: jets.flavour == label for label, flavour in enumerate(load_schema().class_names)}


def scores_against(flavour: Probabilities, jets: JetTable, background: str) -> Scores:
    """D_b of the b jets and of the jets of one background flavour, from the probabilities of all jets."""
    flavours = flavour_masks(jets)
    score = b_discriminant(flavour)
    return Scores(signal=score[flavours[SIGNAL]], background=score[flavours[background]])


def backgrounds() -> tuple[str, ...]:
    """The flavours to be rejected, light first."""
    return tuple(name for name in reversed(load_schema().class_names) if name != SIGNAL)


def compared(one: Probabilities, other: Probabilities, jets: JetTable) -> tuple[Rejection, ...]:
    """Rejections by the flavour probabilities of `one` over those of `other`, at the working points."""
    ratios = (
        (
            background,
            rejection_ratio(
                scores_against(one, jets, background), scores_against(other, jets, background), WORKING_POINTS
            ),
        )
        for background in backgrounds()
    )
    return tuple(point for background, curve in ratios for point in _table(background, curve))


def resolutions(vertices: FittedVertices, jets: JetTable) -> tuple[Resolution, ...]:
    """The resolution for each flavour."""
    return tuple(_resolution(name, vertices, jets, mask) for name, mask in flavour_masks(jets).items())


def _tagging(flavour: Probabilities, jets: JetTable) -> Tagging:
    scores = {background: scores_against(flavour, jets, background) for background in backgrounds()}
    right = flavour.argmax(axis=-1) == jets.flavour
    accuracy = float(right.mean()) if len(right) else float("nan")
    return Tagging(
        rejections=tuple(
            point for name, pair in scores.items() for point in _table(name, roc(pair, WORKING_POINTS))
        ),
        area={name: area_under_roc(pair) for name, pair in scores.items()},
        accuracy=accuracy,
        accuracy_error=binomial_error(accuracy, len(right)),
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
        for name, mask in flavour_masks(jets).items()
        if name != backgrounds()[0]
    )


def _resolution(
    flavour: str, vertices: FittedVertices, jets: JetTable, chosen: Bool[np.ndarray, " jets"]
) -> Resolution:
    found = vertex_residuals(vertices, jets, chosen)
    distance = found.distance
    count = len(distance)
    return Resolution(
        flavour=flavour,
        n_jets=found.n_jets,
        valid_fraction=found.valid_fraction,
        mean_distance=float(distance.mean()) if count else float("nan"),
        mean_distance_error=float(distance.std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan"),
        median_distance=float(np.median(distance)) if count else float("nan"),
        half_width=_triple(central_half_width(found.residual)),
        pull_width=_triple(central_half_width(found.pull)),
        sandwich_pull_width=_triple(central_half_width(found.sandwich_pull)),
    )


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
