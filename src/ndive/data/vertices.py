"""Fitted vertices as rows of the dataset `vertices`."""

from itertools import combinations_with_replacement

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.schema import load_schema


def vertex_rows(
    *,
    position: Float[np.ndarray, "jets 3"],
    covariance: Float[np.ndarray, "jets 3 3"],
    sandwich_covariance: Float[np.ndarray, "jets 3 3"],
    chi2: Float[np.ndarray, "jets"],
    ndf: Int[np.ndarray, "jets"],
    n_tracks: Int[np.ndarray, "jets"],
    iterations: Int[np.ndarray, "jets"],
    status: Int[np.ndarray, "jets"],
    valid: Bool[np.ndarray, "jets"],
) -> np.ndarray:
    """One structured row a vertex, lengths in mm."""
    rows = np.zeros(len(position), load_schema().dtype("vertices"))
    for i, axis in enumerate("xyz"):
        rows[axis] = position[:, i]
    for (i, a), (j, b) in combinations_with_replacement(enumerate("xyz"), 2):
        rows[f"cov_{a}{b}"] = covariance[:, i, j]
        rows[f"sandwich_cov_{a}{b}"] = sandwich_covariance[:, i, j]
    rows["chi2"], rows["ndf"], rows["n_tracks"] = chi2, ndf, n_tracks
    rows["iterations"], rows["status"], rows["valid"] = iterations, status, valid
    return rows
