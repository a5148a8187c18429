"""Whether a probability of 0.7 is right seven times in ten."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.evaluation.binomial import clopper_pearson

N_BINS = 15
"""Bins of equal width of the expected calibration error (arXiv:1706.04599)."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """In bins of the predicted probability: its mean, the share that is right, its 68 % interval, the count.

    Empty bins are left out. The interval is Clopper–Pearson's.
    """

    predicted: Float[np.ndarray, " bins"]
    observed: Float[np.ndarray, " bins"]
    low: Float[np.ndarray, " bins"]
    high: Float[np.ndarray, " bins"]
    count: Int[np.ndarray, " bins"]

    @property
    def error(self) -> float:
        """Mean over the entries of the distance between predicted and observed; NaN of nothing."""
        total = self.count.sum()
        distance = np.abs(self.predicted - self.observed)
        return float((self.count * distance).sum() / total) if total else float("nan")


def reliability(
    probability: Float[np.ndarray, " entries"], right: Bool[np.ndarray, " entries"], n_bins: int = N_BINS
) -> Reliability:
    """The curve of one probability, in `n_bins` equal bins from 0 to 1."""
    edges = np.linspace(0, 1, n_bins + 1)
    place = np.searchsorted(edges[1:-1], probability)
    count = np.bincount(place, minlength=n_bins)
    filled = count > 0
    sums = np.bincount(place, weights=probability, minlength=n_bins)[filled]
    hits = np.bincount(place, weights=right, minlength=n_bins)[filled].round().astype(int)
    count = count[filled]
    low, high = clopper_pearson(hits, count)
    return Reliability(predicted=sums / count, observed=hits / count, low=low, high=high, count=count)


def expected_calibration_error(
    probabilities: Float[np.ndarray, "entries classes"],
    labels: Int[np.ndarray, " entries"],
    n_bins: int = N_BINS,
) -> float:
    """ECE of the most probable class (Guo et al., arXiv:1706.04599, equation 5); NaN of nothing."""
    if not len(labels):
        return float("nan")
    right = probabilities.argmax(axis=-1) == labels
    return reliability(np.asarray(probabilities.max(axis=-1), float), right, n_bins).error
