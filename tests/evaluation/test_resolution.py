"""Residuals and pulls of toys whose scatter is known."""

import numpy as np
import pytest
from scipy.stats import kstest

from ndive.evaluation.mean import width_of
from ndive.evaluation.resolution import vertex_residuals
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
