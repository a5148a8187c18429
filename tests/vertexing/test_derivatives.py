"""Derivatives of everything with respect to everything, against finite differences of refits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.tracks import Tracks
from ndive.vertexing import beam_spot, fit_vertex

pytestmark = pytest.mark.usefixtures("quick_compilation", "x64")

INPUTS = ("weights", "parameters", "covariance", "mean", "spot")
OUTPUTS = ("position", "covariance", "sandwich_covariance", "chi2", "track_chi2", "momenta")


def outputs(inputs, mask):
    """Each output of each jet as one row."""
    weights, parameters, covariance, mean, spot = inputs
    vertex = fit_vertex(Tracks(parameters, covariance, mask), weights, beam_spot(mean, spot))
    return {name: getattr(vertex, name).reshape(len(weights), -1) for name in OUTPUTS}


@pytest.fixture(scope="module", params=[2, 5])
def case(request, toy_jets):
    """Inputs, a direction in which each moves by a few per cent of its error, and the compiled fit.

    One track has no weight, one slot is empty.
    """
    real, slots = request.param, 7
    jets = toy_jets(jets=20, tracks=slots, seed=5, prompt=0.3)
    mask = np.broadcast_to(np.arange(slots) < real + 1, (20, slots))
    rng = np.random.default_rng(2)
    weights = rng.uniform(0.2, 1, (20, slots))
    weights[:, real] = 0.0
    sigma = np.sqrt(np.diagonal(jets.covariance, axis1=-2, axis2=-1))
    spot = np.broadcast_to(np.diag([4.0, 4.0, 900.0]), (20, 3, 3))
    mean = rng.normal(size=(20, 3))
    noise = rng.normal(size=jets.covariance.shape)
    wide = rng.normal(size=spot.shape)
    directions = (
        rng.uniform(0.1, 1, weights.shape) * (weights > 0),
        rng.normal(size=sigma.shape) * sigma,
        (noise + np.swapaxes(noise, -1, -2)) * 0.05 * sigma[..., :, None] * sigma[..., None, :],
        rng.normal(size=mean.shape),
        (wide + np.swapaxes(wide, -1, -2))
        * 0.1
        * np.sqrt(spot.max(-1)[..., :, None] * spot.max(-1)[..., None, :]),
    )
    inputs = (weights, jets.parameters, jets.covariance, mean, spot)
    return inputs, directions, jax.jit(lambda x: outputs(x, mask))


@pytest.mark.parametrize("kind", range(len(INPUTS)), ids=INPUTS)
def test_derivatives_are_those_of_refits(kind, case):
    inputs, directions, fit = case
    tangents = tuple(direction * (number == kind) for number, direction in enumerate(directions))

    def at(step):
        return fit(tuple(x + step * dx for x, dx in zip(inputs, tangents, strict=True)))

    h = 4e-3
    near, far = ([at(sign * size * h) for sign in (1, -1)] for size in (1, 2))
    _, forward = jax.jvp(fit, (inputs,), (tangents,))
    _, pull_back = jax.vjp(fit, inputs)
    cotangent = np.random.default_rng(3)
    for name in OUTPUTS:
        expected = (8 * (near[0][name] - near[1][name]) - (far[0][name] - far[1][name])) / (12 * h)
        size = np.linalg.norm(expected, axis=-1)
        assert np.all(np.linalg.norm(forward[name] - expected, axis=-1) <= 1e-5 * size + 1e-11), name
        weight = jnp.asarray(cotangent.normal(size=expected.shape))
        (back,) = pull_back({other: weight if other == name else 0 * near[0][other] for other in OUTPUTS})
        slope = (back[kind] * directions[kind]).reshape(len(expected), -1).sum(axis=-1)
        scale = np.linalg.norm(weight, axis=-1) * size
        assert np.all(np.abs(slope - (weight * expected).sum(axis=-1)) <= 1e-5 * scale + 1e-10), name


def test_the_pull_back_to_a_covariance_is_symmetric(case):
    inputs, _, fit = case

    def total(V):
        found = fit((*inputs[:2], V, *inputs[3:]))
        return jnp.sum(found["position"] ** 2) + jnp.sum(found["covariance"]) + jnp.sum(found["momenta"] ** 3)

    slope = np.asarray(jax.grad(total)(inputs[2]))
    assert np.abs(slope).max() > 0
    np.testing.assert_allclose(slope, np.swapaxes(slope, -1, -2), rtol=1e-12)


def test_second_derivatives_in_the_weights_are_those_of_gradients(toy_jets):
    jets = toy_jets(jets=1, tracks=4, seed=8, prompt=0.3)
    weights = jnp.asarray([0.9, 0.4, 0.7, 0.0])

    @jax.jit
    def position(w):
        return fit_vertex(Tracks(jets.parameters[0], jets.covariance[0]), w).position

    slope, curvature = jax.jit(jax.jacrev(position)), jax.jit(jax.hessian(position))(weights)
    h = 1e-3
    for i in range(3):
        move = jnp.zeros(4).at[i].set(h)
        near, far = (
            slope(weights + move) - slope(weights - move),
            slope(weights + 2 * move) - slope(weights - 2 * move),
        )
        expected = np.asarray(8 * near - far) / (12 * h)
        np.testing.assert_allclose(
            curvature[:, :, i], expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max()
        )
