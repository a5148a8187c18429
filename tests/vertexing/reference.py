"""The same fit by scipy, in other variables and with geometry of its own."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares


@dataclass(frozen=True)
class Reference:
    """Minimum found by `scipy.optimize.least_squares`."""

    position: np.ndarray
    covariance: np.ndarray
    chi2: float
    momenta: np.ndarray


def fit_by_scipy(
    perigee: Callable[..., np.ndarray],
    parameters: np.ndarray,
    covariance: np.ndarray,
    weights: np.ndarray,
    start: np.ndarray,
    prior: tuple[np.ndarray, np.ndarray] | None = None,
) -> Reference:
    """Fit the vertex and the momenta at the vertex of one jet, from `start` and the measured momenta."""
    used = weights > 0
    q, V, w = parameters[used], covariance[used], weights[used]
    whitening = np.linalg.inv(np.linalg.cholesky(V)) * np.sqrt(w)[:, None, None]

    def residuals(x: np.ndarray) -> np.ndarray:
        v, momenta = x[:3], x[3:].reshape(-1, 3)
        off = q - perigee(np.broadcast_to(v, (len(q), 3)), *momenta.T)
        off[:, 2] = (off[:, 2] + np.pi) % (2 * np.pi) - np.pi
        rows = np.einsum("nij,nj->ni", whitening, off).ravel()
        if prior is None:
            return rows
        return np.concatenate([rows, np.linalg.solve(np.linalg.cholesky(prior[1]), v - prior[0])])

    x0 = np.concatenate([start, q[:, 2:].ravel()])
    scale = np.concatenate([np.full(3, 0.1), np.sqrt(np.diagonal(V[:, 2:, 2:], axis1=1, axis2=2)).ravel()])
    found = least_squares(
        residuals, x0, jac="3-point", x_scale=scale, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=200
    )
    x = _polished(residuals, found.x, scale)
    J = _jacobian(residuals, x, scale)
    return Reference(
        position=x[:3],
        covariance=np.linalg.inv(J.T @ J)[:3, :3],
        chi2=float(np.sum(residuals(x) ** 2)),
        momenta=x[3:].reshape(-1, 3),
    )


def _jacobian(function: Callable[..., np.ndarray], x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Fourth-order central differences."""
    columns = []
    for j, h in enumerate(1e-3 * scale):
        step = np.zeros_like(x)
        step[j] = h
        near = function(x + step) - function(x - step)
        far = function(x + 2 * step) - function(x - 2 * step)
        columns.append((8 * near - far) / (12 * h))
    return np.stack(columns, axis=-1)


def _polished(function: Callable[..., np.ndarray], x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """A few Gauss–Newton steps with an accurate Jacobian."""
    for _ in range(8):
        J = _jacobian(function, x, scale) * scale
        x = x - scale * np.linalg.lstsq(J, function(x), rcond=None)[0]
    return x
