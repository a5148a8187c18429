"""The inputs of the networks, worked by hand."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from ndive.models.features import (
    FEATURE_NAMES,
    ghost_features,
    propagated_features,
    track_features,
)
from ndive.tracks import Jet, Tracks
from tests.models.jets import random_jet, with_slots

PHI, THETA, KAPPA = 0.5, 1.2, -0.25


def one_track_jet(*, d0: float = 0.3, z0: float = -0.8, field: float = 2.0) -> Jet:
    covariance = np.diag([0.02, 0.1, 1e-3, 2e-3, 5e-3]) ** 2
    covariance[3, 4] = covariance[4, 3] = 0.4 * 2e-3 * 5e-3
    tracks = Tracks(np.array([[d0, z0, PHI, THETA, KAPPA]]), covariance[None], field=field)
    return Jet(jnp.asarray(50.0), jnp.asarray(0.7), jnp.asarray(0.9), tracks)


def feature(jet: Jet, name: str) -> float:
    return float(track_features(jet)[0, FEATURE_NAMES.index(name)])


def test_each_input_of_one_track() -> None:
    jet = one_track_jet()
    pt, eta = np.sin(THETA) / 0.25, -np.log(np.tan(THETA / 2))
    expected = {
        "pt": pt,
        "d0": 0.3,
        "z0": -0.8,
        "phi": PHI,
        "theta": THETA,
        "rho": 0.299792458e-3 * 2 * 0.25 / np.sin(THETA),
        "log_pt_fraction": np.log(pt / 50),
        "dr": np.hypot(eta - 0.7, PHI - 0.9),
        "d0_error": 0.02,
        "z0_error": 0.1,
        "phi_error": 1e-3,
        "theta_error": 2e-3,
        "d0_significance": 15.0,
        "z0_significance": -8.0 if eta < 0.7 else 8.0,
        "log_jet_pt": np.log(50),
        "jet_eta": 0.7,
    }
    for name, value in expected.items():
        assert feature(jet, name) == pytest.approx(value, rel=2e-5), name


def test_errors_of_pt_and_curvature_against_a_sample_of_the_covariance() -> None:
    jet = one_track_jet()
    rng = np.random.default_rng(1)
    block = np.asarray(jet.tracks.covariance)[0, 3:, 3:]
    theta, kappa = rng.multivariate_normal([THETA, KAPPA], block, 400_000).T
    assert feature(jet, "pt_error") == pytest.approx(np.std(np.sin(theta) / np.abs(kappa)), rel=0.01)
    assert feature(jet, "rho_error") == pytest.approx(
        np.std(0.299792458e-3 * 2 * kappa / np.sin(theta)), rel=0.01
    )


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_lifetime_sign_is_that_of_the_point_ahead_along_the_axis(side: float) -> None:
    """The perigee (-d0 sin phi, d0 cos phi) has a positive projection on the jet axis, or a negative one."""
    jet = one_track_jet(d0=0.3 * side)
    perigee = 0.3 * side * np.array([-np.sin(PHI), np.cos(PHI)])
    ahead = perigee @ np.array([np.cos(0.9), np.sin(0.9)])
    assert np.sign(feature(jet, "d0_significance")) == np.sign(ahead)


def test_masked_slots_are_zero_whatever_they_hold() -> None:
    jet = random_jet(3, seed=1)
    for garbage in (0.0, 1e30, np.nan):
        rows = track_features(with_slots(jet, 5, garbage))
        np.testing.assert_array_equal(rows[:3], track_features(jet))
        np.testing.assert_array_equal(rows[3:], 0)


def test_propagation_replaces_the_five_parameters_only() -> None:
    jet = random_jet(4, seed=2)
    before = np.asarray(track_features(jet))
    there = jet.tracks.at(jnp.array([2.0, -1.0, 3.0]))
    after = np.asarray(propagated_features(jnp.asarray(before), there))
    np.testing.assert_array_equal(after[:, 1:5], there.parameters[:, :4])
    np.testing.assert_allclose(after[:, 5], before[:, 5], rtol=1e-6)
    kept = [k for k in range(18) if k not in range(1, 6)]
    np.testing.assert_array_equal(after[:, kept], before[:, kept])


def test_all_inputs_about_a_vertex_are_those_of_the_propagated_track() -> None:
    jet = random_jet(4, seed=2)
    there = jet.tracks.at(jnp.array([2.0, -1.0, 3.0]))
    rows = np.asarray(track_features(replace(jet, tracks=there)))
    errors = np.sqrt(np.diagonal(np.asarray(there.covariance), axis1=-2, axis2=-1))
    np.testing.assert_allclose(rows[:, 9:13], errors[:, :4], rtol=1e-6)
    significance = np.abs(np.asarray(there.parameters))[:, 0] / errors[:, 0]
    np.testing.assert_allclose(np.abs(rows[:, 14]), significance, rtol=1e-5)


def test_ghost_lies_along_the_axis_with_mean_errors() -> None:
    jet = random_jet(4, seed=3)
    rows = np.asarray(track_features(jet))
    ghost = np.asarray(ghost_features(with_slots(jet, 6, 7.0), jnp.pad(jnp.asarray(rows), ((0, 2), (0, 0)))))[
        0
    ]
    axis = [60, 0, 0, -0.7, 2 * np.arctan(np.exp(-0.4)), 0, 0, 0]
    np.testing.assert_allclose(ghost[:8], axis, rtol=1e-6)
    np.testing.assert_allclose(ghost[8:14], rows[:, 8:14].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(ghost[14:], [0, 0, np.log(60), 0.4], rtol=1e-6)


def test_a_straight_track_has_finite_inputs() -> None:
    tracks = Tracks.from_errors(np.array([[0.1, 0.2, 0.3, 1.0, 0.0]]), np.full((1, 5), 0.01))
    jet = Jet(jnp.asarray(50.0), jnp.asarray(0.7), jnp.asarray(0.9), tracks)
    assert np.all(np.isfinite(track_features(jet)))
