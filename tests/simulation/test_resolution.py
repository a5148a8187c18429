import numpy as np
import pytest

from ndive.simulation.layers import HALF_LENGTH, LAYERS
from ndive.simulation.resolution import atlas_covariance, shlomi_covariance

FIELD = 2.0
CURVATURE = -0.299792458e-3


def track(pt, eta, charge=1):
    theta = 2 * np.arctan(np.exp(-eta))
    return np.array([[0.0, 0.0, 0.3, theta, charge * np.sin(theta) / pt]])


def sigma_and_correlation(covariance):
    sigma = np.sqrt(np.diagonal(covariance))
    return sigma, covariance / np.outer(sigma, sigma)


def kalman_covariance(parameters, production_radius):
    """The same tracker by a Kalman filter from the outermost layer inwards, one layer at a time.

    State: offset and direction across, curvature, offset along, cot(theta), at the layer's radius.
    """
    theta, q_over_p = parameters[3], parameters[4]
    momentum = abs(1 / q_over_p)
    beta = momentum / np.hypot(momentum, 0.13957039)
    sine = np.sin(theta)
    C = np.diag([1e6, 1e1, 1.0, 1e8, 1e4])
    radius = LAYERS[-1].radius
    for layer in reversed(LAYERS):
        if layer.radius <= production_radius or layer.radius / np.tan(theta) >= HALF_LENGTH:
            continue
        C = moved(C, layer.radius - radius)
        radius = layer.radius
        for row, error in ((0, layer.transverse), (3, layer.along)):
            if error is not None:
                H = np.eye(5)[row]
                gain = C @ H / (H @ C @ H + error**2)
                kept = np.eye(5) - np.outer(gain, H)
                C = kept @ C @ kept.T + error**2 * np.outer(gain, gain)
        thickness = layer.thickness / sine
        logarithm = np.log(thickness / beta**2)
        angle = 0.0136 / (beta * momentum) * np.sqrt(thickness) * (1 + 0.038 * logarithm)
        C = C + np.diag([0, (angle / sine) ** 2, 0, 0, (angle / sine**2) ** 2])
    C = moved(C, -radius)
    slope = CURVATURE * FIELD / sine
    to_state = np.zeros((5, 5))
    to_state[0, 0] = to_state[1, 2] = to_state[3, 1] = 1
    to_state[4, 3] = -1 / sine**2
    to_state[2, 4], to_state[2, 3] = slope, -slope * q_over_p / np.tan(theta)
    from_state = np.linalg.inv(to_state)
    return from_state @ C @ from_state.T


def moved(C, step):
    F = np.eye(5)
    F[0, 1], F[0, 2], F[1, 2], F[3, 4] = step, step**2 / 2, step, step
    return F @ C @ F.T


@pytest.mark.parametrize(
    ("pt", "d0", "z0", "momentum", "d0_phi", "z0_theta"),
    [(1, 66, 129, 1.05, -0.98, 0.89), (5, 21, 76, 1.1, -0.93, 0.75), (20, 11, 71, 1.4, -0.84, 0.73)],
)
def test_atlas_resolution_at_small_eta(pt, d0, z0, momentum, d0_phi, z0_theta):
    """The table of `docs/simulation.md`: um, um, per cent, correlations."""
    parameters = track(pt, 0.2)
    sigma, correlation = sigma_and_correlation(atlas_covariance(parameters, np.zeros(1), FIELD)[0])
    assert sigma[0] * 1e3 == pytest.approx(d0, rel=0.03)
    assert sigma[1] * 1e3 == pytest.approx(z0, rel=0.02)
    assert sigma[4] / abs(parameters[0, 4]) * 100 == pytest.approx(momentum, rel=0.06)
    assert correlation[0, 2] == pytest.approx(d0_phi, abs=0.01)
    assert correlation[1, 3] == pytest.approx(z0_theta, abs=0.01)


@pytest.mark.parametrize("pt", [0.5, 3.0, 40.0])
@pytest.mark.parametrize("eta", [-0.1, 1.3, 2.3])
@pytest.mark.parametrize("radius", [0.0, 40.0, 110.0])
def test_the_fit_is_as_good_as_a_kalman_filter(pt, eta, radius):
    parameters = track(pt, eta, charge=-1)
    found = atlas_covariance(parameters, np.array([radius]), FIELD)[0]
    expected = kalman_covariance(parameters[0], radius)
    sigma = np.sqrt(np.diagonal(expected))
    np.testing.assert_allclose(found / np.outer(sigma, sigma), expected / np.outer(sigma, sigma), atol=2e-3)


@pytest.mark.parametrize("covariance", [atlas_covariance, shlomi_covariance])
def test_covariances_are_symmetric_and_positive_definite(covariance):
    generator = np.random.default_rng(1)
    theta = 2 * np.arctan(np.exp(-generator.uniform(-2.55, 2.55, 500)))
    pt = generator.exponential(5, 500) + 0.3
    q_over_p = np.where(generator.random(500) < 0.5, -1, 1) * np.sin(theta) / pt
    parameters = np.stack([0 * pt, 0 * pt, generator.uniform(-3, 3, 500), theta, q_over_p], axis=-1)
    C = covariance(parameters, generator.uniform(0, 122.5, 500), FIELD)
    np.testing.assert_array_equal(C, C.transpose(0, 2, 1))
    scale = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
    assert np.linalg.eigvalsh(C / (scale[:, :, None] * scale[:, None])).min() > 1e-6


def test_shlomi_resolution_is_that_of_the_public_sample():
    """arXiv:2008.02831: 126 um / sqrt(pT) and 48 (+) 219 / pT^0.82 um, uncorrelated."""
    C = shlomi_covariance(track(4.0, 1.0), np.zeros(1), FIELD)[0]
    sigma, correlation = sigma_and_correlation(C)
    assert sigma[0] == pytest.approx(0.063)
    assert sigma[1] == pytest.approx(np.hypot(0.048, 0.219 / 4**0.82))
    np.testing.assert_allclose(correlation, np.eye(5), atol=1e-15)
