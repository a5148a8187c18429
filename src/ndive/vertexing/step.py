"""One step towards the minimum: 2x2 and 3x3 algebra a track, one 3x3 solve a jet.

The same linear system serves the solve (residuals on its right-hand side) and the implicit derivative
(tangents on its right-hand side). Symbols are those of `docs/fit.md`, sections 3 and 4.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ndive.vertexing.algebra import (
    Factor,
    Matrix,
    Vector,
    added,
    applied,
    block,
    components,
    dot,
    factored,
    identity,
    inverse2,
    inverse3,
    minus,
    mirrored,
    negatives2,
    negatives3,
    plus,
    product,
    scaled,
    solved,
    subtracted,
    symmetric,
    transposed,
)
from ndive.vertexing.chi2 import (
    Heading,
    Helices,
    Linearisation,
    Projection,
    curvatures,
    heading,
    helices,
    linearised,
    linearised_at_reference,
    projected,
)


class Problem(NamedTuple):
    """A batch of jets to fit, relative to the reference point; axes are tracks, then batch.

    `q` are the five measured parameters, `V` their covariance, symmetric, `w` the weights, `mu` and `Lambda`
    the mean and information of the constraint, `bend` the curvature of a track with q/p = 1 across the field.
    """

    q: Float[Array, "5 n *#b"]
    V: Float[Array, "5 5 n *#b"]
    w: Float[Array, "n *b"]
    mu: Vector
    Lambda: Matrix
    bend: Float[Array, "*b"]


class Point(NamedTuple):
    """A vertex v, the corrections β = m - b of the measured momenta, and the heading of the tracks with m."""

    v: Vector
    beta: Vector
    heading: Heading


class Expansion(NamedTuple):
    """The problem about a point, with the multipliers λ = W r and r = a - h + J_m β; equation (12)."""

    helix: Helices
    line: Linearisation
    view: Projection
    r: Vector
    lam: Vector


class System(NamedTuple):
    """The linear system of `docs/fit.md`, equation (16), with the momenta eliminated track by track.

    `fine` tells for which tracks the chi2 has a minimum in the momentum; equation (17a).
    """

    T: Matrix
    K: Matrix
    W: Matrix
    J: Matrix
    NK: Matrix
    Y: Matrix
    hessian: Matrix
    H: Factor
    fine: Bool[Array, "n *b"]


def over_tracks(x: Float[Array, "n *b"]) -> Float[Array, "*b"]:
    """The sum over the tracks of a jet."""
    return jnp.tensordot(jnp.ones(x.shape[0], x.dtype), x, 1)


def located(problem: Problem, v: Vector, beta: Vector) -> Point:
    """The point with this vertex and these corrections."""
    return Point(v, beta, heading(components(problem.q)[2:4], beta[:2]))


def expanded(problem: Problem, point: Point) -> Expansion:
    """Expand about `point`: helices, Jacobians, covariance seen from the vertex, residuals, multipliers."""
    q = components(problem.q)
    helix = helices(point.v, point.heading, q[4] + point.beta[2], problem.bend)
    line = linearised(point.v, helix)
    view = projected(line.J_m, symmetric(problem.V))
    r = plus(minus(q[:2], line.h), applied(line.J_m, point.beta))
    return Expansion(helix, line, view, r, applied(view.W, r))


def expanded_at_reference(problem: Problem) -> Expansion:
    """`expanded` about the reference point and the measured momenta, which takes next to nothing."""
    q = components(problem.q)
    ahead = heading(q[2:4], (0, 0))
    line = linearised_at_reference(ahead)
    view = projected(line.J_m, symmetric(problem.V))
    helix = helices((0.0, 0.0, 0.0), ahead, q[4], problem.bend)
    return Expansion(helix, line, view, q[:2], applied(view.W, q[:2]))


def track_chi2(expansion: Expansion) -> Float[Array, "n *b"]:
    """Unweighted chi2 of each track, rᵀ W r; equation (12)."""
    return jnp.asarray(dot(expansion.r, expansion.lam))


def total_chi2(problem: Problem, expansion: Expansion, v: Vector) -> Float[Array, "*b"]:
    """Weighted chi2 of a jet with the constraint's term; equation (13)."""
    off = minus(problem.mu, v)
    return over_tracks(problem.w * track_chi2(expansion)) + dot(off, applied(problem.Lambda, off))


def normal_matrix(w: Float[Array, "n *b"], expansion: Expansion, Lambda: Matrix) -> Matrix:
    """Σ w J_vᵀ W J_v + Λ; equation (14)."""
    return added(_summed(w, _information(expansion.line.J_v, expansion.view.W)), Lambda)


def vertex_force(problem: Problem, expansion: Expansion, v: Vector) -> Vector:
    """Σ w J_vᵀ λ + Λ (μ - v), which vanishes at the minimum; equation (15)."""
    drawn = applied(transposed(expansion.line.J_v), expansion.lam)
    of_tracks = tuple(over_tracks(problem.w * component) for component in drawn)
    return plus(of_tracks, applied(problem.Lambda, minus(problem.mu, v)))


def linear_system(problem: Problem, expansion: Expansion, exact: Float[Array, "*#n_b"]) -> System:
    """The system about an expansion, with exact second derivatives of the tracks where `exact` is 1.

    Where it is 0 they count as zero, which makes a Gauss–Newton step of a Newton step.
    """
    line, view = expansion.line, expansion.view
    V = symmetric(problem.V)
    V_ab, V_bb = block(V, slice(0, 2), slice(2, 5)), block(V, slice(2, 5), slice(2, 5))
    P, N, M = curvatures(expansion.helix, scaled(exact, expansion.lam))
    unlike = subtracted(identity(3), product(V_bb, M))
    K = inverse3(unlike)
    X = product(K, view.U_b)
    S = mirrored(added(view.S, product(transposed(view.U_b), product(M, X))))
    W = inverse2(S)
    J = subtracted(line.J_v, product(transposed(X), transposed(N)))
    Y = product(product(K, V_bb), transposed(N))
    of_track = subtracted(_information(J, W), mirrored(added(P, product(N, Y))))
    hessian = added(_summed(problem.w, of_track), problem.Lambda)
    return System(
        T=subtracted(line.J_m, product(V_ab, M)),
        K=K,
        W=W,
        J=J,
        NK=product(N, K),
        Y=Y,
        hessian=hessian,
        H=factored(hessian, smallest_pivot(problem.w.dtype)),
        fine=negatives3(unlike) == negatives2(S),
    )


def step(problem: Problem, system: System, U_b: Matrix, R: Vector, gamma: Vector) -> tuple[Vector, Vector]:
    """Solve for (dv, dm) with right-hand sides `R` of the tracks and `gamma` of the vertex; equation (17)."""
    KR = applied(system.K, R[2:])
    C = minus(R[:2], applied(system.T, KR))
    drawn = plus(applied(transposed(system.J), applied(system.W, C)), applied(system.NK, R[2:]))
    dv = solved(system.H, plus(tuple(over_tracks(problem.w * component) for component in drawn), gamma))
    dlam = applied(system.W, minus(C, applied(system.J, dv)))
    dm = plus(minus(KR, applied(system.K, applied(U_b, dlam))), applied(system.Y, dv))
    return dv, dm


def smallest_pivot(dtype: jnp.dtype) -> float:
    """Scaled pivot at or below which a matrix counts as singular: rounding makes smaller ones of zeros."""
    return float(jnp.finfo(dtype).eps ** 0.75)


def sandwiched(w: Float[Array, "n *b"], expansion: Expansion, C: Matrix, Lambda: Matrix) -> Matrix:
    """C (Σ w² J_vᵀ W J_v + Λ) C, track by track so that rounding leaves it positive; equation (20)."""
    of_tracks = _summed(w**2, _information(product(expansion.line.J_v, C), expansion.view.W))
    return added(of_tracks, mirrored(product(C, product(Lambda, C))))


def _information(J: Matrix, W: Matrix) -> Matrix:
    """What each track knows of the vertex, Jᵀ W J in 1/mm²."""
    return mirrored(product(transposed(J), product(W, J)))


def _summed(w: Float[Array, "n *b"], A: Matrix) -> Matrix:
    """Σ w A over the tracks, of symmetric matrices."""
    size = len(A)
    upper = {(i, j): over_tracks(w * A[i][j]) for i in range(size) for j in range(i, size)}
    return tuple(tuple(upper[min(i, j), max(i, j)] for j in range(size)) for i in range(size))
