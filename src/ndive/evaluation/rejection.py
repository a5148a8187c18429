"""Background rejection at given signal efficiency, with errors.

A working point is a cut on the score that keeps a given fraction of the signal jets. Two things make the
rejection there uncertain: the counted background, and the cut, which comes from a finite signal sample.
With e the background efficiency, b the signal efficiency and s = de/db the slope of the ROC curve,

    Var(ln e) = (1 - e) / (N_background e) + (s / e)^2 b (1 - b) / N_signal

(Hsieh and Turnbull, Ann. Statist. 24 (1996) 25, theorem 2.2, with binomial variances). Two models judged
on the same jets share most of that; the ratio of their rejections takes the covariance into account.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import rankdata

EFFICIENCIES = np.linspace(0.6, 1.0, 1001)[:-1]
"""The 1000 signal efficiencies at which curves are evaluated."""


@dataclass(frozen=True, kw_only=True)
class Roc:
    """Rejection (one over efficiency) of a background and its error, at each signal efficiency.

    Where no background jet is left the rejection is infinite and its error NaN.
    """

    efficiency: Float[np.ndarray, " points"]
    rejection: Float[np.ndarray, " points"]
    error: Float[np.ndarray, " points"]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One model's scores of the signal and of the background jets."""

    signal: Float[np.ndarray, " signal"]
    background: Float[np.ndarray, " background"]


@dataclass(frozen=True, kw_only=True)
class _Points:
    """Working points of one model: which jets pass, the background efficiency, the slope over it."""

    signal_level: Int[np.ndarray, " signal"]
    background_level: Int[np.ndarray, " background"]
    background: Float[np.ndarray, " points"]
    relative_slope: Float[np.ndarray, " points"]


def roc(scores: Scores, efficiencies: Float[np.ndarray, " points"] = EFFICIENCIES) -> Roc:
    """Rejection of the background at ascending signal `efficiencies`, cut by cut."""
    points = _points(scores, efficiencies)
    variance = _covariance(points, points, efficiencies)
    with np.errstate(divide="ignore", invalid="ignore"):
        rejection = 1.0 / points.background
        return Roc(efficiency=efficiencies, rejection=rejection, error=rejection * np.sqrt(variance))


def rejection_ratio(
    numerator: Scores, denominator: Scores, efficiencies: Float[np.ndarray, " points"] = EFFICIENCIES
) -> Roc:
    """Rejection of one model over that of another at equal signal efficiency, on the same jets.

    Both must hold the same jets in the same order: their common fluctuation cancels in the error.
    """
    above, below = _points(numerator, efficiencies), _points(denominator, efficiencies)
    variance = (
        _covariance(above, above, efficiencies)
        + _covariance(below, below, efficiencies)
        - 2.0 * _covariance(above, below, efficiencies)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = below.background / above.background
    return Roc(efficiency=efficiencies, rejection=ratio, error=ratio * np.sqrt(np.maximum(variance, 0.0)))


def area_under_roc(scores: Scores) -> float:
    """Probability that a signal jet scores above a background jet, ties counted half (Mann–Whitney)."""
    n_signal, n_background = len(scores.signal), len(scores.background)
    if not n_signal or not n_background:
        return float("nan")
    ranks = rankdata(np.concatenate([scores.signal, scores.background]))
    pairs = ranks[:n_signal].sum() - n_signal * (n_signal + 1) / 2.0
    return float(pairs / (n_signal * n_background))


def _points(scores: Scores, efficiencies: Float[np.ndarray, " points"]) -> _Points:
    signal_level = _levels(scores.signal, _cuts(scores.signal, efficiencies))
    background_level = _levels(scores.background, _cuts(scores.signal, efficiencies))
    background = _passing(background_level, len(efficiencies))
    width = 2.0 * np.sqrt(efficiencies * (1.0 - efficiencies) / max(len(scores.signal), 1))
    low, high = np.clip(efficiencies - width, 0.0, 1.0), np.clip(efficiencies + width, 0.0, 1.0)
    rise = _efficiency(scores, high) - _efficiency(scores, low)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(high > low, rise / (high - low), 0.0) / background
    return _Points(
        signal_level=signal_level,
        background_level=background_level,
        background=background,
        relative_slope=slope,
    )


def _covariance(
    one: _Points, other: _Points, efficiencies: Float[np.ndarray, " points"]
) -> Float[np.ndarray, " points"]:
    """Covariance of the two ln(background efficiency); a jet passes both where it passes the tighter."""
    n = len(efficiencies)
    both_background = _passing(np.maximum(one.background_level, other.background_level), n)
    both_signal = _passing(np.maximum(one.signal_level, other.signal_level), n)
    with np.errstate(divide="ignore", invalid="ignore"):
        counted = (both_background / (one.background * other.background) - 1.0) / len(one.background_level)
        cut = (both_signal - efficiencies**2) / len(one.signal_level)
        return counted + one.relative_slope * other.relative_slope * cut


def _cuts(signal: Float[np.ndarray, " signal"], efficiencies: Float[np.ndarray, " points"]) -> np.ndarray:
    return np.quantile(signal, 1.0 - efficiencies) if len(signal) else np.zeros_like(efficiencies)


def _levels(
    scores: Float[np.ndarray, " jets"], cuts: Float[np.ndarray, " points"]
) -> Int[np.ndarray, " jets"]:
    """The index of the tightest working point that each jet passes; `cuts` descend."""
    return np.searchsorted(-cuts, -scores, side="left")


def _passing(levels: Int[np.ndarray, " jets"], n_points: int) -> Float[np.ndarray, " points"]:
    """The fraction of the jets that passes each working point; NaN of nothing."""
    counts = np.bincount(levels, minlength=n_points + 1)[:n_points]
    return np.cumsum(counts) / len(levels) if len(levels) else np.full(n_points, np.nan)


def _efficiency(scores: Scores, efficiencies: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
    """Background efficiency at each signal efficiency; these may be in any order."""
    order = np.argsort(efficiencies)
    levels = _levels(scores.background, _cuts(scores.signal, efficiencies[order]))
    passing = np.empty(len(efficiencies))
    passing[order] = _passing(levels, len(efficiencies))
    return passing
