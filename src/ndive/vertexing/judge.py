"""What is said of a jet, before its fit and after."""

from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ndive.vertexing.algebra import Decomposition, positive
from ndive.vertexing.pose import Posed
from ndive.vertexing.solve import Solution, tolerance
from ndive.vertexing.vertex import Status


def status_of_input(
    posed: Posed, spread: Decomposition, weights: Float[Array, "n *b"], where: Any, ndf: Int[Array, "*b"]
) -> Int[Array, "*b"]:
    """What can be said before the fit; the first line that holds wins.

    `spread` is the covariance of the tracks decomposed, `where` the points that have to be finite.
    """
    problem, real = posed.problem, posed.real
    finite = _all_finite((problem.mu, problem.Lambda, where, problem.bend))
    finite &= _no_difference(problem.q, axis=(0, 1)) & _no_difference(problem.V, axis=(0, 1, 2))
    finite &= jnp.all(jnp.isfinite(weights) | ~real, axis=0)
    definite = jnp.all(positive(spread) | ~real, axis=0)
    return _first(
        (~finite, Status.not_finite),
        (jnp.any(real & (weights < 0), axis=0), Status.negative_weight),
        (jnp.any(real & ((problem.q[3] <= 0) | (problem.q[3] >= jnp.pi)), axis=0), Status.theta_out_of_range),
        (~definite, Status.covariance_not_positive_definite),
        (ndf < 0, Status.undetermined),
    )


def status_of_solution(solution: Solution, used: Bool[Array, "n *b"]) -> Int[Array, "*b"]:
    """What the place where the loop ended says; the first line that holds wins."""
    return _first(
        (~_all_finite((solution.point.v, solution.chi2)), Status.not_finite),
        (jnp.any(solution.loops & used, axis=0), Status.looper_clipped),
        (~solution.determined, Status.singular_normal_matrix),
        (~solution.minimal, Status.indefinite_hessian),
        (~solution.converged, Status.step_limit),
        (~(solution.rounding < tolerance(solution.rounding.dtype) ** 2), Status.precision_limit),
    )


def _all_finite(tree: object) -> Bool[Array, "..."]:
    return reduce(jnp.logical_and, (jnp.isfinite(leaf) for leaf in jax.tree.leaves(tree)))


def _no_difference(x: Float[Array, "..."], axis: tuple[int, ...]) -> Bool[Array, "..."]:
    """Whether all numbers along the axes are finite; sums take a vector loop, logical ones do not."""
    return jnp.isfinite(jnp.sum(x - x, axis=axis))


def _first(*cases: tuple[Bool[Array, "*b"], Status]) -> Int[Array, "*b"]:
    conditions, values = zip(*cases, strict=True)
    return jnp.select(conditions, [jnp.int32(value) for value in values], jnp.int32(Status.converged))
