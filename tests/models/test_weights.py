"""From scores to weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from ndive import Tracks, fit_vertex
from ndive.errors import ArgumentError
from ndive.models.weights import given_weights, learned_weights

MASK = jnp.array([True, True, False])


def test_sigmoid() -> None:
    weights = learned_weights(jnp.log(jnp.array([3.0, 1.0, 9.0])), MASK, "sigmoid")
    np.testing.assert_allclose(weights, [0.75, 0.5, 0], rtol=1e-6)


def test_softmax() -> None:
    weights = learned_weights(jnp.log(jnp.array([3.0, 1.0, 9.0])), MASK, "softmax")
    np.testing.assert_allclose(weights, [0.75, 0.25, 0], rtol=1e-6)


def test_scores_that_sank_are_raised_together() -> None:
    scores = jnp.array([-90.0, -92.0, 5.0])
    weights = learned_weights(scores, MASK, "sigmoid")
    np.testing.assert_allclose(weights, np.exp([-20.0, -22.0, -np.inf]), rtol=1e-5)
    seen = learned_weights(jnp.array([-30.0, -19.0, 5.0]), MASK, "sigmoid")
    np.testing.assert_allclose(seen, expit([-30.0, -19.0, -np.inf]), rtol=1e-5)


def test_slopes_of_sunken_scores_are_those_of_the_weights() -> None:
    scores, step = np.array([-90.0, -92.0, 5.0]), 1e-4
    with jax.enable_x64(True):
        slopes = jax.jacrev(lambda scores: learned_weights(scores, MASK, "sigmoid"))(jnp.asarray(scores))
        ends = [learned_weights(jnp.asarray(scores + step * side), MASK, "sigmoid") for side in np.eye(3)]
        start = learned_weights(jnp.asarray(scores), MASK, "sigmoid")
        rises = [(np.asarray(end) - np.asarray(start)) / step for end in ends]
    np.testing.assert_allclose(slopes.T, rises, rtol=1e-3, atol=1e-14)


def test_no_track_has_no_weight_and_no_slope() -> None:
    nothing = jnp.zeros(3, bool)
    slopes = jax.jacrev(lambda scores: learned_weights(scores, nothing, "sigmoid"))(jnp.full(3, -90.0))
    np.testing.assert_array_equal(learned_weights(jnp.full(3, -90.0), nothing, "sigmoid"), np.zeros(3))
    np.testing.assert_array_equal(slopes, np.zeros((3, 3)))


def test_the_vertex_and_its_slopes_do_not_know_how_far_the_scores_sank(toy_jets) -> None:
    """In single precision, where a sigmoid of -90 is zero."""
    jets = toy_jets(jets=1, tracks=4, seed=3)
    tracks = Tracks(*(np.asarray(of_all[0], np.float32) for of_all in (jets.parameters, jets.covariance)))
    mask = jnp.ones(4, bool)

    def position(scores: jax.Array) -> jax.Array:
        return fit_vertex(tracks, learned_weights(scores, mask, "sigmoid")).position

    scores = jnp.array([0.0, 1.0, -0.5, 0.3])
    (high, rises), (low, falls) = (
        (position(scores - down), jax.jacrev(position)(scores - down)) for down in (25.0, 90.0)
    )
    assert np.isfinite(falls).all()
    np.testing.assert_allclose(low, high, rtol=1e-4)
    np.testing.assert_allclose(falls, rises, rtol=1e-3, atol=1e-6)


def test_none_counts_every_real_track() -> None:
    np.testing.assert_array_equal(given_weights(MASK, None, "none"), [1, 1, 0])


def test_perfect_is_the_truth_of_real_tracks() -> None:
    np.testing.assert_array_equal(given_weights(MASK, jnp.array([0.0, 1.0, 1.0]), "perfect"), [0, 1, 0])


def test_perfect_needs_the_truth() -> None:
    with pytest.raises(ArgumentError, match="perfect_weights, found none"):
        given_weights(MASK, None, "perfect")
