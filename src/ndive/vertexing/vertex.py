"""The result of a fit, and how it ended."""

from enum import IntEnum

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float, Int


class Status(IntEnum):
    """How the fit of one jet ended. Only `converged` gives a valid vertex."""

    converged = 0
    """The minimum was reached."""
    step_limit = 1
    """The steps were used up: give more with `max_steps`, or a better `start`."""
    undetermined = 2
    """Tracks and constraint together leave the vertex free: it takes two tracks, or one and a line."""
    covariance_not_positive_definite = 3
    """A real track has such a covariance, whatever its weight."""
    singular_normal_matrix = 4
    """The tracks do not fix the vertex: they are parallel, or one outweighs all others."""
    indefinite_hessian = 5
    """The point is a saddle, not a minimum."""
    looper_clipped = 6
    """A track with weight turns by a quarter before it reaches the vertex, winds around the reference, or is
    fitted more than half a turn off its measured phi."""
    negative_weight = 7
    """A weight is below zero."""
    not_finite = 8
    """An input of a real track, a weight or the constraint is NaN or infinite, or the result would be."""
    theta_out_of_range = 9
    """The measured theta of a real track is not between 0 and pi; a fitted one may go beyond."""
    precision_limit = 10
    """Rounding may move the vertex by 0.008 of its error, in float64 by 2e-5: `docs/fit.md`, (17b)."""


class Vertex(eqx.Module):
    """Fitted vertices, one a jet; `[...]` are the leading axes of the tracks and weights together.

    A jet whose `status` is not `Status.converged` has the position where its fit began, a covariance of
    10⁶ mm² in each direction, zeros elsewhere, and zero gradients.

    **Attributes:**

    - `position` `[..., 3]`: mm.
    - `covariance` `[..., 3, 3]`: mm², inverse of the normal matrix at the minimum, weights included.
    - `sandwich_covariance` `[..., 3, 3]`: mm², C (Σ w² M + Λ) C. Without a constraint it does not change
      when all weights are scaled, so that pulls keep their meaning with learned weights.
    - `track_chi2` `[..., n]`: of each track, unweighted.
    - `chi2` `[...]`: Σ w track_chi2 and the constraint's term.
    - `ndf` `[...]`: twice the tracks with weight plus the rank of the constraint minus three, at least zero.
    - `momenta` `[..., n, 3]`: phi (rad), theta (rad) and q/p (1/GeV) of each track at the vertex.
    - `iterations` `[...]`: steps taken; 0 where the input was refused.
    - `status` `[...]`: a value of `Status`.
    """

    position: Float[Array, "*batch 3"]
    covariance: Float[Array, "*batch 3 3"]
    sandwich_covariance: Float[Array, "*batch 3 3"]
    track_chi2: Float[Array, "*batch tracks"]
    chi2: Float[Array, "*batch"]
    ndf: Int[Array, "*batch"]
    momenta: Float[Array, "*batch tracks 3"]
    iterations: Int[Array, "*batch"]
    status: Int[Array, "*batch"]

    @property
    def converged(self) -> Bool[Array, "*batch"]:
        """Whether a minimum was reached."""
        return self.status == Status.converged

    @property
    def valid(self) -> Bool[Array, "*batch"]:
        """Whether position, covariance and chi2 mean something: the same as `converged`."""
        return self.converged

    def __str__(self) -> str:
        """A fit report: the one vertex, or how a batch of them ended."""
        return _report_one(self) if self.status.ndim == 0 else _report_many(self)


def _report_one(vertex: Vertex) -> str:
    errors = np.sqrt(np.diagonal(np.asarray(vertex.covariance)))
    lines = [f"Vertex: {Status(int(vertex.status)).name} after {int(vertex.iterations)} steps"]
    if bool(vertex.valid):
        lines += [
            f"  {axis} = {float(value):10.4f} ± {error:.4f} mm"
            for axis, value, error in zip("xyz", vertex.position, errors, strict=True)
        ]
        lines.append(f"  chi2 / ndf = {float(vertex.chi2):.2f} / {int(vertex.ndf)}")
    return "\n".join(lines)


def _report_many(vertex: Vertex) -> str:
    status = np.asarray(vertex.status).ravel()
    counts = np.bincount(status, minlength=len(Status))
    ended = ", ".join(f"{counts[s]} {s.name}" for s in Status if counts[s])
    return f"Vertices {tuple(vertex.status.shape)}: {ended}"
