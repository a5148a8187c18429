"""Track selection by weight: how many decay tracks it keeps, and how clean it is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.evaluation.binomial import clopper_pearson

THRESHOLD = 0.5
"""A track is selected where its weight exceeds this fraction of the jet's largest (arXiv:2310.12804)."""


@dataclass(frozen=True, kw_only=True)
class SelectionCounts:
    """Tracks of each jet: from the heavy hadron's decay, selected, and both."""

    decay: Int[np.ndarray, " jets"]
    selected: Int[np.ndarray, " jets"]
    both: Int[np.ndarray, " jets"]

    def of(self, jets: Bool[np.ndarray, " jets"]) -> "SelectionCounts":
        """The counts of some of the jets."""
        return SelectionCounts(decay=self.decay[jets], selected=self.selected[jets], both=self.both[jets])


@dataclass(frozen=True, kw_only=True)
class Mean:
    """Mean over `count` jets and its standard error; NaN where there is none."""

    value: float
    error: float
    count: int


@dataclass(frozen=True, kw_only=True)
class BinnedFraction:
    """Pooled fraction in each bin with its 68 % Clopper–Pearson interval; NaN in a bin with no count.

    The interval takes the tracks as independent, though those of one jet are not.
    """

    edges: Float[np.ndarray, " edges"]
    value: Float[np.ndarray, " bins"]
    low: Float[np.ndarray, " bins"]
    high: Float[np.ndarray, " bins"]
    total: Int[np.ndarray, " bins"]


def selected_tracks(
    weights: Float[np.ndarray, "jets slots"], real: Bool[np.ndarray, "jets slots"]
) -> Bool[np.ndarray, "jets slots"]:
    """The `real` tracks whose weight exceeds half of the jet's largest."""
    weights = np.where(real, weights, 0.0)
    return real & (weights > THRESHOLD * weights.max(axis=-1, keepdims=True, initial=0.0))


def selection_counts(
    weights: Float[np.ndarray, "jets slots"],
    real: Bool[np.ndarray, "jets slots"],
    decay: Bool[np.ndarray, "jets slots"],
) -> SelectionCounts:
    """Count the `decay` tracks, the selected ones and their overlap in each jet."""
    selected = selected_tracks(weights, real)
    return SelectionCounts(
        decay=decay.sum(axis=-1), selected=selected.sum(axis=-1), both=(selected & decay).sum(axis=-1)
    )


def mean_efficiency(counts: SelectionCounts) -> Mean:
    """Mean over the jets that have decay tracks of selected decay tracks / decay tracks."""
    return _mean_fraction(counts.both, counts.decay, counts.decay > 0)


def mean_purity(counts: SelectionCounts) -> Mean:
    """Mean over the jets that have decay tracks and a selected one of selected decay tracks / selected."""
    return _mean_fraction(counts.both, counts.selected, (counts.decay > 0) & (counts.selected > 0))


def binned_fraction(
    variable: Float[np.ndarray, " jets"],
    part: Int[np.ndarray, " jets"],
    whole: Int[np.ndarray, " jets"],
    edges: Float[np.ndarray, " edges"],
) -> BinnedFraction:
    """Sum of `part` over sum of `whole` in bins of `variable`, closed below, the last on both ends."""
    selected = np.histogram(variable, edges, weights=part)[0].round().astype(int)
    total = np.histogram(variable, edges, weights=whole)[0].round().astype(int)
    low, high = clopper_pearson(selected, total)
    filled = total > 0
    with np.errstate(invalid="ignore"):
        value = selected / total
    return BinnedFraction(
        edges=edges,
        value=value,
        low=np.where(filled, low, np.nan),
        high=np.where(filled, high, np.nan),
        total=total,
    )


def _mean_fraction(
    part: Int[np.ndarray, " jets"], whole: Int[np.ndarray, " jets"], jets: Bool[np.ndarray, " jets"]
) -> Mean:
    fractions = part[jets] / whole[jets]
    count = len(fractions)
    return Mean(
        value=float(fractions.mean()) if count else float("nan"),
        error=float(fractions.std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan"),
        count=count,
    )
