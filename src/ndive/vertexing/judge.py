"""What is said of a jet, before its fit and after."""

from functools import reduce

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ndive.vertexing.algebra import Vector, factored, positive_definite
from ndive.vertexing.pose import Posed
from ndive.vertexing.solve import Solution
from ndive.vertexing.step import (
    Problem,
    expanded,
    linear_system,
    normal_matrix,
    smallest_pivot,
    total_chi2,
)
from ndive.vertexing.vertex import Status


def status_of_input(
    posed: Posed, weights: Float[Array, "n *b"], start: Vector, ndf: Int[Array, "*b"]
) -> Int[Array, "*b"]:
    """What can be said before the fit; the first line that holds wins."""
    problem, real = posed.problem, posed.real
    of_jet = (problem.mu, problem.Lambda, start, problem.bend)
    finite = _all_finite(of_jet) & jnp.all(_all_finite((problem.q, problem.V)), axis=0)
    finite &= jnp.all(jnp.isfinite(weights) | ~real, axis=0)
    definite = jnp.all(positive_definite(problem.V) | ~real, axis=0)
    return _first(
        (~finite, Status.not_finite),
        (jnp.any(real & (weights < 0), axis=0), Status.negative_weight),
        (~definite, Status.covariance_not_positive_definite),
        (ndf < 0, Status.undetermined),
    )


def status_of_solution(problem: Problem, used: Bool[Array, "n *b"], solution: Solution) -> Int[Array, "*b"]:
    """What the place where the loop ended says; the first line that holds wins."""
    expansion = expanded(problem, solution.point)
    normal = factored(normal_matrix(problem.w, expansion, problem.Lambda), smallest_pivot(problem.w.dtype))
    exact = linear_system(problem, expansion, jnp.ones_like(problem.bend))
    finite = _all_finite((solution.point.v, total_chi2(problem, expansion, solution.point.v)))
    clipped = jnp.any(expansion.helix.clipped & used, axis=0)
    return _first(
        (~finite, Status.not_finite),
        (clipped, Status.looper_clipped),
        (~normal.definite, Status.singular_normal_matrix),
        (~exact.H.definite, Status.indefinite_hessian),
        (~solution.converged, Status.step_limit),
    )


def _all_finite(tree: object) -> Bool[Array, "..."]:
    return reduce(jnp.logical_and, (jnp.isfinite(leaf) for leaf in jax.tree.leaves(tree)))


def _first(*cases: tuple[Bool[Array, "*b"], Status]) -> Int[Array, "*b"]:
    conditions, values = zip(*cases, strict=True)
    return jnp.select(conditions, [jnp.int32(value) for value in values], jnp.int32(Status.converged))
