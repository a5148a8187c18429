"""The vertices of an exported program: what chains of pairs join."""

import jax
import numpy as np

from ndive.evaluation.grouping import vertex_indices as by_scipy
from ndive.export.grouping import vertex_indices


def test_chains_of_any_length_are_joined_as_scipy_joins_them():
    rng = np.random.default_rng(5)
    jets, slots = 200, 12
    pairing = np.float32(rng.normal(-1.6, 1, (jets, slots, slots)))
    real = np.arange(slots) < rng.integers(0, slots + 1, jets)[:, None]
    backwards = np.full((slots, slots), -1, np.float32)
    backwards[np.arange(slots - 1, 0, -1), np.arange(slots - 2, -1, -1)] = 3
    pairing[0], real[0] = backwards, True
    expected = by_scipy(pairing, real)
    assert expected[0].tolist() == [0] * slots
    assert len(np.unique(expected)) > 5
    np.testing.assert_array_equal(jax.jit(vertex_indices)(pairing, real), expected)
