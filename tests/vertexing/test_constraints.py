"""Constraints against tracks, refits and single precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import ShapeError
from ndive.tracks import Tracks
from ndive.vertexing import fit_vertex, ghost_track, line

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def jets(toy_jets):
    return toy_jets(jets=20, seed=12, tracks=4, prompt=0.2)


def axis_of(jets, rng):
    return (
        jets.vertex
        + rng.normal(size=jets.vertex.shape) * 0.05 * np.linalg.norm(jets.vertex, axis=-1)[:, None]
    )


@pytest.mark.usefixtures("x64")
def test_a_ghost_is_a_straight_track_of_known_direction(jets):
    rng = np.random.default_rng(4)
    axis, point = axis_of(jets, rng), np.array([0.02, -0.05, 0.3])
    weight = rng.uniform(0.1, 1, 20)
    found = fit_vertex(
        Tracks(jets.parameters, jets.covariance), constraint=ghost_track(axis, 0.05, 0.2, weight, point)
    )

    phi, theta = np.arctan2(axis[:, 1], axis[:, 0]), np.arctan2(np.hypot(axis[:, 0], axis[:, 1]), axis[:, 2])
    d0 = point[1] * np.cos(phi) - point[0] * np.sin(phi)
    z0 = point[2] - (point[0] * np.cos(phi) + point[1] * np.sin(phi)) / np.tan(theta)
    ghost = np.stack([d0, z0, phi, theta, np.zeros(20)], axis=-1)
    errors = np.broadcast_to(np.diag(np.array([0.05, 0.2, 1e-8, 1e-8, 1e-8]) ** 2), (20, 1, 5, 5))
    tracks = Tracks(
        np.concatenate([ghost[:, None], jets.parameters], axis=1),
        np.concatenate([errors, jets.covariance], axis=1),
    )
    expected = fit_vertex(tracks, np.concatenate([weight[:, None], np.ones((20, 4))], axis=1))
    assert np.all(found.valid & expected.valid)
    assert np.all(found.ndf == expected.ndf)
    np.testing.assert_allclose(found.position, expected.position, atol=1e-7)
    np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.chi2, expected.chi2, rtol=1e-8)


@pytest.mark.usefixtures("x64")
def test_the_weight_of_a_ghost_has_the_slope_of_refits(jets):
    axis = axis_of(jets, np.random.default_rng(4))

    @jax.jit
    def position(weight):
        tracks = Tracks(jets.parameters, jets.covariance)
        return fit_vertex(tracks, constraint=ghost_track(axis, 0.05, 0.2, weight)).position

    weight, h = jnp.full(20, 0.4), 1e-3
    _, slope = jax.jvp(position, (weight,), (jnp.ones(20),))
    near, far = (
        position(weight + h) - position(weight - h),
        position(weight + 2 * h) - position(weight - 2 * h),
    )
    np.testing.assert_allclose(slope, (8 * near - far) / (12 * h), rtol=1e-6, atol=1e-9)


def test_a_line_of_condition_number_1e8_survives_single_precision(jets):
    axis = axis_of(jets, np.random.default_rng(6))
    found = {}
    for dtype in (np.float32, np.float64):
        with jax.enable_x64(dtype is np.float64):
            tracks = Tracks(jets.parameters.astype(dtype), jets.covariance.astype(dtype))
            constraint = line(np.zeros(3, dtype), axis.astype(dtype), width=0.01, length=100.0)
            vertex = fit_vertex(tracks, constraint=constraint)
            assert np.all(vertex.valid)
            found[dtype] = np.asarray(vertex.position), np.asarray(vertex.covariance)
    assert np.linalg.cond(np.asarray(constraint.information)) == pytest.approx(1e8, rel=1e-3)
    (position, covariance), (single, _) = found[np.float64], found[np.float32]
    off = single - position
    square = np.einsum("ji,ji->j", off, np.linalg.solve(covariance, off[..., None])[..., 0])
    assert np.sqrt(square.max()) < 0.005


@pytest.mark.parametrize(("axis", "point"), [(np.ones(2), np.zeros(3)), (np.ones(3), np.zeros(2))])
def test_a_ghost_takes_three_numbers(axis, point):
    with pytest.raises(ShapeError, match="ghost track of shapes"):
        ghost_track(axis, 0.1, 0.1, point=point)
