"""Reliability against scikit-learn, and the calibration error by hand."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from ndive.evaluation import expected_calibration_error, reliability


def test_the_curve_is_that_of_sklearn():
    rng = np.random.default_rng(3)
    probability = rng.beta(0.5, 0.5, 4000)
    right = rng.random(4000) < probability**1.3
    found = reliability(probability, right, 12)
    observed, predicted = calibration_curve(right, probability, n_bins=12)
    np.testing.assert_allclose(found.observed, observed)
    np.testing.assert_allclose(found.predicted, predicted)
    assert found.count.sum() == 4000
    assert (found.low < found.observed).all()
    assert (found.high > found.observed).all()


def test_the_error_by_hand():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.9, 0.0, 0.1], [0.4, 0.35, 0.25], [0.2, 0.2, 0.6]])
    labels = np.array([0, 1, 0, 2])
    expected = (2 * abs(0.9 - 0.5) + abs(0.4 - 1) + abs(0.6 - 1)) / 4
    assert expected_calibration_error(probabilities, labels, 10) == pytest.approx(expected)


def test_honest_probabilities_have_almost_none():
    rng = np.random.default_rng(5)
    probabilities = rng.dirichlet((1, 1, 1), 40_000)
    labels = (probabilities.cumsum(axis=1) > rng.random((40_000, 1))).argmax(axis=1)
    assert expected_calibration_error(probabilities, labels) < 0.01
    assert np.isnan(expected_calibration_error(probabilities[:0], labels[:0]))
