import numpy as np
import pytest

from ndive.data.conversion import origin_classes, perfect_weights, to_tracks
from ndive.schema import load_schema

D0, Z0, PHI, THETA, QOVERP = range(5)


@pytest.fixture
def columns():
    """Two slots of one jet, the second of them padding."""
    values = {
        "d0": 0.1, "z0": -2.0, "phi": 3.0, "theta": 1.2, "qOverP": -0.5,
        "d0Uncertainty": 0.02, "z0Uncertainty": 0.1, "phiUncertainty": 0.001, "thetaUncertainty": 0.002,
        "qOverPUncertainty": 0.003, "corr_d0_phi": -0.9, "corr_z0_theta": 0.8, "corr_theta_qOverP": 0.25,
    }  # fmt: skip
    made = {name: np.array([[value, np.nan]]) for name, value in values.items()}
    return made | {"valid": np.array([[True, False]])}


def test_covariance_by_hand(columns):
    tracks = to_tracks(columns, 2.0)
    by_hand = np.diag([4e-4, 1e-2, 1e-6, 4e-6, 9e-6])
    by_hand[D0, PHI] = by_hand[PHI, D0] = -0.9 * 0.02 * 0.001
    by_hand[Z0, THETA] = by_hand[THETA, Z0] = 0.8 * 0.1 * 0.002
    by_hand[THETA, QOVERP] = by_hand[QOVERP, THETA] = 0.25 * 0.002 * 0.003
    np.testing.assert_allclose(tracks.covariance[0, 0], by_hand, rtol=1e-12)
    np.testing.assert_array_equal(tracks.parameters[0, 0], [0.1, -2.0, 3.0, 1.2, -0.5])


def test_padding_is_finite_and_masked(columns):
    tracks = to_tracks(columns, 3.8)
    assert tracks.mask.tolist() == [[True, False]]
    np.testing.assert_array_equal(tracks.parameters[0, 1], [0, 0, 0, np.pi / 2, 0])
    np.testing.assert_array_equal(tracks.covariance[0, 1], np.eye(5))
    assert tracks.field.tolist() == [3.8]
    assert tracks.reference.tolist() == [[0, 0, 0]]


def test_perfect_weights_by_hand():
    made_at = np.array([[5.0, 5.0009, 5.0011, 4.0, 5.0], [0.0, 0.0005, 0.5, 0.0, 0.0]])
    mask = np.array([[True, True, True, True, False]] * 2)
    weights = perfect_weights(made_at, np.array([5.0, 0.0]), mask)
    assert weights.tolist() == [[1, 1, 0, 0, 0], [1, 1, 0, 1, 0]]


def test_origin_classes_are_those_of_the_field():
    """From b, from c, primary and other are 0 to 3; fakes, pile-up, tau and the rest are other."""
    labels = np.array([0, 1, 2, 3, 4, 5, 6, 7, -1, 8, -7, 1000])
    assert origin_classes(labels, load_schema()).tolist() == [3, 3, 2, 0, 1, 1, 3, 3, -1, -1, -1, -1]
