"""Every figure of merit jet by jet, so that it can be taken over any jets and in any bins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy.stats import chi2 as chi2_distribution

from ndive.evaluation.discriminant import TAGS, Tag, Tags
from ndive.evaluation.ellipsoids import (
    LEVELS,
    cross_factors,
    inside,
    percent,
    predicted_flavours,
    scaled_distance,
)
from ndive.evaluation.partition import (
    PairCounts,
    adjusted_rand_index,
    one_sided_rand_index,
    pair_counts,
    pair_f1,
    rand_index,
)
from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions
from ndive.evaluation.resolution import (
    AXES,
    mahalanobis,
    pulls,
    relative_chi2,
    scaled_covariance,
    vertex_residuals,
)
from ndive.evaluation.selection import CLEAN, contamination, selection_counts
from ndive.evaluation.vertexing import VertexCounts, vertex_counts
from ndive.schema import load_schema

WORKING_POINT = 0.7
"""Efficiency for the signal of the whole sample at which a tag is cut in bins."""

SMALL_PROBABILITY = 0.05

SHORTEST_FLIGHT = 1.0
"""mm; a distance is divided by the decay length, or by this where it is shorter."""


@dataclass(frozen=True, kw_only=True)
class Fraction:
    """Counts of each jet, or yes and no, to be pooled: sum of `part` over sum of `whole`."""

    part: Shaped[np.ndarray, " jets"]
    whole: Shaped[np.ndarray, " jets"]


@dataclass(frozen=True, kw_only=True)
class Values:
    """A number of each jet, to be averaged; NaN where a jet has none."""

    value: Float[np.ndarray, " jets"]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A number of each jet, of which half of the central 68 % interval is taken; NaN where a jet has none."""

    value: Float[np.ndarray, " jets"]


BLOCK = 10_000
"""Jets whose pairs of tracks are counted at a time."""

Counts = TypeVar("Counts", VertexCounts, PairCounts)

Quantity = Fraction | Values | Spread


def quantities(predictions: Predictions, jets: JetTable, tags: Tags = TAGS) -> dict[str, Quantity]:
    """All that the model gives, by name; units are in the name, where there are any."""
    found: dict[str, Quantity] = {}
    if predictions.flavour is not None:
        found |= _tagging(predictions.flavour, jets, tags)
    if predictions.vertex_index is not None and predictions.origin is not None:
        found |= _grouping(predictions.vertex_index, predictions.origin, jets)
    if predictions.vertices is not None:
        found |= _selection(predictions.vertices, jets)
        found |= vertex_quantities(
            predictions.vertices, jets, predicted_flavours(predictions, len(jets.flavour))
        )
    return found


def vertex_quantities(
    vertices: FittedVertices, jets: JetTable, predicted: Int[np.ndarray, " jets"] | None = None
) -> dict[str, Quantity]:
    """Distances and widths (mm), pulls, coverage and chi2, in jets with two tracks from the true vertex.

    Calibrated ellipsoids alone are those of all valid fits: `predicted` is the flavour within which they are
    calibrated, one for all where it is not given.
    """
    asked = jets.has_vertex
    fitted = asked & vertices.valid
    residual = np.asarray(vertices.position, float) - jets.hadron_vertex
    along = np.abs(np.einsum("ji,ji->j", residual, jets.flight))
    lengths = {
        "distance_mm": np.linalg.norm(residual, axis=-1),
        "transverse_distance_mm": np.linalg.norm(residual[:, :2], axis=-1),
        "distance_along_flight_mm": np.where(jets.decay_length > 0, along, np.nan),
        "distance_over_decay_length": np.linalg.norm(residual, axis=-1)
        / np.where(jets.decay_length > 0, np.maximum(jets.decay_length, SHORTEST_FLIGHT), np.nan),
    }
    found: dict[str, Quantity] = {
        name: Values(value=np.where(fitted, value, np.nan)) for name, value in lengths.items()
    }
    found["valid_fits"] = _share(fitted, asked)
    scaled = scaled_distance(vertices, jets)
    found |= _coverage(vertices, residual, fitted, scaled)
    found |= _calibrated_coverage(scaled, np.zeros(len(fitted), int) if predicted is None else predicted)
    found |= _widths(vertices, jets)
    probability = chi2_probability(vertices, jets.real)
    counted = fitted & np.isfinite(probability)
    found["chi2_probability"] = Values(value=np.where(counted, probability, np.nan))
    found["chi2_probability_below_5_percent"] = _share(counted & (probability < SMALL_PROBABILITY), counted)
    return found


def _coverage(
    vertices: FittedVertices,
    residual: Float[np.ndarray, "jets 3"],
    fitted: Bool[np.ndarray, " jets"],
    scaled: Float[np.ndarray, " jets"],
) -> dict[str, Quantity]:
    """Whether the ellipsoids of the `fitted` jets hold the true vertex, by each covariance of the fit."""
    distances = {
        "": mahalanobis(residual, vertices.covariance),
        "sandwich_": mahalanobis(residual, vertices.sandwich_covariance),
        "scaled_": scaled,
    }
    found: dict[str, Quantity] = {}
    for which, squared in distances.items():
        usable = fitted & np.isfinite(squared)
        for level in LEVELS:
            found[f"{which}coverage_{percent(level)}"] = _share(usable & inside(squared, level), usable)
    return found


def _calibrated_coverage(
    scaled: Float[np.ndarray, " jets"], kinds: Int[np.ndarray, " jets"]
) -> dict[str, Quantity]:
    """The same of all valid fits, each half of the jets by the factors of the other."""
    found: dict[str, Quantity] = {}
    for level in LEVELS:
        factors = cross_factors(scaled, kinds, level)
        usable = np.isfinite(scaled) & np.isfinite(factors)
        held = usable & inside(scaled, level, factors)
        found[f"calibrated_coverage_{percent(level)}"] = _share(held, usable)
    return found


def _widths(vertices: FittedVertices, jets: JetTable) -> dict[str, Quantity]:
    """Residuals (mm) and pulls in x, y and z, by the fit's covariance, the sandwich and the scaled one.

    Those by the sandwich covariance also of the fits with a clean selection alone, whose share is told.
    """
    found = vertex_residuals(vertices, jets, np.ones(len(jets.flavour), bool))
    scaled = scaled_covariance(vertices, jets.real)
    wrong = contamination(vertices.track_weights, jets.real, jets.perfect_weights > 0)
    clean = (wrong < CLEAN) & found.jets
    widths: dict[str, Quantity] = {"clean_selection": _share(clean, found.jets)}
    for name, values, chosen in (
        ("residual_width_{}_mm", found.residual, found.jets),
        ("pull_width_{}", found.pull, found.jets),
        ("sandwich_pull_width_{}", found.sandwich_pull, found.jets),
        ("scaled_pull_width_{}", pulls(found.residual, scaled[found.jets]), found.jets),
        ("clean_sandwich_pull_width_{}", found.sandwich_pull, clean),
    ):
        for axis, column in zip(AXES, values.T, strict=True):
            of_jets = np.full(len(jets.flavour), np.nan)
            of_jets[found.jets] = column
            widths[name.format(axis)] = Spread(value=np.where(chosen, of_jets, np.nan))
    return widths


def chi2_probability(
    vertices: FittedVertices, real: Bool[np.ndarray, "jets slots"]
) -> Float[np.ndarray, " jets"]:
    """Chance of a larger `relative_chi2` if all tracks are from the vertex; NaN where ν is zero.

    Flat for right tracks with weights of 0 and 1; weights between make it smaller.
    """
    return chi2_distribution.sf(*relative_chi2(vertices, real))


def _tagging(flavour: Float[np.ndarray, "jets 3"], jets: JetTable, tags: Tags) -> dict[str, Quantity]:
    ones = np.ones(len(jets.flavour), bool)
    right = flavour.argmax(axis=-1) == jets.flavour
    found: dict[str, Quantity] = {"accuracy": _share(right, ones)}
    found["overconfidence"] = Values(value=np.asarray(flavour.max(axis=-1), float) - right)
    for label, name in enumerate(load_schema().class_names):
        found[f"predicted_{name}"] = _share(flavour.argmax(axis=-1) == label, ones)
    for tag in tags:
        passed = _passed(tag, flavour, jets)
        if passed is not None:
            found[f"{tag.name}_efficiency"] = _share(passed, ones)
    return found


def _passed(
    tag: Tag, flavour: Float[np.ndarray, "jets 3"], jets: JetTable
) -> Bool[np.ndarray, " jets"] | None:
    """The jets above the cut that keeps 70 % of the signal; None without signal."""
    score = tag.score(flavour)
    signal = jets.flavour == load_schema().class_names.index(tag.signal)
    return score > np.quantile(score[signal], 1 - WORKING_POINT) if signal.any() else None


def _grouping(
    vertex_index: Int[np.ndarray, "jets slots"], origin: Float[np.ndarray, "jets slots 4"], jets: JetTable
) -> dict[str, Quantity]:
    classes = [origin_class.name for origin_class in load_schema().origin_classes]
    predicted = origin.argmax(axis=-1)
    heavy = np.isin(predicted, [classes.index("from_b"), classes.index("from_c")]) & jets.real
    primary = (predicted == classes.index("primary")) & jets.real
    counts = _in_blocks(vertex_counts, jets.vertex_index, jets.decay, vertex_index, heavy, primary)
    pairs = _in_blocks(pair_counts, jets.vertex_index, vertex_index, jets.real)
    return {
        "adjusted_rand_index": Values(value=adjusted_rand_index(pairs)),
        "one_sided_rand_index": Values(value=one_sided_rand_index(pairs, jets.n_tracks)),
        "rand_index": Values(value=rand_index(pairs)),
        "pair_f1": Values(value=pair_f1(pairs)),
        "vertex_efficiency": Fraction(part=counts.matched, whole=counts.true),
        "vertex_purity": Fraction(part=counts.matched, whole=counts.found),
        "vertex_fakes": _share((counts.found > 0) & (counts.true == 0), counts.true == 0),
    }


def _in_blocks(count: Callable[..., Counts], *columns: Shaped[np.ndarray, "jets slots"]) -> Counts:
    """`count(*columns)` of all jets, with the pairs of tracks of one block in memory."""
    n_jets = len(columns[0])
    starts = range(0, max(n_jets, 1), BLOCK)
    pieces = [count(*(column[start : start + BLOCK] for column in columns)) for start in starts]
    return type(pieces[0])(*map(np.concatenate, zip(*pieces, strict=True)))


def _selection(vertices: FittedVertices, jets: JetTable) -> dict[str, Quantity]:
    """The track selection in jets whose hadron decays and leaves a track."""
    counts = selection_counts(vertices.track_weights, jets.real, jets.decay)
    asked = (counts.decay > 0) & (jets.decay_length > 0)
    both, decay, selected = (np.where(asked, n, 0) for n in (counts.both, counts.decay, counts.selected))
    return {
        "selection_efficiency": Fraction(part=both, whole=decay),
        "selection_purity": Fraction(part=both, whole=selected),
    }


def _share(part: Bool[np.ndarray, " jets"], whole: Bool[np.ndarray, " jets"]) -> Fraction:
    return Fraction(part=part, whole=whole)
