"""Signs, ranges and units of the package, stated once.

- Lengths in mm, angles in rad, momenta in GeV, q/p in 1/GeV, the field in tesla along +z.
- A track is (d0, z0, phi, theta, q/p) at its perigee, the point closest to the z axis through the reference
  point. Relative to that point the perigee is at ``(x, y, z) = (-d0 sin phi, d0 cos phi, z0)``: the sign of
  d0 is that of ATLAS and ACTS. phi is the direction there, in (-pi, pi]; theta is in (0, pi).
- The signed curvature in the transverse plane, in 1/mm, positive where the track turns anticlockwise, is
  ``rho = -0.299792458e-3 B (q/p) / sin(theta)``.
- Delphes and the public sample of arXiv:2008.02831 use the opposite sign of d0:
  ``(x, y) = (d0 sin phi, -d0 cos phi)``.
- EDM4hep, as LCIO before it (LC-DET-2006-004), has (d0, phi, omega, z0, tan lambda) with our sign of d0, the
  curvature ``omega = -rho`` in 1/mm, positive for a positive charge in a field along +z, and
  ``tan lambda = cot theta``.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

CURVATURE_CONSTANT = -0.299792458e-3
"""GeV / (tesla mm), with the sign that makes an anticlockwise turn positive."""

PION_MASS = 0.13957039
"""Mass of the charged pion in GeV."""


def curvature(
    theta: Float[Array, "*#tracks"], q_over_p: Float[Array, "*#tracks"], field: Float[Array, "*#tracks"]
) -> Float[Array, "*#tracks"]:
    """Signed curvature in 1/mm of a track with `theta` in rad and `q_over_p` in 1/GeV in `field` tesla."""
    return CURVATURE_CONSTANT * field * q_over_p / jnp.sin(theta)


def perigee_from_edm4hep(
    state: Float[Array, "*tracks 5"], covariance: Float[Array, "*tracks 5 5"], field: Float[Array, "*#tracks"]
) -> tuple[Float[Array, "*tracks 5"], Float[Array, "*tracks 5 5"]]:
    """(d0, z0, phi, theta, q/p) and their covariance from (d0, phi, omega, z0, tan lambda), mm and 1/mm.

    q/p = omega sin(theta) / (0.299792458e-3 B), so that tan lambda carries its error into theta and q/p.
    """
    d0, phi, omega, z0, tangent = jnp.moveaxis(state, -1, 0)
    scale = -CURVATURE_CONSTANT * field
    square = 1 / (1 + tangent**2)  # of sin(theta)
    q_over_p = omega * jnp.sqrt(square) / scale
    parameters = jnp.stack([d0, z0, phi, jnp.arctan2(jnp.ones_like(tangent), tangent), q_over_p], axis=-1)
    jacobian = jnp.zeros((*state.shape, 5), state.dtype)
    jacobian = jacobian.at[..., (0, 1, 2), (0, 3, 1)].set(1)
    jacobian = jacobian.at[..., 3, 4].set(-square)
    jacobian = jacobian.at[..., 4, 2].set(jnp.sqrt(square) / scale)
    jacobian = jacobian.at[..., 4, 4].set(-q_over_p * tangent * square)
    return parameters, jnp.einsum("...ij,...jk,...lk->...il", jacobian, covariance, jacobian)


STRAIGHT = 1e-6
"""abs(q/p) in 1/GeV below which a track counts as having so much."""


def absolute_momentum(q_over_p: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """Momentum in GeV of unit charges with `q_over_p` in 1/GeV; a straight track counts as 10⁶ GeV."""
    return 1 / jnp.maximum(jnp.abs(q_over_p), STRAIGHT)


def wrap_angle(angle: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """The same angle in [-pi, pi], in rad; its derivative is one everywhere."""
    turns = jnp.round(angle / (2 * jnp.pi))
    return angle - 2 * jnp.pi * turns
