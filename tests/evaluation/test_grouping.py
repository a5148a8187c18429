"""Tracks joined by their pairs: the transitive closure, whatever the order of the tracks."""

import numpy as np

from ndive.evaluation.grouping import vertex_indices


def closure(joined):
    """Which tracks a chain of pairs joins, by powers of the matrix of pairs."""
    reach = np.eye(len(joined), dtype=int) + joined
    for _ in range(len(joined)):
        reach = np.minimum(reach @ reach, 1)
    return reach > 0


def test_it_is_the_transitive_closure_of_the_pairs():
    rng = np.random.default_rng(1)
    pairing = rng.normal(-1.2, 1, (200, 7, 7))
    real = np.arange(7) < rng.integers(0, 8, 200)[:, None]
    found = vertex_indices(pairing, real)
    for logits, tracks, index in zip(pairing, real, found, strict=True):
        n = tracks.sum()
        joined = ((logits + logits.T) > 0)[:n, :n]
        np.testing.assert_array_equal(index[:n, None] == index[None, :n], closure(joined.astype(int)))
        assert (index[n:] == -1).all()
        assert list(dict.fromkeys(index[:n])) == list(range(len(set(index[:n]))))
    assert found.max() > 2


def test_a_pair_is_joined_by_the_mean_of_its_two_logits():
    pairing = np.array([[[0.0, 3.0], [-2.0, 0.0]], [[0.0, 2.0], [-3.0, 0.0]]])
    assert vertex_indices(pairing, np.ones((2, 2), bool)).tolist() == [[0, 0], [0, 1]]
