"""Impact parameters against a search along the helix, straight tracks by hand, and refits of the errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import chi2, kstest

from ndive.tracks import Tracks, impact_parameters, point_at_arc_length

pytestmark = pytest.mark.usefixtures("x64", "quick_compilation")

POINT = np.array([0.3, -0.2, 0.5])


@pytest.fixture(scope="module")
def tracks(toy_jets):
    with jax.enable_x64(True):
        jets = toy_jets(jets=3, tracks=4, seed=5, flight=8.0, pt=1.0)
        mask = np.ones((3, 4), bool)
        mask[2, 3] = False
        return Tracks(jets.parameters, jets.covariance, mask)


def test_the_closest_point_is_that_of_a_search_along_the_helix(tracks):
    found = impact_parameters(tracks, POINT)
    for index in np.argwhere(tracks.mask):
        parameters = tracks.parameters[tuple(index)]

        def away(arc, parameters=parameters):
            there = point_at_arc_length(parameters, jnp.asarray(float(arc)), jnp.asarray(2.0), jnp.zeros(3))
            return float(jnp.sum((there - POINT) ** 2))

        search = minimize_scalar(away, bracket=(-1, 1), options={"xtol": 1e-12})
        assert found.distance[tuple(index)] == pytest.approx(search.fun**0.5, rel=1e-9)
        closest, direction = found.closest[tuple(index)], found.direction[tuple(index)]
        assert np.linalg.norm(direction) == pytest.approx(1)
        assert abs(closest @ direction) < 1e-9


def test_a_straight_track_by_hand():
    """d0 = 3 mm and z0 sin(theta) = 4 mm make 5 mm, with the errors weighed 3 : 4."""
    theta = np.pi / 6
    covariance = np.diag([0.1, 0.2 / np.sin(theta), 0, 0, 0]) ** 2
    tracks = Tracks(np.array([[3.0, 4 / np.sin(theta), 0.7, theta, 0.0]]), covariance[None])
    found = impact_parameters(tracks, np.zeros(3))
    assert found.distance[0] == pytest.approx(5)
    assert found.distance_error[0] == pytest.approx(np.hypot(0.6 * 0.1, 0.8 * 0.2))
    assert found.significance[0] == pytest.approx(5 / np.hypot(0.06, 0.16))


def test_signs_are_positive_where_the_track_comes_from_ahead(toy_jets):
    jets = toy_jets(jets=200, tracks=3, seed=6, flight=20.0, pt=3.0)
    signed = impact_parameters(Tracks(jets.truth, jets.covariance), np.zeros(3)).lifetime_signed(jets.vertex)
    far = np.abs(signed) > 3
    assert far.sum() > 500
    assert (signed > 0)[far].mean() > 0.97
    backwards = impact_parameters(Tracks(jets.truth, jets.covariance), np.zeros(3)).lifetime_signed(
        -jets.vertex
    )
    np.testing.assert_allclose(backwards[..., [0, 2]], -signed[..., [0, 2]])


def test_errors_are_those_of_smeared_tracks(toy_jets):
    jets = toy_jets(jets=1, tracks=1, seed=7, flight=8.0)
    drawn = np.random.default_rng(0).multivariate_normal(jets.truth[0, 0], jets.covariance[0, 0], 20_000)
    covariance = np.broadcast_to(jets.covariance[0], (20_000, 5, 5))
    found = impact_parameters(Tracks(drawn, covariance), np.zeros(3))
    once = impact_parameters(Tracks(jets.truth[0], jets.covariance[0]), np.zeros(3))
    assert np.std(found.distance) == pytest.approx(float(once.distance_error[0]), rel=0.03)
    assert np.std(found.d0) == pytest.approx(float(once.d0_error[0]), rel=0.03)


def test_derivatives_are_those_of_differences(tracks):
    def distance(point):
        return impact_parameters(tracks, point).distance

    slope = jax.jacrev(distance)(jnp.asarray(POINT))
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1e-5
        expected = (distance(POINT + step) - distance(POINT - step)) / 2e-5
        np.testing.assert_allclose(slope[..., axis], expected, atol=1e-6)


def test_masked_slots_and_a_track_through_the_point_are_finite(tracks):
    found, pull = jax.vjp(lambda t: impact_parameters(t, POINT).distance, tracks)
    assert found[2, 3] == 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(impact_parameters(tracks, POINT)))
    assert np.isfinite(pull(jnp.ones_like(found))[0].parameters).all()
    through = Tracks(np.array([[0, 0, 0.1, 1.0, 0.2]]), np.eye(5)[None] * 1e-4)
    gradient = jax.grad(
        lambda p: impact_parameters(Tracks(p, through.covariance), np.zeros(3)).distance.sum()
    )
    assert np.isfinite(gradient(through.parameters)).all()


@pytest.mark.parametrize("forwards", [1, -1])
def test_signs_worked_by_hand(forwards):
    """Two tracks along x: one from a decay to the upper right, one from a decay to the right and along z."""
    covariance = np.diag([0.5, 0.25, 1e-3, 1e-3, 1e-3]) ** 2
    aside = Tracks(np.array([[forwards * 1.0, 0, 0, np.pi / 2, 0]]), covariance[None])
    along = Tracks(np.array([[0, forwards * 1.0, 0, np.pi / 2, 0]]), covariance[None])
    signed = impact_parameters(aside, np.zeros(3)).lifetime_signed(np.array([1.0, 1.0, 0.0]))
    np.testing.assert_allclose(signed[0, [0, 2]], forwards * 2.0)
    signed = impact_parameters(along, np.zeros(3)).lifetime_signed(np.array([1.0, 0.0, 1.0]))
    np.testing.assert_allclose(signed[0, [1, 2]], forwards * 4.0)


@pytest.fixture(scope="module")
def prompt():
    """Ten thousand tracks measured from the origin, as wide in d0 as in z0 sin(theta), and a jet axis."""
    rng, n = np.random.default_rng(14), 10_000
    theta, phi = rng.uniform(0.5, 2.6, n), rng.uniform(-np.pi, np.pi, n)
    zero = np.zeros(n)
    truth = np.stack([zero, zero, phi, theta, rng.choice([-1.0, 1.0], n) * 0.2], axis=-1)
    errors = np.stack([zero + 0.05, 0.05 / np.sin(theta), zero + 1e-3, zero + 1e-3, zero + 2e-3], axis=-1)
    measured = truth + errors * rng.normal(size=errors.shape)
    away, higher = phi + rng.normal(0, 0.2, n), rng.normal(0, 0.2, n) - np.log(np.tan(theta / 2))
    with jax.enable_x64(True):
        found = impact_parameters(Tracks.from_errors(measured[:, None], errors[:, None]), np.zeros(3))
        return found, np.stack([np.cos(away), np.sin(away), np.sinh(higher)], axis=-1)


def test_signed_significances_of_prompt_tracks_are_unit_normal(prompt):
    found, axis = prompt
    signed = np.asarray(found.lifetime_signed(axis))[:, 0]
    for significance in signed[:, :2].T:
        assert kstest(significance, "norm").pvalue > 0.01
    assert np.mean(signed[:, 2] > 0) == pytest.approx(0.5, abs=0.02)


def test_significance_in_space_of_prompt_tracks_is_that_of_a_length_in_the_plane(prompt):
    """Two equal errors across the track: the square is a chi2 of two degrees of freedom."""
    found, _ = prompt
    assert kstest(np.asarray(found.significance)[:, 0] ** 2, chi2(2).cdf).pvalue > 0.01
