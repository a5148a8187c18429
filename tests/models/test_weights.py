"""From scores to weights."""

import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import ArgumentError
from ndive.models.weights import given_weights, learned_weights

MASK = jnp.array([True, True, False])


def test_sigmoid() -> None:
    weights = learned_weights(jnp.log(jnp.array([3.0, 1.0, 9.0])), MASK, "sigmoid")
    np.testing.assert_allclose(weights, [0.75, 0.5, 0], rtol=1e-6)


def test_softmax() -> None:
    weights = learned_weights(jnp.log(jnp.array([3.0, 1.0, 9.0])), MASK, "softmax")
    np.testing.assert_allclose(weights, [0.75, 0.25, 0], rtol=1e-6)


def test_none_counts_every_real_track() -> None:
    np.testing.assert_array_equal(given_weights(MASK, None, "none"), [1, 1, 0])


def test_perfect_is_the_truth_of_real_tracks() -> None:
    np.testing.assert_array_equal(given_weights(MASK, jnp.array([0.0, 1.0, 1.0]), "perfect"), [0, 1, 0])


def test_perfect_needs_the_truth() -> None:
    with pytest.raises(ArgumentError, match="perfect_weights, found none"):
        given_weights(MASK, None, "perfect")
