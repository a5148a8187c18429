"""The track's contribution against the helix itself and against automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.tracks import CURVATURE_CONSTANT, point_at_arc_length
from ndive.vertexing.algebra import stacked, stacked_rows
from ndive.vertexing.chi2 import curvatures, heading, helices, linearised

pytestmark = pytest.mark.usefixtures("x64")

BEND = 2.0 * CURVATURE_CONSTANT


@pytest.fixture(scope="module")
def cases():
    """Vertices up to a metre away, soft and hard and straight tracks; the last two nearly loop."""
    rng = np.random.default_rng(7)
    n = 60
    v = rng.normal(size=(n, 3)) * 10 ** rng.uniform(-2, 2.5, (n, 1))
    m = np.stack([rng.uniform(-3, 3, n), rng.uniform(0.2, 2.9, n), rng.normal(size=n)], axis=-1)
    m[:5, 2] = [0.0, 1e-12, -1e-9, 1e-6, -1e-4]
    turn = np.abs(BEND * m[:, 2] / np.sin(m[:, 1])) * np.linalg.norm(v[:, :2], axis=-1)
    m[:, 2] *= np.minimum(1, 0.9 / np.maximum(turn, 1e-30))
    return v, m, rng.normal(size=(n, 2))


def helix_of(v, m):
    phi, theta, kappa = m
    return helices(tuple(v), heading((phi, theta), (0, 0)), kappa, jnp.asarray(BEND))


def impact(v, m):
    return stacked(linearised(tuple(v), helix_of(v, m)).h)


def test_the_helix_with_these_impact_parameters_passes_through_the_vertex(cases):
    v, m, _ = cases
    h = jax.vmap(impact)(v, m)
    helix = jax.vmap(helix_of)(v, m)
    parameters = jnp.concatenate([h, m], axis=-1)
    reached = point_at_arc_length(parameters, helix.s, jnp.asarray(2.0), jnp.zeros(3))
    np.testing.assert_allclose(reached, v, atol=1e-10, rtol=1e-11)


def test_jacobians_are_those_of_automatic_differentiation(cases):
    v, m, _ = cases

    def jacobians(v, m):
        line = linearised(tuple(v), helix_of(v, m))
        return stacked_rows(line.J_v), stacked_rows(line.J_m)

    ours = jax.vmap(jacobians)(v, m)
    expected = jax.vmap(jax.jacfwd(impact, argnums=(0, 1)))(v, m)
    for mine, theirs in zip(ours, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10 * np.abs(theirs).max())


def test_second_derivatives_are_those_of_automatic_differentiation(cases):
    v, m, lam = cases

    def second(v, m, lam):
        found = curvatures(helix_of(v, m), tuple(lam))
        return [stacked_rows(jax.tree.map(lambda entry: entry + 0.0, part)) for part in found]

    def contracted(v, m, lam):
        return jnp.sum(lam * impact(v, m))

    P, N, M = jax.vmap(second)(v, m, lam)
    (vv, vm), (_, mm) = jax.vmap(jax.hessian(contracted, argnums=(0, 1)))(v, m, lam)
    for mine, theirs in ((P, vv), (N, vm), (M, mm)):
        scale = np.abs(np.asarray(theirs)).max(axis=(1, 2), keepdims=True)
        assert np.all(np.abs(np.asarray(mine) - theirs) <= 1e-9 * scale + 1e-12)


def test_the_path_of_a_strong_turn_is_the_arc():
    sine = np.array([-0.998, -0.7, -1e-3, 1e-8, 0.05, 0.3, 0.9, 0.998])
    curvature, theta = 1e-2, 1.1
    kappa = np.full(sine.shape, curvature * np.sin(theta) / BEND)
    momenta = (jnp.zeros(sine.shape), jnp.full(sine.shape, theta), jnp.asarray(kappa))
    helix = helix_of((jnp.asarray(sine / curvature), 0.0, 0.0), momenta)
    np.testing.assert_allclose(helix.s, np.arcsin(sine) / curvature, rtol=2e-15 / (1 - 0.998))
    assert not helix.loops.any()


def test_headings_keep_changes_below_the_spacing_of_their_angle():
    measured, change = np.float32(np.pi - 1e-5), np.float32(3e-9)
    exact = np.longdouble(measured) + np.longdouble(change)
    found = heading((jnp.asarray(measured),) * 2, (jnp.asarray(change),) * 2)
    assert measured + change == measured
    np.testing.assert_allclose(found.sin, np.sin(exact), rtol=1e-6)
    np.testing.assert_allclose(found.csc, 1 / np.sin(exact), rtol=1e-6)
    np.testing.assert_allclose(found.cot, np.cos(exact) / np.sin(exact), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_headings_are_those_of_the_library(dtype):
    rng = np.random.default_rng(3)
    phi = np.concatenate([rng.uniform(-10, 10, 2000), [0, np.pi, -np.pi, np.pi / 2, 1e-9, 3 * np.pi]]).astype(
        dtype
    )
    theta = np.concatenate([rng.uniform(1e-3, np.pi - 1e-3, 2000), np.full(6, 1e-5)]).astype(dtype)
    found = heading((jnp.asarray(phi), jnp.asarray(theta)), (0, 0))
    exact_phi, exact_theta = phi.astype(np.longdouble), theta.astype(np.longdouble)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(found.cos, np.cos(exact_phi), atol=4 * eps, rtol=0)
    np.testing.assert_allclose(found.sin, np.sin(exact_phi), atol=4 * eps, rtol=0)
    np.testing.assert_allclose(found.csc, 1 / np.sin(exact_theta), rtol=2e3 * eps)
    np.testing.assert_allclose(
        found.cot, np.cos(exact_theta) / np.sin(exact_theta), rtol=2e3 * eps, atol=4 * eps
    )
