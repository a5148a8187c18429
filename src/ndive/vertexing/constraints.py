"""Gaussian constraints on the vertex."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from ndive.errors import ShapeError
from ndive.vertexing.algebra import factored, inverted, matrix, stacked_rows


class Constraint(eqx.Module):
    """A Gaussian on the vertex, added to the chi2 as (v - mean)ᵀ information (v - mean).

    **Attributes:** `mean` `[..., 3]` in mm; `information` `[..., 3, 3]`, the inverse covariance in 1/mm²;
    `rank`, how many directions it really constrains, which is what it adds to the ndf.
    """

    mean: Float[Array, "*#batch 3"]
    information: Float[Array, "*#batch 3 3"]
    rank: int = eqx.field(static=True)

    @property
    def shape(self) -> tuple[int, ...]:
        """Leading axes."""
        return jnp.broadcast_shapes(self.mean.shape[:-1], self.information.shape[:-2])


def beam_spot(mean: ArrayLike, covariance: ArrayLike) -> Constraint:
    """The vertex lies in a Gaussian around `mean` `[..., 3]` mm with `covariance` `[..., 3, 3]` mm².

    A covariance that is not positive definite constrains nothing: its information becomes NaN, and the jets
    get the status `not_finite`.

    **Raises:** `ShapeError` where the shapes are not those.
    """
    mean, covariance = jnp.asarray(mean), jnp.asarray(covariance)
    if mean.shape[-1:] != (3,) or covariance.shape[-2:] != (3, 3):
        raise ShapeError(
            f"beam spot of shapes {mean.shape} and {covariance.shape}; it takes [..., 3], [..., 3, 3]"
        )
    factor = factored(matrix(covariance), smallest=0.0)
    information = jnp.where(factor.definite[..., None, None], stacked_rows(inverted(factor)), jnp.nan)
    return Constraint(mean, information, rank=3)


def line(point: ArrayLike, direction: ArrayLike, width: ArrayLike, length: ArrayLike = 1e3) -> Constraint:
    """The vertex lies near the line through `point` `[..., 3]` mm along `direction` `[..., 3]`.

    `width` and `length` `[...]` in mm are the standard deviations across and along: a very elongated
    Gaussian whose information is written down directly, so that no ill-conditioned matrix is inverted.

    **Raises:** `ShapeError` where the last axis of the first two is not three.
    """
    point, direction = jnp.asarray(point), jnp.asarray(direction)
    if point.shape[-1:] != (3,) or direction.shape[-1:] != (3,):
        raise ShapeError(
            f"line of shapes {point.shape} and {direction.shape}; it takes [..., 3] and [..., 3]"
        )
    unit = direction / jnp.linalg.norm(direction, axis=-1, keepdims=True)
    along = unit[..., :, None] * unit[..., None, :]
    across = jnp.eye(3, dtype=unit.dtype) - along
    width, length = jnp.asarray(width)[..., None, None], jnp.asarray(length)[..., None, None]
    return Constraint(point, across / width**2 + along / length**2, rank=2)


def ghost_track(
    axis: ArrayLike,
    d0_error: ArrayLike,
    z0_error: ArrayLike,
    weight: ArrayLike = 1.0,
    point: ArrayLike | None = None,
) -> Constraint:
    """The jet axis as one more track: straight, along `axis` `[..., 3]` through `point` `[..., 3]` mm.

    The point is the origin if none. The track is known to `d0_error` and `z0_error` `[...]` mm, and its
    direction exactly, so it adds
    w (n nᵀ / σ(d0)² + g gᵀ / σ(z0)²) with n = (-sin φ, cos φ, 0) and g = (-cot θ cos φ, -cot θ sin φ, 1):
    `docs/fit.md`, equations (8) and (14), with ρ = 0. Its `weight` `[...]` multiplies its chi2 as the weights
    of tracks do; derivatives in all arguments go through the fit. The ghost track is that of
    arXiv:2310.12804.

    **Raises:** `ShapeError` where the last axis of `axis` or `point` is not three.
    """
    axis = jnp.asarray(axis)
    point = jnp.zeros(3, axis.dtype) if point is None else jnp.asarray(point)
    if axis.shape[-1:] != (3,) or point.shape[-1:] != (3,):
        raise ShapeError(
            f"ghost track of shapes {axis.shape} and {point.shape}; it takes [..., 3] and [..., 3]"
        )
    x, y, z = jnp.moveaxis(axis, -1, 0)
    transverse = jnp.hypot(x, y)
    zero, one = jnp.zeros_like(transverse), jnp.ones_like(transverse)
    across = jnp.stack([-y / transverse, x / transverse, zero], axis=-1)
    along = jnp.stack([-z * x / transverse**2, -z * y / transverse**2, one], axis=-1)
    weight, d0_error, z0_error = (
        jnp.asarray(number)[..., None, None] for number in (weight, d0_error, z0_error)
    )
    information = weight * (
        across[..., :, None] * across[..., None, :] / d0_error**2
        + along[..., :, None] * along[..., None, :] / z0_error**2
    )
    return Constraint(point, information, rank=2)
