"""How well tracks are shared out among vertices: Rand index, adjusted Rand indices and F1 of the pairs.

The figures of merit of arXiv:2008.02831, jet by jet, over the unordered pairs of tracks.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import stirling2


class PairCounts(NamedTuple):
    """Pairs of tracks of each jet: together in both partitions, in the truth, in the prediction, all."""

    both: Int[np.ndarray, " jets"]
    true: Int[np.ndarray, " jets"]
    predicted: Int[np.ndarray, " jets"]
    all: Int[np.ndarray, " jets"]


def pair_counts(
    truth: Int[np.ndarray, "jets slots"],
    predicted: Int[np.ndarray, "jets slots"],
    real: Bool[np.ndarray, "jets slots"],
) -> PairCounts:
    """Count the pairs that share a vertex index; a negative one is shared with no other track."""
    pairs = real[:, :, None] & real[:, None, :] & np.triu(np.ones((real.shape[1],) * 2, bool), 1)
    together, joined = _together(truth) & pairs, _together(predicted) & pairs
    counts = (together & joined, together, joined, pairs)
    return PairCounts(*(count.sum(axis=(1, 2)) for count in counts))


def rand_index(counts: PairCounts) -> Float[np.ndarray, " jets"]:
    """Share of the pairs on which both agree (Rand, J. Am. Stat. Assoc. 66 (1971) 846); NaN of no pair."""
    wrong = counts.true + counts.predicted - 2 * counts.both
    with np.errstate(invalid="ignore"):
        return 1.0 - wrong / counts.all


def adjusted_rand_index(counts: PairCounts) -> Float[np.ndarray, " jets"]:
    """The Rand index less its expectation by chance, over the largest possible.

    Hubert and Arabie, J. Classif. 2 (1985) 193. It is 1 where both partitions are equal, NaN of no pair.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = counts.true * counts.predicted / counts.all
        largest = (counts.true + counts.predicted) / 2.0
        index = (counts.both - expected) / (largest - expected)
    equal = (counts.true == counts.both) & (counts.predicted == counts.both)
    return np.where(counts.all > 0, np.where(equal, 1.0, index), np.nan)


def one_sided_rand_index(
    counts: PairCounts, n_tracks: Int[np.ndarray, " jets"]
) -> Float[np.ndarray, " jets"]:
    """The Rand index less its expectation where the prediction is any partition, over the largest possible.

    The truth is kept and all partitions of the `n_tracks` tracks are equally likely, as in arXiv:2008.02831;
    the expectation is that of Gates and Ahn, J. Mach. Learn. Res. 18 (2017) 87, section 4.3. NaN of no pair.
    """
    joined = _joined_by_chance(n_tracks)
    with np.errstate(invalid="ignore"):
        share = counts.true / counts.all
    expected = joined * share + (1 - joined) * (1 - share)
    return (rand_index(counts) - expected) / (1 - expected)


def pair_f1(counts: PairCounts) -> Float[np.ndarray, " jets"]:
    """Harmonic mean of the efficiency and the purity of the joined pairs.

    It is 1 where neither partition joins any, NaN of no pair.
    """
    total = counts.true + counts.predicted
    with np.errstate(invalid="ignore"):
        score = np.where(total > 0, 2.0 * counts.both / total, 1.0)
    return np.where(counts.all > 0, score, np.nan)


def _together(index: Int[np.ndarray, "jets slots"]) -> Bool[np.ndarray, "jets slots slots"]:
    return (index[:, :, None] == index[:, None, :]) & (index[:, :, None] >= 0)


def _joined_by_chance(n_tracks: Int[np.ndarray, " jets"]) -> Float[np.ndarray, " jets"]:
    """Chance that a partition taken at random joins two given tracks: B(n − 1) / B(n), B Bell's numbers."""
    sizes = np.arange(n_tracks.max(initial=1) + 1)
    bell = stirling2(sizes[:, None], sizes[None, :]).sum(axis=-1)
    return bell[np.maximum(n_tracks - 1, 0)] / bell[n_tracks]
