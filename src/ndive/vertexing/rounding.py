"""Where a precision ends: what the rounding of its numbers does to a vertex."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.vertexing.algebra import applied, components, dot, plus, squares
from ndive.vertexing.step import Expansion, Point, Problem, over_tracks


def moved_by_rounding(problem: Problem, expansion: Expansion, point: Point) -> Float[Array, "*b"]:
    """How far rounding may move the vertex, squared and in its standard deviations; equation (17b)."""
    line, W, q = expansion.line, expansion.view.W, components(problem.q)
    momenta = plus(q[2:], point.beta)
    of_momenta = applied(tuple(map(squares, line.J_m)), squares(momenta))
    of_vertex = applied(tuple(map(squares, line.J_v)), squares(point.v))
    residuals = plus(plus(squares(q[:2]), squares(line.h)), plus(of_momenta, of_vertex))
    information = tuple(jnp.abs(W[i][i]) for i in range(2))
    part = jnp.where(problem.w > 0, problem.w**2 * (information[0] + information[1]), 0)
    part /= jnp.maximum(jnp.max(part, axis=0, initial=0), jnp.finfo(part.dtype).tiny)
    of_tracks = jnp.where(part > 0, part * dot(information, residuals), 0)
    mean = over_tracks(of_tracks) / jnp.maximum(over_tracks(part), 1)
    of_constraint = dot(
        tuple(problem.Lambda[i][i] for i in range(3)), plus(squares(problem.mu), squares(point.v))
    )
    return (3 * mean + of_constraint) * jnp.finfo(of_tracks.dtype).eps ** 2
