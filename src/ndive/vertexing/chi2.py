"""One track's contribution: the impact parameters a helix must have to pass through the vertex.

Symbols are those of `docs/fit.md`. A track is measured as q = (a, b), a = (d0, z0) and b = (phi, theta, q/p),
with covariance V. For a vertex v and momentum m = (phi, theta, q/p) at the reference point, h(v, m) is the
(d0, z0) of the helix with momentum m through v. Arrays here have their components first, then tracks,
then batch; v is relative to the reference point.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ndive.vertexing.algebra import inverse2, product, transposed

LARGEST_SINE = 0.999
"""The sine of the angle turned between perigee and vertex is clipped here: beyond it a track loops."""


class Helices(NamedTuple):
    """The helices with momenta m, seen from the vertex; `docs/fit.md`, equations (3) to (6)."""

    a: Float[Array, "n *#b"]
    t: Float[Array, "n *#b"]
    along: Float[Array, "2 n *#b"]
    across: Float[Array, "2 n *#b"]
    cot: Float[Array, "n *#b"]
    csc2: Float[Array, "n *#b"]
    rho: Float[Array, "n *#b"]
    rho_theta: Float[Array, "n *#b"]
    rho_kappa: Float[Array, "n *#b"]
    k: Float[Array, "n *#b"]
    c: Float[Array, "n *#b"]
    s: Float[Array, "n *#b"]
    Q: Float[Array, "n *#b"]
    clipped: Bool[Array, "n *#b"]


class Linearisation(NamedTuple):
    """h(v, m) and its derivatives J_m = dh/dm and J_v = dh/dv; `docs/fit.md`, equations (7) and (8)."""

    h: Float[Array, "2 n *#b"]
    J_m: Float[Array, "2 3 n *#b"]
    J_v: Float[Array, "2 3 n *#b"]


class Projection(NamedTuple):
    """The covariance V seen from the vertex: U = V Gᵀ, S = G U, W = S⁻¹ with G = [1, -J_m]; equation (11)."""

    U_a: Float[Array, "2 2 n *#b"]
    U_b: Float[Array, "3 2 n *#b"]
    S: Float[Array, "2 2 n *#b"]
    W: Float[Array, "2 2 n *#b"]


class Curvatures(NamedTuple):
    """Second derivatives of λ·h(v, m): P in v and v, N in v and m, M in m and m; equations (9) and (10)."""

    P: Float[Array, "3 3 n *#b"]
    N: Float[Array, "3 3 n *#b"]
    M: Float[Array, "3 3 n *#b"]


def helices(v: Float[Array, "3 *#b"], m: Float[Array, "3 n *#b"], bend: Float[Array, "*#b"]) -> Helices:
    """Helices with momenta `m`, and the place of the vertex `v` along and across each; `bend` = ρ sin θ / κ."""
    phi, theta, kappa = m
    cos, sin = jnp.cos(phi), jnp.sin(phi)
    a = cos * v[0] + sin * v[1]
    t = cos * v[1] - sin * v[0]
    csc = 1 / jnp.sin(theta)
    cot = jnp.cos(theta) * csc
    rho_kappa = bend * csc
    rho = rho_kappa * kappa
    bent = rho * a
    k = jnp.clip(bent, -LARGEST_SINE, LARGEST_SINE)
    c = jnp.sqrt((1 - k) * (1 + k))
    excess = _arcsine_excess(k)
    return Helices(
        a=a,
        t=t,
        along=jnp.stack([cos, sin]),
        across=jnp.stack([-sin, cos]),
        cot=cot,
        csc2=csc**2,
        rho=rho,
        rho_theta=-rho * cot,
        rho_kappa=rho_kappa,
        k=k,
        c=c,
        s=a * (1 + k**2 * excess),
        Q=1 / (c * (1 + c)) - excess,
        clipped=jnp.abs(bent) > LARGEST_SINE,
    )


def linearised(v: Float[Array, "3 *#b"], helix: Helices) -> Linearisation:
    """h(v, m) = (D, Z) and its Jacobians at `v`."""
    a, t, k, c, s, cot = helix.a, helix.t, helix.k, helix.c, helix.s, helix.cot
    D_a, D_rho, Z_a, Z_rho = _slopes(helix)
    zero, one = jnp.zeros_like(a), jnp.ones_like(a)
    return Linearisation(
        h=jnp.stack([t - k * a / (1 + c), v[2] - s * cot]),
        J_m=jnp.stack(
            [
                jnp.stack([-a + D_a * t, D_rho * helix.rho_theta, D_rho * helix.rho_kappa]),
                jnp.stack([Z_a * t, s * helix.csc2 + Z_rho * helix.rho_theta, Z_rho * helix.rho_kappa]),
            ]
        ),
        J_v=jnp.stack(
            [
                jnp.stack([*(D_a * helix.along + helix.across), zero]),
                jnp.stack([*(Z_a * helix.along), one]),
            ]
        ),
    )


def curvatures(helix: Helices, lam: Float[Array, "2 n *#b"]) -> Curvatures:
    """Second derivatives of λ·h at the same place as `helix`."""
    a, t, k, c, s, cot, csc2 = helix.a, helix.t, helix.k, helix.c, helix.s, helix.cot, helix.csc2
    rho, rho_theta, rho_kappa = helix.rho, helix.rho_theta, helix.rho_kappa
    D_a, D_rho, Z_a, Z_rho = _slopes(helix)
    E = -(lam[0] + lam[1] * k * cot) / c**3
    L_aa = rho * E
    L_a = lam[0] * D_a + lam[1] * Z_a
    L_rho = lam[0] * D_rho + lam[1] * Z_rho
    L_rho_theta = lam[1] * a**2 * k * helix.Q * csc2
    L_rho_rho = -lam[0] * a**3 * k * (1 + 2 * c) / (c**3 * (1 + c) ** 2) - lam[1] * cot * a**3 * (
        1 / c**3 - 2 * helix.Q
    )
    n = (L_aa * t - lam[0], a * E * rho_theta + lam[1] * csc2 / c, a * E * rho_kappa)
    zero = jnp.zeros_like(a)
    phi_phi = L_aa * t**2 - L_a * a - lam[0] * t
    theta_theta = (
        L_rho_rho * rho_theta**2
        + L_rho * rho * (cot**2 + csc2)
        + 2 * L_rho_theta * rho_theta
        - 2 * lam[1] * s * cot * csc2
    )
    theta_kappa = L_rho_rho * rho_theta * rho_kappa - L_rho * rho_kappa * cot + L_rho_theta * rho_kappa
    (cos, sin), (across_x, across_y) = helix.along, helix.across
    return Curvatures(
        P=L_aa * _rows((cos**2, cos * sin, zero), (cos * sin, sin**2, zero), (zero, zero, zero)),
        N=_rows(
            (cos * n[0] + across_x * L_a, cos * n[1], cos * n[2]),
            (sin * n[0] + across_y * L_a, sin * n[1], sin * n[2]),
            (zero, zero, zero),
        ),
        M=_rows(
            (phi_phi, t * n[1], t * n[2]),
            (t * n[1], theta_theta, theta_kappa),
            (t * n[2], theta_kappa, L_rho_rho * rho_kappa**2),
        ),
    )


def projected(J_m: Float[Array, "2 3 n *#b"], V: Float[Array, "5 5 n *#b"]) -> Projection:
    """The covariance `V` of (a, b) as the vertex sees it, for one helix after another."""
    slope = transposed(J_m)
    U_a = V[:2, :2] - product(V[:2, 2:], slope)
    U_b = V[2:, :2] - product(V[2:, 2:], slope)
    S = U_a - product(J_m, U_b)
    S = (S + transposed(S)) / 2
    return Projection(U_a=U_a, U_b=U_b, S=S, W=inverse2(S))


def _slopes(helix: Helices) -> tuple[Float[Array, "n *#b"], ...]:
    """Derivatives of D and Z in a and ρ: D_a, D_ρ, Z_a, Z_ρ; `docs/fit.md`, equation (6)."""
    a, k, c = helix.a, helix.k, helix.c
    s_rho = a**2 * k * helix.Q
    return -k / c, -(a**2) / (c * (1 + c)), -helix.cot / c, -helix.cot * s_rho


def _arcsine_excess(k: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """(arcsin(k)/k - 1)/k², by its series where k is small."""
    small = jnp.abs(k) < 0.06
    far = jnp.where(small, 0.5, k)
    square = jnp.where(small, k**2, 0)
    series = jnp.polyval(
        jnp.array([143 / 10240, 231 / 13312, 63 / 2816, 35 / 1152, 5 / 112, 3 / 40, 1 / 6], k.dtype), square
    )
    return jnp.where(small, series, (jnp.arcsin(far) / far - 1) / far**2)


def _rows(*rows: tuple[Float[Array, "n *#b"], ...]) -> Float[Array, "i j n *#b"]:
    return jnp.stack([jnp.stack(jnp.broadcast_arrays(*row)) for row in rows])
