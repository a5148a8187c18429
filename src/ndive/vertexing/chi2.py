"""One track's contribution: the impact parameters a helix must have to pass through the vertex.

Symbols are those of `docs/fit.md`. A track is measured as q = (a, b), a = (d0, z0) and b = (phi, theta, q/p),
with covariance V. For a vertex v and momentum m = (phi, theta, q/p) at the reference point, h(v, m) is the
(d0, z0) of the helix with momentum m through v. v is relative to the reference point. Arrays have the axis of
the tracks first, then those of the batch.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ndive.vertexing.algebra import (
    Entry,
    Matrix,
    Vector,
    block,
    inverse2,
    mirrored,
    product,
    subtracted,
    transposed,
)

LARGEST_SINE = 0.999
"""The sine of the angle turned between perigee and vertex is clipped here: beyond it a track loops."""


HALVINGS = 3
"""After as many half angles the sine is below 0.2."""

ARCSINE = tuple(math.comb(2 * n, n) / 4**n / (2 * n + 1) for n in range(9, 0, -1))
"""Coefficients of (arcsin(x)/x - 1)/x² in x², highest power first; below 0.2 exact in double precision."""


HALF_TURN = 3.140625, math.pi - 3.140625 + 1.2246467991473532e-16
"""Half a turn, as a number of few digits and the rest; the last term is what `math.pi` lacks of π."""

TANGENT_DEPTH = 9
"""Denominators of the continued fraction of the tangent: exact in double precision up to an eighth turn."""


class Heading(NamedTuple):
    """Sines and cosines of the directions of tracks. They are dear, so they are computed once and kept."""

    cos: Entry
    sin: Entry
    cot: Entry
    csc: Entry


class Helices(NamedTuple):
    """The helices with momenta m, seen from the vertex; `docs/fit.md`, equations (3) to (6).

    `loops` tells of a track that turns by a quarter before the vertex, or about the reference point: then
    1 + ρ D is negative, and its (d0, φ) would be those of the farthest point and not of the closest.
    """

    a: Entry
    t: Entry
    cos: Entry
    sin: Entry
    cot: Entry
    csc2: Entry
    rho: Entry
    rho_theta: Entry
    rho_kappa: Entry
    k: Entry
    c: Entry
    s: Entry
    Q: Entry
    loops: Bool[Array, "n *#b"]


class Linearisation(NamedTuple):
    """h(v, m) and its derivatives J_m = dh/dm and J_v = dh/dv; `docs/fit.md`, equations (7) and (8)."""

    h: Vector
    J_m: Matrix
    J_v: Matrix


class Projection(NamedTuple):
    """The covariance V seen from the vertex: U = V Gᵀ, S = G U, W = S⁻¹ with G = [1, -J_m]; equation (11)."""

    U_a: Matrix
    U_b: Matrix
    S: Matrix
    W: Matrix


class Curvatures(NamedTuple):
    """Second derivatives of λ·h(v, m): P in v and v, N in v and m, M in m and m; equations (9) and (10)."""

    P: Matrix
    N: Matrix
    M: Matrix


def heading(measured: Vector, change: Vector) -> Heading:
    """The heading of tracks with phi and theta (rad) `measured` and changed.

    Half turns are taken from an angle before its change is added, which close to them is then not lost.
    """
    u, w = (_half_tangent(*angle) for angle in zip(measured, change, strict=True))
    return Heading(
        cos=(1 - u) * (1 + u) / (1 + u**2),
        sin=2 * u / (1 + u**2),
        cot=(1 - w) * (1 + w) / (2 * w),
        csc=(1 + w**2) / (2 * w),
    )


def helices(v: Vector, heading: Heading, kappa: Entry, bend: Float[Array, "*#b"]) -> Helices:
    """Helices with q/p `kappa` and the place of the vertex `v` along and across each.

    `bend` is the curvature in 1/mm of a track with q/p = 1/GeV across the field.
    """
    x, y, _ = v
    cos, sin, cot, csc = heading
    a = cos * x + sin * y
    rho_kappa = bend * csc
    rho = rho_kappa * kappa
    bent = rho * a
    k = jnp.clip(bent, -LARGEST_SINE, LARGEST_SINE)
    c = jnp.sqrt((1 - k) * (1 + k))
    excess = _arcsine_excess(k, c)
    t = cos * y - sin * x
    from_centre = 1 + rho * t - k**2 / (1 + c)
    return Helices(
        a=a,
        t=t,
        cos=cos,
        sin=sin,
        cot=cot,
        csc2=csc**2,
        rho=rho,
        rho_theta=-rho * cot,
        rho_kappa=rho_kappa,
        k=k,
        c=c,
        s=a * (1 + k**2 * excess),
        Q=1 / (c * (1 + c)) - excess,
        loops=(jnp.abs(bent) > LARGEST_SINE) | (from_centre <= 0),
    )


def linearised(v: Vector, helix: Helices) -> Linearisation:
    """h(v, m) = (D, Z) and its Jacobians."""
    a, t, k, c, s = helix.a, helix.t, helix.k, helix.c, helix.s
    D_a, D_rho, Z_a, Z_rho = _slopes(helix)
    return Linearisation(
        h=(t - k * a / (1 + c), v[2] - s * helix.cot),
        J_m=(
            (D_a * t - a, D_rho * helix.rho_theta, D_rho * helix.rho_kappa),
            (Z_a * t, s * helix.csc2 + Z_rho * helix.rho_theta, Z_rho * helix.rho_kappa),
        ),
        J_v=(
            (D_a * helix.cos - helix.sin, D_a * helix.sin + helix.cos, 0),
            (Z_a * helix.cos, Z_a * helix.sin, 1),
        ),
    )


def linearised_at_reference(heading: Heading) -> Linearisation:
    """`linearised` with the vertex at the reference point: of (7) and (8) the slope in the vertex is left."""
    cos, sin, cot, _ = heading
    return Linearisation(
        h=(0, 0),
        J_m=((0, 0, 0), (0, 0, 0)),
        J_v=((-sin, cos, 0), (-cot * cos, -cot * sin, 1)),
    )


def curvatures(helix: Helices, lam: Vector) -> Curvatures:
    """Second derivatives of λ·h at the same place as `helix`."""
    a, t, k, c, s, cot, csc2 = helix.a, helix.t, helix.k, helix.c, helix.s, helix.cot, helix.csc2
    rho, rho_theta, rho_kappa, cos, sin = helix.rho, helix.rho_theta, helix.rho_kappa, helix.cos, helix.sin
    D_a, D_rho, Z_a, Z_rho = _slopes(helix)
    E = -(lam[0] + lam[1] * k * cot) / c**3
    L_aa = rho * E
    L_a = lam[0] * D_a + lam[1] * Z_a
    L_rho = lam[0] * D_rho + lam[1] * Z_rho
    L_rho_theta = lam[1] * a**2 * k * helix.Q * csc2
    L_rho_rho = -(a**3) * (
        lam[0] * k * (1 + 2 * c) / (c**3 * (1 + c) ** 2) + lam[1] * cot * (1 / c**3 - 2 * helix.Q)
    )
    n_phi, n_theta, n_kappa = L_aa * t - lam[0], a * E * rho_theta + lam[1] * csc2 / c, a * E * rho_kappa
    phi_phi = L_aa * t**2 - L_a * a - lam[0] * t
    theta_theta = (
        L_rho_rho * rho_theta**2
        + L_rho * rho * (cot**2 + csc2)
        + 2 * L_rho_theta * rho_theta
        - 2 * lam[1] * s * cot * csc2
    )
    theta_kappa = rho_kappa * (L_rho_rho * rho_theta - L_rho * cot + L_rho_theta)
    return Curvatures(
        P=((L_aa * cos**2, L_aa * cos * sin, 0), (L_aa * cos * sin, L_aa * sin**2, 0), (0, 0, 0)),
        N=(
            (cos * n_phi - sin * L_a, cos * n_theta, cos * n_kappa),
            (sin * n_phi + cos * L_a, sin * n_theta, sin * n_kappa),
            (0, 0, 0),
        ),
        M=(
            (phi_phi, t * n_theta, t * n_kappa),
            (t * n_theta, theta_theta, theta_kappa),
            (t * n_kappa, theta_kappa, L_rho_rho * rho_kappa**2),
        ),
    )


def projected(J_m: Matrix, V: Matrix) -> Projection:
    """The covariance `V` of (a, b) as the vertex sees it through J_m."""
    a, b = slice(0, 2), slice(2, 5)
    slope = transposed(J_m)
    U_a = subtracted(block(V, a, a), product(block(V, a, b), slope))
    U_b = subtracted(block(V, b, a), product(block(V, b, b), slope))
    S = mirrored(subtracted(U_a, product(J_m, U_b)))
    return Projection(U_a, U_b, S, inverse2(S))


def _half_tangent(angle: Entry, change: Entry) -> Array:
    """The tangent of half of angle + change, by its continued fraction about the nearest half turn.

    At an odd number of half turns, where there is none, it is that of an angle beside it, and finite.
    """
    turns = jnp.round((angle + change) / sum(HALF_TURN))
    rest = angle - turns * HALF_TURN[0] - turns * HALF_TURN[1] + change
    half = jnp.where(rest == 0, jnp.finfo(rest.dtype).eps ** 2, rest / 2)
    above, below = _continued_fraction(half**2)
    odd = turns != 2 * jnp.round(turns / 2)
    return jnp.where(odd, -below, half * above) / jnp.where(odd, half * above, below)


def _continued_fraction(x: Entry) -> tuple[Entry, Entry]:
    """Numerator and denominator of tan(√x)/√x."""
    above: Entry = 1.0
    below: Entry = 2.0 * TANGENT_DEPTH - 1
    for odd in range(2 * TANGENT_DEPTH - 3, 0, -2):
        above, below = below, odd * below - x * above
    return above, below


def _series(coefficients: tuple[float, ...], x: Entry) -> Array:
    return jnp.polyval(jnp.array(coefficients, jnp.result_type(x)), x)


def _slopes(helix: Helices) -> Vector:
    """Derivatives of D and Z in a and ρ: D_a, D_ρ, Z_a, Z_ρ; `docs/fit.md`, equation (6)."""
    a, k, c = helix.a, helix.k, helix.c
    s_rho = a**2 * k * helix.Q
    return -k / c, -(a**2) / (c * (1 + c)), -helix.cot / c, -helix.cot * s_rho


def _arcsine_excess(k: Float[Array, "*axes"], c: Float[Array, "*axes"]) -> Float[Array, "*axes"]:
    """A(k) = (arcsin(k)/k - 1)/k² from the sine k and cosine c of an angle; `docs/fit.md`, equation (5a)."""
    halvings, square = [], k**2
    for _ in range(HALVINGS):
        half = jnp.sqrt((1 + c) / 2)
        halvings.append((1 / (1 + c), half))
        square, c = square / (2 * (1 + c)), half
    excess = _series(ARCSINE, square)
    for share, half in reversed(halvings):
        excess = share * (share * half / (1 + half) + excess / (2 * half))
    return excess
