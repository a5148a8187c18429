"""The derivative of the minimum: the implicit function theorem with the exact Hessian.

`attached` is the identity on a point that minimises a problem; its derivative says how the minimum moves
with the problem, in forward and reverse mode and to any order, whatever way the point was found.
"""

import jax
import jax.numpy as jnp

from ndive.vertexing.algebra import applied, transposed
from ndive.vertexing.step import Point, Problem, expanded, linear_system, step


@jax.custom_jvp
def attached(problem: Problem, point: Point) -> Point:
    """The minimum `point` of `problem`, with the derivative of a minimum; the field counts as a constant."""
    return point


@attached.defjvp
def _attached_jvp(primals: tuple[Problem, Point], tangents: tuple[Problem, Point]) -> tuple[Point, Point]:
    """Tangents of the minimum; `docs/fit.md`, equations (17) to (19)."""
    problem, dproblem = primals[0], tangents[0]
    point = attached(*primals)
    expansion = expanded(problem, point)
    system = linear_system(problem, expansion, jnp.ones_like(problem.bend))
    lam = expansion.lam
    eta = jnp.concatenate([lam, -applied(transposed(expansion.line.J_m), lam)])
    R = dproblem.q - applied(dproblem.V, eta)
    drawn = jnp.sum(expansion.line.J_v * lam[:, None], axis=0)
    gamma = (
        jnp.sum(dproblem.w * drawn, axis=1)
        + applied(problem.Lambda, dproblem.mu)
        + applied(dproblem.Lambda, problem.mu - point.v)
    )
    dv, dm = step(problem, system, expansion.view.U_b, R, gamma)
    return point, Point(dv, dm - dproblem.q[2:])

