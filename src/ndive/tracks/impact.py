"""Impact parameters of tracks about a point: across the beam, along it, and in space."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from ndive.tracks.conventions import curvature
from ndive.tracks.helix import point_at_arc_length
from ndive.tracks.tracks import Tracks

NEWTON_STEPS = 5
"""Steps to the closest point from that of the tangent; each squares the error."""


class ImpactParameters(eqx.Module):
    """Impact parameters of n tracks about a point, in mm, with their errors; zero in masked slots.

    **Attributes:**

    - `d0`, `z0` `[..., n]`: of the perigee about the point, with their errors.
    - `distance` `[..., n]`: between the point and the track in space, at least zero, with its error.
    - `closest` `[..., n, 3]`: from the point to the closest point of the track.
    - `direction` `[..., n, 3]`: of the track there, unit vectors.
    """

    d0: Float[Array, "*batch tracks"]
    d0_error: Float[Array, "*batch tracks"]
    z0: Float[Array, "*batch tracks"]
    z0_error: Float[Array, "*batch tracks"]
    distance: Float[Array, "*batch tracks"]
    distance_error: Float[Array, "*batch tracks"]
    closest: Float[Array, "*batch tracks 3"]
    direction: Float[Array, "*batch tracks 3"]

    @property
    def significance(self) -> Float[Array, "*batch tracks"]:
        """Distance in space over its error."""
        return _over(self.distance, self.distance_error)

    def lifetime_signed(self, axis: ArrayLike) -> Float[Array, "*batch tracks 3"]:
        """Significances of d0, z0 and the distance, positive where the track comes from ahead of the point.

        `axis` `[..., 3]` is the flight or jet axis. The sign of d0 is that of the perigee's transverse
        position along the axis, that of z0 of z0 (eta_axis - eta), both as the ATLAS taggers have them;
        that of the distance is the sign of the closest point along the axis.
        """
        axis = jnp.asarray(axis, self.d0.dtype)[..., None, :]
        x, y, z = jnp.moveaxis(axis, -1, 0)
        ux, uy, uz = jnp.moveaxis(self.direction, -1, 0)
        steeper = z / jnp.hypot(x, y) - uz / jnp.hypot(ux, uy)
        signs = (self.d0 * (ux * y - uy * x), self.z0 * steeper, jnp.sum(self.closest * axis, axis=-1))
        sizes = (
            _over(jnp.abs(self.d0), self.d0_error),
            _over(jnp.abs(self.z0), self.z0_error),
            self.significance,
        )
        signed = [jnp.where(sign >= 0, size, -size) for sign, size in zip(signs, sizes, strict=True)]
        return jnp.stack(signed, axis=-1)


def impact_parameters(tracks: Tracks, point: ArrayLike) -> ImpactParameters:
    """Impact parameters of `tracks` about `point` `[..., 3]` in mm.

    The closest point in space is found by Newton's method along the helix and carries exact first derivatives
    in the tracks and in the point. Errors are those of the tracks alone: the point counts as known.

    **Raises:** `ShapeError` as `Tracks.at`.
    """
    return _of(tracks.at(point))


@jax.jit
def _of(there: Tracks) -> ImpactParameters:
    """Impact parameters of tracks about their reference point, as one compiled function."""
    field = jnp.broadcast_to(there.field[..., None], there.mask.shape)

    def distance(parameters: Float[Array, "*batch 5"]) -> Float[Array, "*batch"]:
        return _length(_closest(parameters, field)[0])

    basis = jnp.eye(5, dtype=there.parameters.dtype)
    slopes = jax.vmap(
        lambda way: jax.jvp(distance, (there.parameters,), (jnp.broadcast_to(way, there.parameters.shape),))[
            1
        ],
        out_axes=-1,
    )(basis)
    variance = jnp.einsum("...i,...ij,...j->...", slopes, there.covariance, slopes)
    closest, direction = _closest(there.parameters, field)

    def real(x: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
        return jnp.where(there.mask, x, 0)

    return ImpactParameters(
        d0=real(there.parameters[..., 0]),
        d0_error=real(jnp.sqrt(there.covariance[..., 0, 0])),
        z0=real(there.parameters[..., 1]),
        z0_error=real(jnp.sqrt(there.covariance[..., 1, 1])),
        distance=real(_length(closest)),
        distance_error=real(jnp.sqrt(variance)),
        closest=jnp.where(there.mask[..., None], closest, 0),
        direction=direction,
    )


def _closest(
    parameters: Float[Array, "*batch 5"], field: Float[Array, "*batch"]
) -> tuple[Float[Array, "*batch 3"], Float[Array, "*batch 3"]]:
    """From the reference point to the closest point of the helix, and the direction there.

    Half the squared distance has the slope r·r' in the arc length and the curvature r'·r' + r·r''. The last
    step alone carries the derivative.
    """
    known, field = jax.lax.stop_gradient((parameters, field))
    start = -known[..., 1] * jnp.sin(known[..., 3]) * jnp.cos(known[..., 3])
    arc = jax.lax.fori_loop(0, NEWTON_STEPS, lambda _, arc: _newton_step(known, field, arc), start)
    r, along, _ = _at_arc_length(parameters, field, _newton_step(parameters, field, arc))
    return r, along * jnp.sin(parameters[..., 3, None])


def _newton_step(
    parameters: Float[Array, "*batch 5"], field: Float[Array, "*batch"], arc: Float[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """An arc length closer to that of the closest point; at that point its derivative is the exact one."""
    r, along, ahead = _at_arc_length(parameters, field, arc)
    return arc - jnp.sum(r * along, axis=-1) / (jnp.sum(along**2, axis=-1) + jnp.sum(r * ahead, axis=-1))


def _at_arc_length(
    parameters: Float[Array, "*batch 5"], field: Float[Array, "*batch"], arc: Float[Array, "*batch"]
) -> tuple[Float[Array, "*batch 3"], Float[Array, "*batch 3"], Float[Array, "*batch 3"]]:
    """The point r, and its first and second derivative in the arc length."""
    _, _, phi, theta, q_over_p = jnp.moveaxis(parameters, -1, 0)
    rho = curvature(theta, q_over_p, field)
    cos, sin = jnp.cos(phi + rho * arc), jnp.sin(phi + rho * arc)
    along = jnp.stack([cos, sin, jnp.cos(theta) / jnp.sin(theta)], axis=-1)
    ahead = jnp.stack([-rho * sin, rho * cos, jnp.zeros_like(rho)], axis=-1)
    return point_at_arc_length(parameters, arc, field, jnp.zeros(3, parameters.dtype)), along, ahead


def _length(x: Float[Array, "*batch 3"]) -> Float[Array, "*batch"]:
    """The norm, with slope zero at zero."""
    square = jnp.sum(x**2, axis=-1)
    some = square > 0
    return jnp.where(some, jnp.sqrt(jnp.where(some, square, 1)), 0)


def _over(value: Float[Array, "*batch"], error: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """value / error, zero where there is no error."""
    return jnp.where(error > 0, value / jnp.where(error > 0, error, 1), 0)
