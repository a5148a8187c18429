"""The track's contribution against the helix itself and against automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.tracks import CURVATURE_CONSTANT, point_at_arc_length
from ndive.vertexing.algebra import stacked, stacked_rows
from ndive.vertexing.chi2 import curvatures, helices, linearised

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


def impact(v, m):
    return stacked(linearised(tuple(v), helices(tuple(v), tuple(m), jnp.asarray(BEND))).h)


def test_the_helix_with_these_impact_parameters_passes_through_the_vertex(cases):
    v, m, _ = cases
    h = jax.vmap(impact)(v, m)
    helix = jax.vmap(lambda v, m: helices(tuple(v), tuple(m), jnp.asarray(BEND)))(v, m)
    parameters = jnp.concatenate([h, m], axis=-1)
    reached = point_at_arc_length(parameters, helix.s, jnp.asarray(2.0), jnp.zeros(3))
    np.testing.assert_allclose(reached, v, atol=1e-10, rtol=1e-11)


def test_jacobians_are_those_of_automatic_differentiation(cases):
    v, m, _ = cases

    def jacobians(v, m):
        line = linearised(tuple(v), helices(tuple(v), tuple(m), jnp.asarray(BEND)))
        return stacked_rows(line.J_v), stacked_rows(line.J_m)

    ours = jax.vmap(jacobians)(v, m)
    expected = jax.vmap(jax.jacfwd(impact, argnums=(0, 1)))(v, m)
    for mine, theirs in zip(ours, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10 * np.abs(theirs).max())


def test_second_derivatives_are_those_of_automatic_differentiation(cases):
    v, m, lam = cases

    def second(v, m, lam):
        found = curvatures(helices(tuple(v), tuple(m), jnp.asarray(BEND)), tuple(lam))
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
    helix = helices((jnp.asarray(sine / curvature), 0.0, 0.0), momenta, jnp.asarray(BEND))
    np.testing.assert_allclose(helix.s, np.arcsin(sine) / curvature, rtol=2e-15 / (1 - 0.998))
    assert not helix.clipped.any()
