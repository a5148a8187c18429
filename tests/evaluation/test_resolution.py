"""Residuals and pulls of toys whose scatter is known."""

import numpy as np
import pytest
from scipy.stats import kstest

from ndive.evaluation.resolution import central_half_width, vertex_residuals
from tests.evaluation.toys import toy_jets, toy_vertices

JETS = toy_jets(6000, seed=11)
ALL = np.ones(6000, bool)


def test_pulls_of_toys_are_unit_gaussians():
    found = vertex_residuals(toy_vertices(JETS), JETS, ALL)
    for axis in range(3):
        assert kstest(found.sandwich_pull[:, axis], "norm").pvalue > 0.01


def test_a_covariance_too_small_widens_the_pull_alone():
    found = vertex_residuals(toy_vertices(JETS, narrow=0.1), JETS, ALL)
    np.testing.assert_allclose(central_half_width(found.pull), 10, rtol=0.05)
    np.testing.assert_allclose(central_half_width(found.sandwich_pull), 1, rtol=0.05)


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


def test_half_width_is_sigma_for_a_gaussian_and_half_for_two_tails():
    values = np.random.default_rng(12).normal(3, 2, 200_000)
    assert central_half_width(values) == pytest.approx(2, rel=0.01)
    assert central_half_width(np.linspace(0, 1, 10_001)) == pytest.approx(0.6826894921 / 2, abs=1e-4)
    assert np.isnan(central_half_width(np.zeros((0, 3)))).all()
