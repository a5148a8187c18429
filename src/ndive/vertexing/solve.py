"""The loop to the minimum, of all jets of a batch at once, each frozen when it has converged."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ndive.vertexing.algebra import Vector, applied, dot, minus, scaled
from ndive.vertexing.step import (
    Expansion,
    Point,
    Problem,
    expanded,
    linear_system,
    step,
    total_chi2,
    vertex_force,
)

GAUSS_NEWTON_STEPS = 3
"""Steps before the exact Hessian is trusted."""

SLACK = 1e-2
"""A step may raise the chi2 by this part of (1 + chi2): far out, the linearised momenta are not exact."""


class Solution(NamedTuple):
    """Where the loop ended, after how many steps, and whether the last one was small."""

    point: Point
    iterations: Int[Array, "*b"]
    converged: Bool[Array, "*b"]


class _State(NamedTuple):
    best: Point
    trial: Point
    chi2: Float[Array, "*b"]
    exact: Bool[Array, "*b"]
    iterations: Int[Array, "*b"]
    converged: Bool[Array, "*b"]
    loops: Int[Array, ""]


def minimise(problem: Problem, start: Vector, max_steps: int) -> Solution:
    """Minimise the chi2 of each jet from the vertex `start` and the measured momenta.

    Three Gauss–Newton steps, then Newton steps with the exact Hessian, Gauss–Newton again wherever that is
    not positive definite. A step that raises the chi2 is halved. A jet has converged when a step is shorter
    than `tolerance` of its own errors, in the vertex and in each momentum; that step is still taken.
    """
    batch, dtype = problem.bend.shape, problem.w.dtype
    rest = tuple(jnp.zeros(problem.w.shape, dtype) for _ in range(3))
    origin = Point(tuple(jnp.broadcast_to(component, batch) for component in start), rest)
    state = _State(
        best=origin,
        trial=origin,
        chi2=jnp.full(batch, jnp.inf, dtype),
        exact=jnp.zeros(batch, bool),
        iterations=jnp.zeros(batch, jnp.int32),
        converged=jnp.zeros(batch, bool),
        loops=jnp.zeros((), jnp.int32),
    )
    state = jax.lax.while_loop(
        lambda state: (state.loops < max_steps) & ~jnp.all(state.converged),
        lambda state: _advanced(problem, state),
        state,
    )
    return Solution(state.trial, state.iterations, state.converged)


def tolerance(dtype: jnp.dtype) -> float:
    """Length of the last step, in standard deviations, below which a jet has converged."""
    return float(jnp.finfo(dtype).eps ** 0.45)


def _advanced(problem: Problem, state: _State) -> _State:
    """Judge the trial point of each jet, then take a step from it, or halve the one that led there."""
    trial = state.trial
    expansion = expanded(problem, trial)
    chi2 = total_chi2(problem, expansion, trial.v)
    better = chi2 <= state.chi2 + SLACK * (1 + state.chi2)
    system = linear_system(problem, expansion, state.exact.astype(chi2.dtype))
    force = vertex_force(problem, expansion, trial.v)
    dv, dm = step(problem, system, expansion.view.U_b, _residuals(problem, expansion, trial), force)
    definite = system.H.definite
    square = dot(dv, applied(system.hessian, dv)) + _longest(problem, dm)
    small = better & definite & (jnp.abs(square) < tolerance(chi2.dtype) ** 2)
    active = ~state.converged

    def following(old: Array, tried: Array, change: Array) -> Array:
        onward = jnp.where(definite, tried + change, tried)
        return jnp.where(active, jnp.where(better, onward, (old + tried) / 2), tried)

    def kept(old: Array, new: Array) -> Array:
        return jnp.where(active & better, new, old)

    return _State(
        best=jax.tree.map(kept, state.best, trial),
        trial=jax.tree.map(following, state.best, trial, Point(dv, dm)),
        chi2=kept(state.chi2, chi2),
        exact=kept(state.exact, definite & (state.loops + 1 >= GAUSS_NEWTON_STEPS)),
        iterations=state.iterations + active,
        converged=state.converged | small,
        loops=state.loops + 1,
    )


def _residuals(problem: Problem, expansion: Expansion, point: Point) -> Vector:
    """What the track equations lack at a point: a - h - U_a λ and -β - U_b λ; equation (15)."""
    of_place = minus(minus(problem.q[:2], expansion.line.h), applied(expansion.view.U_a, expansion.lam))
    of_momentum = minus(scaled(-1.0, point.beta), applied(expansion.view.U_b, expansion.lam))
    return of_place + of_momentum


def _longest(problem: Problem, dm: Vector) -> Float[Array, "*b"]:
    """The largest step of a momentum, squared and in its measured errors."""
    square = dot(dm, tuple(change / problem.V[j][j] for change, j in zip(dm, (2, 3, 4), strict=True)))
    return jnp.max(square, axis=0, initial=0)
