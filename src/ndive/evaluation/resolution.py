"""How far fitted vertices lie from the true ones, and whether their errors say so."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ndive.evaluation.predictions import FittedVertices, JetTable

AXES = ("x", "y", "z")


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Predicted minus true position of the hadron's decay vertex, in x, y and z, of the valid fits.

    `residual` in mm. `pull` is residual / sigma, sigma from the covariance of the fit; `sandwich_pull`
    takes the sandwich covariance. A pull is NaN where the variance is not positive. `jets` marks the jets of
    the table that the rows belong to. `n_jets` counts the jets asked about, those without a valid fit
    included.
    """

    residual: Float[np.ndarray, "fits 3"]
    pull: Float[np.ndarray, "fits 3"]
    sandwich_pull: Float[np.ndarray, "fits 3"]
    jets: Bool[np.ndarray, " jets"]
    n_jets: int

    @property
    def distance(self) -> Float[np.ndarray, " fits"]:
        """Euclidean distance between the fitted and the true vertex, mm."""
        return np.linalg.norm(self.residual, axis=-1)

    @property
    def valid_fraction(self) -> float:
        """Share of the jets asked about that have a valid fit; NaN of none."""
        return len(self.residual) / self.n_jets if self.n_jets else float("nan")


def vertex_residuals(
    vertices: FittedVertices, jets: JetTable, chosen: Bool[np.ndarray, " jets"]
) -> Residuals:
    """Residuals and pulls of the `chosen` jets that have two tracks from the hadron's vertex."""
    asked = chosen & jets.has_vertex
    fitted = asked & vertices.valid
    residual = np.asarray(vertices.position[fitted] - jets.hadron_vertex[fitted], float)
    return Residuals(
        residual=residual,
        pull=pulls(residual, vertices.covariance[fitted]),
        sandwich_pull=pulls(residual, vertices.sandwich_covariance[fitted]),
        jets=fitted,
        n_jets=int(asked.sum()),
    )


def scaled_covariance(
    vertices: FittedVertices, real: Bool[np.ndarray, "jets slots"]
) -> Float[np.ndarray, "jets 3 3"]:
    """The sandwich covariance times the square of the `scale_factor`, mm²: for tracks that may be wrong.

    `real` are the slots with a track.
    """
    return scale_factor(vertices, real)[:, None, None] ** 2 * np.asarray(vertices.sandwich_covariance, float)


def scale_factor(
    vertices: FittedVertices, real: Bool[np.ndarray, "jets slots"]
) -> Float[np.ndarray, " jets"]:
    """By how much the tracks disagree more than their errors say, at least 1.

    S² = χ² / ν, as the Particle Data Group scales the errors of means (Review of Particle Physics,
    Introduction), with weights over the largest in χ² and in the degrees of freedom ν = 2 Σ w - 3, at least
    one; weights below one leave a little more, which is on the safe side. `real` are the slots with a track;
    the ghost track counts as one.
    """
    chi2, freedom = relative_chi2(vertices, real)
    return np.sqrt(np.maximum(chi2 / np.maximum(freedom, 1), 1))


def relative_chi2(
    vertices: FittedVertices, real: Bool[np.ndarray, "jets slots"]
) -> tuple[Float[np.ndarray, " jets"], Float[np.ndarray, " jets"]]:
    """χ² with the weights w over the jet's largest, and its degrees of freedom 2 Σ w - 3, at least zero."""
    weights = np.where(real, np.asarray(vertices.track_weights, float), 0.0)
    if vertices.ghost_weight is not None:
        weights = np.concatenate([weights, np.asarray(vertices.ghost_weight, float)[:, None]], axis=1)
    largest = weights.max(axis=1, initial=0.0)
    total = np.stack([vertices.chi2, weights.sum(axis=1)])
    chi2, shares = np.divide(total, largest, where=largest > 0, out=np.zeros_like(total))
    return chi2, np.maximum(2 * shares - 3, 0)


def pulls(
    residual: Float[np.ndarray, "fits 3"], covariance: Float[np.ndarray, "fits 3 3"]
) -> Float[np.ndarray, "fits 3"]:
    """Residuals over their errors in x, y and z; NaN where a variance is not positive."""
    variance = np.diagonal(np.asarray(covariance, float), axis1=-2, axis2=-1)
    return residual / np.sqrt(np.where(variance > 0, variance, np.nan))


def mahalanobis(
    residual: Float[np.ndarray, "jets 3"], covariance: Float[np.ndarray, "jets 3 3"]
) -> Float[np.ndarray, " jets"]:
    """(r − v)ᵀ C⁻¹ (r − v); NaN where C is not positive definite."""
    eigenvalues, directions = np.linalg.eigh(np.nan_to_num(np.asarray(covariance, float)))
    turned = np.einsum("jik,ji->jk", directions, residual)
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = (turned**2 / eigenvalues).sum(axis=-1)
    return np.where((eigenvalues > 0).all(axis=-1), squared, np.nan)
