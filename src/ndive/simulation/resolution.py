"""Covariance of the five track parameters, as a function of the true track.

Parameters are those of `ndive.tracks.conventions`: d0, z0 in mm, phi, theta in rad, q/p in 1/GeV.
"""

import numpy as np
from jaxtyping import Float

from ndive.simulation.layers import HALF_LENGTH, LAYERS
from ndive.tracks import CURVATURE_CONSTANT, PION_MASS

RADII = np.array([layer.radius for layer in LAYERS])
THICKNESS = np.array([layer.thickness for layer in LAYERS])
TRANSVERSE = np.array([index for index, layer in enumerate(LAYERS) if layer.transverse is not None])
ALONG = np.array([index for index, layer in enumerate(LAYERS) if layer.along is not None])
UNSEEN = 1e6
"""Error in mm of a measurement that does not exist."""

# A track with too few measurements keeps finite errors: 1 m, 1 m, 1 rad, 1 rad, 10/GeV.
WEAK_PRIOR = np.diag([1e-6, 1e-6, 1.0, 1.0, 1e-2])


def atlas_covariance(
    parameters: Float[np.ndarray, "n 5"], production_radius: Float[np.ndarray, " n"], field: float
) -> Float[np.ndarray, "n 5 5"]:
    """Covariance of a weighted least-squares fit to the hits on the layers of `ndive.simulation.layers`.

    C = (Hᵀ V⁻¹ H)⁻¹, H the derivatives of the hits with respect to the parameters, V the hits' covariance:
    their resolution, and multiple scattering that correlates all hits behind a layer (Billoir, Nucl. Instrum.
    Meth. 225 (1984) 352; PDG review, "Passage of particles through matter", Highland's formula). Layers
    inside `production_radius` (mm) or beyond the end of the tracker are left out.
    """
    theta, q_over_p = parameters[:, 3], parameters[:, 4]
    sine, cosine = np.sin(theta)[:, None], np.cos(theta)[:, None]
    passed = (production_radius[:, None] < RADII) & (RADII * np.abs(cosine) < HALF_LENGTH * sine)
    scatter = np.where(passed, _scattering_angle(q_over_p[:, None], THICKNESS / sine), 0.0) ** 2

    lever = np.maximum(RADII[:, None] - RADII, 0.0)
    common = np.einsum("nj,ij,kj->nik", scatter, lever, lever)
    across, along = np.ix_(TRANSVERSE, TRANSVERSE), np.ix_(ALONG, ALONG)
    transverse = common[:, *across] / sine[:, :, None] ** 2
    longitudinal = common[:, *along] / sine[:, :, None] ** 4
    transverse += _diagonal([LAYERS[index].transverse for index in TRANSVERSE], passed[:, TRANSVERSE])
    longitudinal += _diagonal([LAYERS[index].along for index in ALONG], passed[:, ALONG])

    bend = CURVATURE_CONSTANT * field / sine * RADII[TRANSVERSE] ** 2 / 2
    slope = -bend * q_over_p[:, None] * cosine / sine
    zero, one = np.zeros_like(bend), np.ones_like(bend)
    H = np.stack([one, zero, zero + RADII[TRANSVERSE], slope, bend], axis=-1)
    flat = np.zeros((len(parameters), len(ALONG)))
    K = np.stack([flat, flat + 1, flat, -RADII[ALONG] / sine**2, flat], axis=-1)
    information = WEAK_PRIOR + _information(H, transverse) + _information(K, longitudinal)
    covariance = np.linalg.inv(information)
    return (covariance + covariance.transpose(0, 2, 1)) / 2


def shlomi_covariance(
    parameters: Float[np.ndarray, "n 5"], production_radius: Float[np.ndarray, " n"], field: float
) -> Float[np.ndarray, "n 5 5"]:
    """Diagonal covariance with the d0 and z0 resolution of the public sample (arXiv:2008.02831).

    sigma(d0) = 126 um / sqrt(pT), sigma(z0) = 48 um (+) 219 um / pT^0.82, pT in GeV. The errors of phi,
    theta and q/p are those of `atlas_covariance` for a track from the origin.
    """
    pt = np.sin(parameters[:, 3]) / np.abs(parameters[:, 4])
    variance = np.diagonal(
        atlas_covariance(parameters, 0 * production_radius, field), axis1=1, axis2=2
    ).copy()
    variance[:, 0] = 0.126**2 / pt
    variance[:, 1] = 0.048**2 + (0.219 / pt**0.82) ** 2
    return variance[:, :, None] * np.eye(5)


def _scattering_angle(
    q_over_p: Float[np.ndarray, "n #layers"], thickness: Float[np.ndarray, "n layers"]
) -> Float[np.ndarray, "n layers"]:
    """Width in rad of the projected angle behind `thickness` radiation lengths, for a pion (Highland)."""
    momentum = 1 / np.abs(q_over_p)
    beta = momentum / np.hypot(momentum, PION_MASS)
    return 0.0136 / (beta * momentum) * np.sqrt(thickness) * (1 + 0.038 * np.log(thickness))


def _diagonal(
    errors: list[float | None], passed: Float[np.ndarray, "n hits"]
) -> Float[np.ndarray, "n hits hits"]:
    sigma = np.where(passed, np.array(errors, dtype=float), UNSEEN)
    return sigma[:, :, None] ** 2 * np.eye(sigma.shape[1])


def _information(
    H: Float[np.ndarray, "n hits 5"], V: Float[np.ndarray, "n hits hits"]
) -> Float[np.ndarray, "n 5 5"]:
    return H.transpose(0, 2, 1) @ np.linalg.solve(V, H)
