"""Indices of partitions, jet by jet, against scikit-learn."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, f1_score, rand_score

from ndive.evaluation.partition import (
    adjusted_rand_index,
    one_sided_rand_index,
    pair_counts,
    pair_f1,
    rand_index,
)


def test_they_are_those_of_sklearn():
    rng = np.random.default_rng(4)
    truth, predicted = rng.integers(0, 4, (2, 300, 7))
    predicted[::3] = truth[::3]
    real = np.arange(7) < rng.integers(2, 8, 300)[:, None]
    counts = pair_counts(truth, predicted, real)
    found = zip(rand_index(counts), adjusted_rand_index(counts), pair_f1(counts), strict=True)
    for (rand, adjusted, f1), t, p, n in zip(found, truth, predicted, real.sum(axis=1), strict=True):
        t, p = t[:n], p[:n]
        together = [[a == b for a, b in combinations(index, 2)] for index in (t, p)]
        np.testing.assert_allclose(rand, rand_score(t, p))
        np.testing.assert_allclose(adjusted, adjusted_rand_score(t, p), atol=1e-12)
        np.testing.assert_allclose(f1, f1_score(*together, zero_division=1.0))


def partitions(n):
    """All partitions of n tracks, as vertex indices that begin with the next number not used."""
    return [()] if n == 0 else [(*p, k) for p in partitions(n - 1) for k in range(max(p, default=-1) + 2)]


@pytest.mark.parametrize(("truth", "n_bell"), [((0, 0, 1), 5), ((0, 1, 1, 0, 2), 52), ((0,) * 6, 203)])
def test_the_one_sided_index_averages_to_zero_over_all_partitions(truth, n_bell):
    every = np.array(partitions(len(truth)))
    assert len(every) == n_bell
    counts = pair_counts(np.tile(truth, (n_bell, 1)), every, np.ones(every.shape, bool))
    found = one_sided_rand_index(counts, np.full(n_bell, len(truth)))
    np.testing.assert_allclose(found.mean(), 0, atol=1e-12)
    same = np.array([np.array_equal(np.unique(p, return_inverse=True)[1], truth) for p in every])
    np.testing.assert_allclose(found[same], 1)
    assert same.sum() == 1
    assert (found[~same] < 1).all()


def test_tracks_without_a_vertex_are_each_alone():
    truth = np.array([[-2, -2, 0, 0]])
    alone = np.array([[5, 6, 0, 0]])
    joined = np.array([[5, 5, 0, 0]])
    real = np.ones((1, 4), bool)
    assert adjusted_rand_index(pair_counts(truth, alone, real)) == 1
    assert pair_f1(pair_counts(truth, joined, real)) == 2 * 1 / (1 + 2)


def test_a_jet_without_a_pair_has_none():
    counts = pair_counts(np.zeros((1, 3), int), np.zeros((1, 3), int), np.array([[True, False, False]]))
    assert all(np.isnan(of(counts)[0]) for of in (rand_index, adjusted_rand_index, pair_f1))
    assert np.isnan(one_sided_rand_index(counts, np.array([1])))
