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
        pull=_pull(residual, vertices.covariance[fitted]),
        sandwich_pull=_pull(residual, vertices.sandwich_covariance[fitted]),
        jets=fitted,
        n_jets=int(asked.sum()),
    )


def _pull(residual: Float[np.ndarray, "fits 3"], covariance: Float[np.ndarray, "fits 3 3"]) -> np.ndarray:
    variance = np.diagonal(np.asarray(covariance, float), axis1=-2, axis2=-1)
    return residual / np.sqrt(np.where(variance > 0, variance, np.nan))
