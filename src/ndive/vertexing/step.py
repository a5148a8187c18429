"""One step towards the minimum: 2x2 and 3x3 algebra a track, one 3x3 solve a jet.

The same linear system serves the solve (residuals on its right-hand side) and the implicit derivative
(tangents on its right-hand side). Symbols are those of `docs/fit.md`, sections 3 and 4.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.vertexing.algebra import Factor, applied, factored, identity, inverse2, inverse3
from ndive.vertexing.algebra import product, solved, transposed
from ndive.vertexing.chi2 import Curvatures, Helices, Linearisation, Projection
from ndive.vertexing.chi2 import curvatures, helices, linearised, projected


class Problem(NamedTuple):
    """A batch of jets to fit, components first, then tracks, then batch, relative to the reference point.

    `q` are the five measured parameters, `V` their covariance, `w` the weights, `mu` and `Lambda` the mean
    and information of the constraint, `bend` the curvature of a track with q/p = 1 across the field.
    """

    q: Float[Array, "5 n *#b"]
    V: Float[Array, "5 5 n *#b"]
    w: Float[Array, "n *#b"]
    mu: Float[Array, "3 *#b"]
    Lambda: Float[Array, "3 3 *#b"]
    bend: Float[Array, "*#b"]


class Point(NamedTuple):
    """A vertex v and the corrections β = m - b of the measured momenta."""

    v: Float[Array, "3 *#b"]
    beta: Float[Array, "3 n *#b"]


class Expansion(NamedTuple):
    """The problem expanded about a point; `lam` are the multipliers λ = W (a - h + J_m β)."""

    helix: Helices
    line: Linearisation
    view: Projection
    r: Float[Array, "2 n *#b"]
    lam: Float[Array, "2 n *#b"]


class System(NamedTuple):
    """The linear system of `docs/fit.md`, equation (16), with the momenta eliminated track by track."""

    bend_m: Float[Array, "2 3 n *#b"]
    K: Float[Array, "3 3 n *#b"]
    W: Float[Array, "2 2 n *#b"]
    J: Float[Array, "2 3 n *#b"]
    NK: Float[Array, "3 3 n *#b"]
    pull: Float[Array, "3 3 n *#b"]
    hessian: Float[Array, "3 3 *#b"]
    H: Factor


ROUNDING = 16
"""A scaled pivot below this many times the spacing of the numbers at one counts as zero."""


def expanded(problem: Problem, point: Point) -> Expansion:
    """Expand about `point`: helices, Jacobians, covariance seen from the vertex, residuals, multipliers."""
    helix = helices(point.v, problem.q[2:] + point.beta, problem.bend)
    line = linearised(point.v, helix)
    view = projected(line.J_m, problem.V)
    r = problem.q[:2] - line.h + applied(line.J_m, point.beta)
    return Expansion(helix, line, view, r, applied(view.W, r))


def track_chi2(expansion: Expansion) -> Float[Array, "n *#b"]:
    """Unweighted chi2 of each track, rᵀ W r; equation (12)."""
    return jnp.sum(expansion.r * expansion.lam, axis=0)


def information(J: Float[Array, "2 3 n *#b"], W: Float[Array, "2 2 n *#b"]) -> Float[Array, "3 3 n *#b"]:
    """What each track knows of the vertex, Jᵀ W J in 1/mm²."""
    return product(transposed(J), product(W, J))


def constraint_pull(problem: Problem, v: Float[Array, "3 *#b"]) -> Float[Array, "3 *#b"]:
    """Λ (μ - v)."""
    return applied(problem.Lambda, problem.mu - v)


def linear_system(problem: Problem, expansion: Expansion, curved: Float[Array, "*#b"]) -> System:
    """The system about an expansion: exact second derivatives where `curved` is 1, Gauss–Newton where 0."""
    _, line, view, _, lam = expansion
    second = curvatures(expansion.helix, lam * curved)
    return _eliminated(problem, line, view, second)


def _eliminated(problem: Problem, line: Linearisation, view: Projection, second: Curvatures) -> System:
    V_ab, V_bb = problem.V[:2, 2:], problem.V[2:, 2:]
    P, N, M = second
    K = inverse3(identity(M) - product(V_bb, M))
    X = product(K, view.U_b)
    W = inverse2(view.S + product(transposed(view.U_b), product(M, X)))
    J = line.J_v - product(transposed(X), transposed(N))
    NK = product(N, K)
    pull = product(product(K, V_bb), transposed(N))
    of_track = information(J, W) - P - product(N, pull)
    hessian = jnp.sum(problem.w * (of_track + transposed(of_track)) / 2, axis=2) + problem.Lambda
    H = factored(hessian, smallest_pivot(hessian.dtype))
    return System(line.J_m - product(V_ab, M), K, W, J, NK, pull, hessian, H)


def smallest_pivot(dtype: jnp.dtype) -> float:
    """Scaled pivot at or below which a matrix counts as singular."""
    return ROUNDING * float(jnp.finfo(dtype).eps)


def step(
    problem: Problem,
    system: System,
    U_b: Float[Array, "3 2 n *#b"],
    R: Float[Array, "5 n *#b"],
    gamma: Float[Array, "3 *#b"],
) -> tuple[Float[Array, "3 *#b"], Float[Array, "3 n *#b"]]:
    """Solve the system for (dv, dm) with right-hand sides `R` of the tracks and `gamma` of the vertex (17)."""
    KR = applied(system.K, R[2:])
    C = R[:2] - applied(system.bend_m, KR)
    from_tracks = applied(transposed(system.J), applied(system.W, C)) + applied(system.NK, R[2:])
    dv = solved(system.H, jnp.sum(problem.w * from_tracks, axis=1) + gamma)
    dv_n = dv[:, None]
    dlam = applied(system.W, C - applied(system.J, dv_n))
    dm = KR - applied(product(system.K, U_b), dlam) + applied(system.pull, dv_n)
    return dv, dm
