"""The derivative of the minimum: the implicit function theorem with the exact Hessian.

`attached` is the identity on a point that minimises a problem; its derivative says how the minimum moves
with the problem, in forward and reverse mode and to any order, whatever way the point was found.
"""

import jax
import jax.numpy as jnp

from ndive.vertexing.algebra import applied, components, minus, plus, scaled, transposed
from ndive.vertexing.chi2 import Heading
from ndive.vertexing.step import Point, Problem, expanded, linear_system, over_tracks, step


@jax.custom_jvp
def attached(problem: Problem, point: Point) -> Point:
    """The minimum `point` of `problem`, with the derivative of a minimum; the field counts as a constant."""
    return point


@attached.defjvp
def _attached_jvp(primals: tuple[Problem, Point], tangents: tuple[Problem, Point]) -> tuple[Point, Point]:
    """Tangents of the minimum; `docs/fit.md`, equations (17) to (19)."""
    problem, change = primals[0], tangents[0]
    point = attached(*primals)
    expansion = expanded(problem, point)
    system = linear_system(problem, expansion, jnp.ones_like(problem.bend))
    eta = jnp.stack(expansion.lam + scaled(-1.0, applied(transposed(expansion.line.J_m), expansion.lam)))
    R = components(change.q - jnp.sum(change.V * eta, axis=1))
    drawn = applied(transposed(expansion.line.J_v), expansion.lam)
    of_constraint = plus(
        applied(problem.Lambda, change.mu), applied(change.Lambda, minus(problem.mu, point.v))
    )
    gamma = plus(tuple(over_tracks(change.w * component) for component in drawn), of_constraint)
    dv, dm = step(problem, system, expansion.view.U_b, R, gamma)
    cos, sin, cot, csc = point.heading
    turn = Heading(-sin * dm[0], cos * dm[0], -(csc**2) * dm[1], -csc * cot * dm[1])
    return point, Point(dv, minus(dm, components(change.q)[2:]), turn)
