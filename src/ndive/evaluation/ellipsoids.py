"""Ellipsoids that hold the true vertex as often as they claim, however wrong the errors of the fit are.

Split conformal prediction: among n + 1 exchangeable jets the distance of the last is as likely to have any
rank as any other, so that it is at most the k-th smallest of the other n with a probability of k / (n + 1),
whatever its continuous distribution (Lei et al., J. Am. Stat. Assoc. 113 (2018) 1094, section 2.2). The jets
of one most probable flavour are taken for exchangeable (Vovk, Gammerman and Shafer, Algorithmic Learning in a
Random World, Springer 2005, section 4.5). All valid fits count, since a jet does not show whether its tracks
are from the hadron's vertex.
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
"""Contents of the ellipsoids whose coverage is measured."""

ALL = "all"
"""Stands for all flavours where one could be named."""


@dataclass(frozen=True, kw_only=True)
class ErrorFactor:
    """What the scaled errors are multiplied by, so that ellipsoids of content `level` hold the true vertex.

    It is for jets whose most probable flavour is `predicted` (`all` where the model tells none), and comes
    from `count` fits. The factor has no unit and is infinite where these are too few.
    """

    predicted: str
    level: float
    factor: float
    count: int


def percent(level: float) -> str:
    """The level as names of quantities have it: 68 for 0.68."""
    return f"{100 * level:.0f}"


def error_factors(predictions: Predictions, jets: JetTable) -> tuple[ErrorFactor, ...]:
    """The factors for other jets, from all valid fits of those at hand; none of a model without a fit."""
    if predictions.vertices is None:
        return ()
    squared = scaled_distance(predictions.vertices, jets)
    kinds = predicted_flavours(predictions, len(squared))
    found = []
    for kind, name in enumerate(kind_names(predictions)):
        fits = squared[(kinds == kind) & np.isfinite(squared)]
        found += [
            ErrorFactor(predicted=name, level=level, factor=error_factor(fits, level), count=len(fits))
            for level in LEVELS
        ]
    return tuple(found)


def factors_of_jets(
    predictions: Predictions, factors: Sequence[ErrorFactor], level: float, n_jets: int
) -> Float[np.ndarray, " jets"]:
    """The factor of each jet's most probable flavour at one level; NaN where there is none."""
    by_name = {one.predicted: one.factor for one in factors if one.level == level}
    of_kinds = np.array([by_name.get(name, np.nan) for name in kind_names(predictions)])
    return of_kinds[predicted_flavours(predictions, n_jets)]


def error_columns(
    predictions: Predictions, real: Bool[np.ndarray, "jets slots"], factors: Sequence[ErrorFactor]
) -> dict[str, Float[np.ndarray, " jets"]]:
    """What the errors of the sandwich covariance are multiplied by; nothing of a model without a fit.

    NaN for jets without a valid one. `scale_factor` comes from the tracks (`real` are their slots) alone;
    `sandwich_factor_68` and so on is its product with the one of `factors` for the jet's most probable
    flavour.
    """
    if predictions.vertices is None:
        return {}
    scale = np.where(predictions.vertices.valid, scale_factor(predictions.vertices, real), np.nan)
    return {
        "scale_factor": scale,
        **{
            f"sandwich_factor_{percent(level)}": scale
            * factors_of_jets(predictions, factors, level, len(scale))
            for level in dict.fromkeys(one.level for one in factors)
        },
    }


def kind_names(predictions: Predictions) -> tuple[str, ...]:
    """The flavours within which ellipsoids are calibrated."""
    return (ALL,) if predictions.flavour is None else tuple(load_schema().class_names)


def predicted_flavours(predictions: Predictions, n_jets: int) -> Int[np.ndarray, " jets"]:
    """The place of each jet's most probable flavour in `kind_names`."""
    return np.zeros(n_jets, int) if predictions.flavour is None else predictions.flavour.argmax(axis=-1)


def scaled_distance(vertices: FittedVertices, jets: JetTable) -> Float[np.ndarray, " jets"]:
    """(r − v)ᵀ C⁻¹ (r − v) of the fitted and the true vertex, C the `scaled_covariance`, no unit.

    NaN without a valid fit, and where C is not positive definite.
    """
    squared = mahalanobis(
        np.asarray(vertices.position, float) - jets.hadron_vertex, scaled_covariance(vertices, jets.real)
    )
    return np.where(vertices.valid, squared, np.nan)


def cross_factors(
    squared: Float[np.ndarray, " jets"], kinds: Int[np.ndarray, " jets"], level: float
) -> Float[np.ndarray, " jets"]:
    """The factor of each jet from jets of its kind in the other half of the sample, the odd or even rows.

    Infinite where these are too few.
    """
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
    rank = math.ceil(round(level * (len(squared) + 1), 9))  # 0.68 x 75 is 51.00000000000001
    if rank > len(squared):
        return math.inf
    quantile = np.partition(squared, rank - 1)[rank - 1]
    return float(np.sqrt(quantile / chi2_distribution.ppf(level, 3)))


def inside(
    squared: Float[np.ndarray, " jets"], level: float, factors: Float[np.ndarray, " jets"] | float = 1.0
) -> Bool[np.ndarray, " jets"]:
    """Whether the ellipsoid of content `level`, its axes multiplied by `factors`, holds the true vertex."""
    return squared <= np.square(factors) * chi2_distribution.ppf(level, 3)
