"""Momentum and mass by hand, against sums of four-vectors in double precision, and through the fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.tracks import PION_MASS, Tracks
from ndive.vertexing import fit_vertex, four_momentum, invariant_mass


def random_momenta(seed, shape=(50, 6), spread=0.1):
    rng = np.random.default_rng(seed)
    phi, theta = 0.4 + rng.normal(0, spread, shape), 1.1 + rng.normal(0, spread, shape)
    return np.stack([phi, theta, rng.choice([-1, 1], shape) / rng.exponential(5, shape)], axis=-1)


def by_sums(momenta, selected, masses):
    """Four-vectors added one by one in double precision."""
    phi, theta, q_over_p = np.moveaxis(np.asarray(momenta, float), -1, 0)
    p = selected / np.abs(q_over_p)
    energy = selected * np.hypot(1 / np.abs(q_over_p), masses)
    vectors = [p * np.sin(theta) * np.cos(phi), p * np.sin(theta) * np.sin(phi), p * np.cos(theta), energy]
    return np.stack([vector.sum(axis=-1) for vector in vectors], axis=-1)


def test_two_pions_back_to_back_have_twice_their_energy():
    momenta = jnp.array([[0.0, np.pi / 2, 0.5], [np.pi, np.pi / 2, -0.5]])
    selected = np.array([True, True])
    assert invariant_mass(momenta, selected) == pytest.approx(2 * np.hypot(2, PION_MASS), rel=1e-6)
    np.testing.assert_allclose(
        four_momentum(momenta, selected), [0, 0, 0, 2 * np.hypot(2, PION_MASS)], atol=1e-6
    )


def test_one_track_has_its_own_mass_and_none_has_none():
    momenta = jnp.array([[0.3, 1.0, 0.01], [0.0, 0.0, 0.0]])
    assert invariant_mass(momenta, np.array([True, False]), 0.4937) == pytest.approx(0.4937, rel=1e-5)
    assert invariant_mass(momenta, np.array([False, False])) == 0
    gradient = jax.grad(invariant_mass)(momenta, np.array([False, False]))
    assert np.all(gradient == 0)


@pytest.mark.parametrize("spread", [0.1, 1e-3])
def test_single_precision_has_the_mass_of_double_precision_sums(spread):
    """Collimated tracks too, where E² - p² would have no digit left."""
    momenta = random_momenta(1, spread=spread).astype(np.float32)
    rng = np.random.default_rng(2)
    selected, masses = (
        rng.random(momenta.shape[:-1]) < 0.7,
        rng.choice([0.13957, 0.49368], momenta.shape[:-1]),
    )
    total = by_sums(momenta, selected, masses)
    mass = np.sqrt(np.maximum(total[:, 3] ** 2 - (total[:, :3] ** 2).sum(axis=-1), 0))
    found = invariant_mass(jnp.asarray(momenta), selected, masses)
    np.testing.assert_allclose(found, mass, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(four_momentum(jnp.asarray(momenta), selected, masses), total, rtol=1e-5)


@pytest.mark.usefixtures("x64")
def test_the_mass_follows_the_weights_through_the_fit(toy_jets):
    jets = toy_jets(jets=1, tracks=4, seed=3)
    tracks = Tracks(jets.parameters[0], jets.covariance[0])

    @jax.jit
    @jax.value_and_grad
    def mass(weights):
        return invariant_mass(fit_vertex(tracks, weights).momenta, tracks.mask)

    weights = jnp.array([0.3, 0.9, 0.5, 0.7])
    slope = mass(weights)[1]
    for i in range(4):
        step = jnp.zeros(4).at[i].set(1e-3)
        difference = mass(weights + step)[0] - mass(weights - step)[0]
        assert slope[i] == pytest.approx(float(difference) / 2e-3, rel=1e-4)
