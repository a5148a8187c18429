"""The exact helix of a charged particle in a constant field along +z.

Signs, units and the order of the parameters are those of `ndive.tracks.conventions`. All functions work on
any leading axes, in the precision of their input, and are regular at zero curvature. With
``e = (cos phi, sin phi)`` and ``n = (-sin phi, cos phi)`` the helix that leaves its perigee ``p`` is, at the
transverse arc length s, ``p + e sin(rho s)/rho + n (1 - cos(rho s))/rho`` in the transverse plane and
``z0 + s cot(theta)`` along z (`docs/fit.md`, section 1).
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.tracks.conventions import curvature, wrap_angle


def move_perigee(
    parameters: Float[Array, "*batch 5"],
    displacement: Float[Array, "*#batch 3"],
    field: Float[Array, "*#batch"],
) -> Float[Array, "*batch 5"]:
    """Parameters of the same helix about a reference point shifted by `displacement` mm.

    The centre of the circle gives ``(1 + rho d0') n' = (1 + rho d0) n - rho displacement``. The perigee is
    the one within half a turn of the old one. Differentiable in both arguments.
    """
    d0, z0, phi, theta, q_over_p = jnp.moveaxis(parameters, -1, 0)
    x, y, z = jnp.moveaxis(displacement, -1, 0)
    rho = curvature(theta, q_over_p, field)
    along = jnp.cos(phi) * x + jnp.sin(phi) * y
    offset = d0 - (jnp.cos(phi) * y - jnp.sin(phi) * x)
    ahead = 1 + rho * offset
    aside = rho * along
    turn = jnp.arctan2(aside, ahead)
    norm = jnp.sqrt(ahead**2 + aside**2)
    arc = along / (_sine_over(turn) * norm)
    moved_d0 = (2 * offset + rho * (offset**2 + along**2)) / (norm + 1)
    moved_z0 = z0 - z + arc * jnp.cos(theta) / jnp.sin(theta)
    return jnp.stack(
        jnp.broadcast_arrays(moved_d0, moved_z0, wrap_angle(phi + turn), theta, q_over_p), axis=-1
    )


def perigee_from_state(
    position: Float[Array, "*batch 3"],
    momentum: Float[Array, "*batch 3"],
    charge: Float[Array, "*batch"],
    field: Float[Array, "*#batch"],
    reference: Float[Array, "*#batch 3"],
) -> Float[Array, "*batch 5"]:
    """Perigee about `reference` (mm) of a particle at `position` (mm) with `momentum` (GeV) and `charge`.

    A particle at a point has d0 = z0 = 0 about that point; the rest is `move_perigee`.
    """
    px, py, pz = jnp.moveaxis(momentum, -1, 0)
    transverse = jnp.hypot(px, py)
    zero = jnp.zeros_like(px)
    here = (zero, zero, jnp.arctan2(py, px), jnp.arctan2(transverse, pz), charge / jnp.hypot(transverse, pz))
    return move_perigee(jnp.stack(here, axis=-1), reference - position, field)


def point_at_arc_length(
    parameters: Float[Array, "*batch 5"],
    arc: Float[Array, "*batch"],
    field: Float[Array, "*#batch"],
    reference: Float[Array, "*#batch 3"],
) -> Float[Array, "*batch 3"]:
    """Point in mm on the helix at the transverse path length `arc` in mm from the perigee."""
    d0, z0, phi, theta, q_over_p = jnp.moveaxis(parameters, -1, 0)
    turn = curvature(theta, q_over_p, field) * arc
    ahead = arc * _sine_over(turn)
    aside = d0 + arc * (turn / 2) * _sine_over(turn / 2) ** 2
    x = ahead * jnp.cos(phi) - aside * jnp.sin(phi)
    y = ahead * jnp.sin(phi) + aside * jnp.cos(phi)
    z = z0 + arc * jnp.cos(theta) / jnp.sin(theta)
    return reference + jnp.stack(jnp.broadcast_arrays(x, y, z), axis=-1)


def _sine_over(turn: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """sin(turn) / turn, by its series where the turn is small and the derivatives of the quotient cancel."""
    small = jnp.abs(turn) < 0.3
    far = jnp.where(small, 1, turn)
    square = jnp.where(small, turn, 0) ** 2
    series = jnp.polyval(
        jnp.array([-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1], turn.dtype), square
    )
    return jnp.where(small, series, jnp.sin(far) / far)
