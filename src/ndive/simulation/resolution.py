"""Covariance of the five track parameters, as a function of the true track.

Parameters are those of `ndive.tracks.conventions`: d0, z0 in mm, phi, theta in rad, q/p in 1/GeV.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.simulation.layers import HALF_LENGTH, LAYERS
from ndive.tracks import CURVATURE_CONSTANT, PION_MASS

RADII = np.array([layer.radius for layer in LAYERS])
THICKNESS = np.array([layer.thickness for layer in LAYERS])
TRANSVERSE = np.array([index for index, layer in enumerate(LAYERS) if layer.transverse is not None])
ALONG = np.array([index for index, layer in enumerate(LAYERS) if layer.along is not None])
LEVER = np.maximum(RADII[:, None] - RADII, 0.0)
UNSEEN = 1e6
"""Error in mm of a measurement that does not exist."""

# A track with too few measurements keeps finite errors: 1 m, 1 m, 1 rad, 1 rad, 10/GeV.
WEAK_PRIOR = np.diag([1e-6, 1e-6, 1.0, 1.0, 1e-2])


def atlas_covariance(
    parameters: Float[np.ndarray, "n 5"], production_radius: Float[np.ndarray, " n"], field: float
) -> Float[np.ndarray, "n 5 5"]:
    """Covariance of a weighted least-squares fit to the hits on the layers of `ndive.simulation.layers`.

    C = (Hᵀ V⁻¹ H)⁻¹, H the derivatives of the hits with respect to the parameters, V the hits' covariance:
    their resolution, and multiple scattering that correlates all hits behind a layer (P. Billoir, Nucl.
    Instrum. Meth. 225 (1984) 352; Highland's formula from the PDG review, "Passage of particles through
    matter"). Layers inside `production_radius` (mm) or beyond the end of the tracker are left out.
    """
    theta, q_over_p = parameters[:, 3], parameters[:, 4]
    sine, cosine = np.sin(theta), np.cos(theta)
    reached = RADII * np.abs(cosine)[:, None] < HALF_LENGTH * sine[:, None]
    passed = reached & (production_radius[:, None] < RADII)
    kink = np.where(passed, _scattering_angle(q_over_p[:, None], THICKNESS / sine[:, None]) ** 2, 0.0)

    # Along phi a hit moves by d0 + r phi + r^2 rho / 2, along z by z0 + r cot(theta).
    across = _information(TRANSVERSE, kink / sine[:, None] ** 2, passed, "transverse", highest_power=2)
    along = _information(ALONG, kink / sine[:, None] ** 4, passed, "along", highest_power=1)
    A, B = np.zeros((len(theta), 3, 5)), np.zeros((len(theta), 2, 5))
    A[:, 0, 0] = A[:, 1, 2] = B[:, 0, 1] = 1
    A[:, 2, 4] = CURVATURE_CONSTANT * field / sine
    A[:, 2, 3] = -A[:, 2, 4] * q_over_p * cosine / sine
    B[:, 1, 3] = -1 / sine**2
    information = WEAK_PRIOR + A.transpose(0, 2, 1) @ across @ A + B.transpose(0, 2, 1) @ along @ B
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
    return 0.0136 / (beta * momentum) * np.sqrt(thickness) * (1 + 0.038 * np.log(thickness / beta**2))


def _information(
    hits: Int[np.ndarray, " hits"],
    kink: Float[np.ndarray, "n layers"],
    passed: Bool[np.ndarray, "n layers"],
    coordinate: str,
    *,
    highest_power: int,
) -> Float[np.ndarray, "n powers powers"]:
    """Hᵀ V⁻¹ H of the coefficients of 1, r, r²/2 (up to the `highest_power`) of the hits on some layers.

    `kink` is the variance of the angle by which each layer turns the track, in the plane of `coordinate`.
    """
    lever = LEVER[hits]
    pairs = lever[:, None] * lever[None]
    V = (kink @ pairs.reshape(len(hits) ** 2, -1).T).reshape(len(kink), len(hits), len(hits))
    resolution = np.array([getattr(LAYERS[hit], coordinate) for hit in hits])
    V[:, np.arange(len(hits)), np.arange(len(hits))] += np.where(passed[:, hits], resolution, UNSEEN) ** 2
    H = np.stack([np.ones(len(hits)), RADII[hits], RADII[hits] ** 2 / 2], axis=-1)[:, : highest_power + 1]
    return H.T @ np.linalg.solve(V, H[None])
