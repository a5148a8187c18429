"""Residuals and pulls of toys whose scatter is known."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy.stats import kstest

from ndive import Status, Tracks, fit_vertex
from ndive.evaluation.mean import width_of
from ndive.evaluation.predictions import FittedVertices
from ndive.evaluation.quantities import chi2_probability
from ndive.evaluation.resolution import scale_factor, scaled_covariance, vertex_residuals
from tests.evaluation.toys import toy_jets, toy_vertices

JETS = toy_jets(6000, seed=11)
ALL = np.ones(6000, bool)


def test_pulls_of_toys_are_unit_gaussians():
    found = vertex_residuals(toy_vertices(JETS), JETS, ALL)
    for axis in range(3):
        assert kstest(found.sandwich_pull[:, axis], "norm").pvalue > 0.01


def test_a_covariance_too_small_widens_the_pull_alone():
    found = vertex_residuals(toy_vertices(JETS, narrow=0.1), JETS, ALL)
    for axis in range(3):
        assert width_of(found.pull[:, axis]).value == pytest.approx(10, rel=0.05)
        assert width_of(found.sandwich_pull[:, axis]).value == pytest.approx(1, rel=0.05)


def test_only_valid_fits_of_jets_with_two_tracks_from_the_vertex():
    vertices = toy_vertices(JETS)
    found = vertex_residuals(vertices, JETS, JETS.flavour == 1)
    asked = [f == 1 and w.sum() >= 2 for f, w in zip(JETS.flavour, JETS.perfect_weights, strict=True)]
    assert found.n_jets == sum(asked)
    assert len(found.residual) == sum(a and v for a, v in zip(asked, vertices.valid, strict=True))
    assert found.valid_fraction == pytest.approx(0.95, abs=0.03)


def test_residual_is_predicted_minus_true():
    vertices = toy_vertices(JETS)
    found = vertex_residuals(vertices, JETS, ALL)
    row = int(np.flatnonzero(found.jets)[0])
    np.testing.assert_allclose(found.residual[0], vertices.position[row] - JETS.hadron_vertex[row])
    assert found.distance[0] == pytest.approx(np.sqrt(np.square(found.residual[0]).sum()))


def fits(weights, chi2, ghost=None):
    """Vertices of which the weights and the chi2 matter alone."""
    weights, ones = np.array(weights, float), np.ones(len(weights))
    return FittedVertices(
        position=np.zeros((len(ones), 3)),
        covariance=np.tile(np.eye(3), (len(ones), 1, 1)),
        sandwich_covariance=np.tile(np.eye(3), (len(ones), 1, 1)),
        chi2=np.array(chi2, float),
        ndf=ones.astype(int),
        iterations=ones.astype(int),
        status=ones.astype(int),
        valid=ones.astype(bool),
        track_weights=weights,
        ghost_weight=None if ghost is None else np.array(ghost, float),
    )


@pytest.mark.parametrize("unit", [1.0, 1e-23])
def test_the_scale_factor_by_hand_in_any_unit_of_the_weights(unit):
    weights = np.array([[2, 2, 1, 9], [2, 2, 2, 0], [1, 1, 0, 0], [0, 0, 0, 0]]) * unit
    real = np.array([[1, 1, 1, 0]] * 4, bool)
    found = fits(weights, np.array([12, 2, 9, 0]) * unit)
    np.testing.assert_allclose(scale_factor(found, real), [np.sqrt(3), 1, 3, 1])
    np.testing.assert_allclose(scaled_covariance(found, real)[0], 3 * np.eye(3))


def test_the_ghost_track_counts_as_a_track():
    real = np.ones((1, 2), bool)
    np.testing.assert_allclose(scale_factor(fits([[1, 1]], [24], ghost=[0.5]), real), np.sqrt(12))


def test_the_chi2_of_fits_to_right_tracks_has_flat_probabilities(toy_jets, x64):
    jets = toy_jets(jets=2000, tracks=6, seed=6)
    weights = np.full(jets.parameters.shape[:2], 1e-3)
    vertex = jax.tree.map(np.asarray, fit_vertex(Tracks(jets.parameters, jets.covariance), weights))
    told = fits(weights, vertex.chi2)
    assert kstest(chi2_probability(told, np.ones(weights.shape, bool)), "uniform").pvalue > 0.01


def test_errors_three_times_too_small_are_told_by_the_chi2(toy_jets, x64):
    jets = toy_jets(jets=2000, tracks=12, seed=5)
    weights = np.ones(jets.parameters.shape[:2])
    measured = jets.truth + 3 * (jets.parameters - jets.truth)
    vertex = jax.tree.map(np.asarray, fit_vertex(Tracks(measured, jets.covariance), weights))
    assert (vertex.status == Status.converged).all()
    away = vertex.position - jets.vertex
    told = fits(weights, vertex.chi2)
    told = replace(told, sandwich_covariance=vertex.sandwich_covariance)
    scaled = scaled_covariance(told, np.ones(weights.shape, bool))
    for covariance, width in ((vertex.sandwich_covariance, 3), (scaled, 1)):
        pulls = away / np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        assert width_of(pulls.ravel()).value == pytest.approx(width, rel=0.05)
