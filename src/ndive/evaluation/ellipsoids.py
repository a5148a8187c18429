"""Ellipsoids that hold the true vertex as often as they say, whatever is wrong with the errors.

Split conformal prediction: among n + 1 jets of one kind the scaled distance of the last is as likely to have
any rank as any other, so that it lies below the k-th smallest of the n before it in a share k / (n + 1) of
all cases, whatever the distribution (Lei et al., J. Am. Stat. Assoc. 113 (2018) 1094, theorem 2). Jets are of
one kind that have the same most probable flavour (Vovk, Gammerman and Shafer, Algorithmic Learning in a
Random World, Springer 2005, section 4.5).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import chi2 as chi2_distribution

from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions
from ndive.evaluation.resolution import mahalanobis, scale_factor, scaled_covariance
from ndive.schema import load_schema

LEVELS = (0.68, 0.95)
"""Contents of the ellipsoids whose coverage is told."""

Squared = Float[np.ndarray, " jets"]
"""(r − v)ᵀ C⁻¹ (r − v), C the `scaled_covariance`; NaN without a valid fit or two tracks from the vertex."""


@dataclass(frozen=True, kw_only=True)
class ErrorFactor:
    """By what the scaled errors are multiplied so that the ellipsoid of content `level` keeps its word.

    It is for jets whose most probable flavour is `predicted`, for all where that is empty, and comes from
    `count` of them. Infinite where these are too few.
    """

    predicted: str
    level: float
    factor: float
    count: int


def error_factors(predictions: Predictions, jets: JetTable) -> tuple[ErrorFactor, ...]:
    """The factors for other jets, from all those at hand; none of a model without a fit."""
    if predictions.vertices is None:
        return ()
    squared = scaled_distance(predictions.vertices, jets)
    kinds = predicted_flavours(predictions)
    names = ("",) if predictions.flavour is None else load_schema().class_names
    found = []
    for kind, name in enumerate(names):
        fits = squared[(kinds == kind) & np.isfinite(squared)]
        found += [
            ErrorFactor(predicted=name, level=level, factor=error_factor(fits, level), count=len(fits))
            for level in LEVELS
        ]
    return tuple(found)


def error_columns(
    predictions: Predictions, real: Bool[np.ndarray, "jets slots"], factors: Sequence[ErrorFactor]
) -> dict[str, Float[np.ndarray, " jets"]]:
    """By what the errors of the sandwich covariance grow, of each jet; nothing of a model without a fit.

    `scale_factor` alone is told by the tracks (`real` are their slots); `error_factor_68` and so on include
    it and the one of `factors` for the jet's most probable flavour.
    """
    if predictions.vertices is None:
        return {}
    scale = scale_factor(predictions.vertices, real)
    kinds = predicted_flavours(predictions)
    columns = {"scale_factor": scale}
    for one in factors:
        of_kind = kinds == load_schema().class_names.index(one.predicted) if one.predicted else kinds >= 0
        column = columns.setdefault(f"error_factor_{100 * one.level:.0f}", np.full(len(kinds), np.nan))
        column[of_kind] = one.factor * scale[of_kind]
    return columns


def predicted_flavours(predictions: Predictions) -> Int[np.ndarray, " jets"]:
    """The most probable flavour of each jet; 0 for all of a model that tells none."""
    if predictions.flavour is not None:
        return predictions.flavour.argmax(axis=-1)
    return np.zeros(0 if predictions.vertices is None else len(predictions.vertices.valid), int)


def scaled_distance(vertices: FittedVertices, jets: JetTable) -> Squared:
    """Squared distance of the fitted from the true vertex in units of the scaled errors."""
    squared = mahalanobis(
        np.asarray(vertices.position, float) - jets.hadron_vertex, scaled_covariance(vertices, jets.real)
    )
    return np.where(jets.has_vertex & vertices.valid, squared, np.nan)


def cross_factors(squared: Squared, kinds: Int[np.ndarray, " jets"], level: float) -> Squared:
    """The factor of each jet from jets of its kind in the other half of the sample, the odd or even rows."""
    factors = np.full(len(squared), np.inf)
    half = np.arange(len(squared)) % 2
    for kind in np.unique(kinds):
        for judged in (0, 1):
            others = squared[(kinds == kind) & (half != judged) & np.isfinite(squared)]
            factors[(kinds == kind) & (half == judged)] = error_factor(others, level)
    return factors


def error_factor(squared: Float[np.ndarray, " fits"], level: float) -> float:
    """√(q / q'), of the k-th smallest q of `squared`, k = ⌈level (n + 1)⌉, and the quantile q' of chi2 with
    three degrees of freedom; infinite where k > n.
    """
    rank = math.ceil(round(level * (len(squared) + 1), 9))
    if rank > len(squared):
        return math.inf
    quantile = np.partition(squared, rank - 1)[rank - 1]
    return float(np.sqrt(quantile / chi2_distribution.ppf(level, 3)))


def inside(
    squared: Squared, level: float, factors: Float[np.ndarray, "..."] | float = 1.0
) -> Bool[np.ndarray, " jets"]:
    """Whether the ellipsoid of content `level`, its axes grown by `factors`, holds the true vertex."""
    return squared < np.square(factors) * chi2_distribution.ppf(level, 3)
