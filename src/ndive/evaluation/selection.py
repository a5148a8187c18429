"""Track selection by weight: how many decay tracks it keeps, and how clean it is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.evaluation.mean import Mean, mean_of

THRESHOLD = 0.5
"""A track is selected where its weight exceeds this fraction of the jet's largest (arXiv:2310.12804)."""

CLEAN = 1e-3
"""A selection is clean where the tracks from elsewhere have less than this share of the jet's weight."""


@dataclass(frozen=True, kw_only=True)
class SelectionCounts:
    """Tracks of each jet: from the heavy hadron's decay, selected, and both."""

    decay: Int[np.ndarray, " jets"]
    selected: Int[np.ndarray, " jets"]
    both: Int[np.ndarray, " jets"]

    def of(self, jets: Bool[np.ndarray, " jets"]) -> "SelectionCounts":
        """The counts of some of the jets."""
        return SelectionCounts(decay=self.decay[jets], selected=self.selected[jets], both=self.both[jets])


def relative_weights(
    weights: Float[np.ndarray, "jets slots"], real: Bool[np.ndarray, "jets slots"]
) -> Float[np.ndarray, "jets slots"]:
    """Weights of the `real` tracks over the jet's largest, whose scale no vertex depends on; else zero."""
    weights = np.where(real, np.asarray(weights, float), 0.0)
    largest = weights.max(axis=-1, keepdims=True, initial=0.0)
    return np.divide(weights, largest, where=largest > 0, out=np.zeros_like(weights))


def selected_tracks(
    weights: Float[np.ndarray, "jets slots"], real: Bool[np.ndarray, "jets slots"]
) -> Bool[np.ndarray, "jets slots"]:
    """The `real` tracks whose weight exceeds half of the jet's largest."""
    return relative_weights(weights, real) > THRESHOLD


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


def contamination(
    weights: Float[np.ndarray, "jets slots"],
    real: Bool[np.ndarray, "jets slots"],
    true: Bool[np.ndarray, "jets slots"],
) -> Float[np.ndarray, " jets"]:
    """Share of the weight of a jet's tracks that those from elsewhere than its `true` ones have.

    NaN where there is no weight.
    """
    weights = np.where(real, weights, 0.0)
    total = weights.sum(axis=-1)
    wrong = np.where(true, 0.0, weights).sum(axis=-1)
    return np.divide(wrong, total, where=total > 0, out=np.full(total.shape, np.nan))


def mean_efficiency(counts: SelectionCounts) -> Mean:
    """Mean over the jets that have decay tracks of selected decay tracks / decay tracks."""
    asked = counts.decay > 0
    return mean_of(counts.both[asked] / counts.decay[asked])


def mean_purity(counts: SelectionCounts) -> Mean:
    """Mean over the jets that have decay tracks and a selected one of selected decay tracks / selected."""
    asked = (counts.decay > 0) & (counts.selected > 0)
    return mean_of(counts.both[asked] / counts.selected[asked])
