"""The loop to the minimum, of all jets of a batch at once, each frozen when it has converged."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ndive.vertexing.algebra import applied
from ndive.vertexing.step import (
    Expansion,
    Point,
    Problem,
    constraint_pull,
    expanded,
    linear_system,
    step,
    track_chi2,
)

GAUSS_NEWTON_STEPS = 3
"""Steps before the exact Hessian is trusted."""

SLACK = 1e-2
"""A step may raise the chi2 by this part of (1 + chi2): far out, the linearised momenta are not exact."""


class Solution(NamedTuple):
    """Where the loop ended, after how many steps, and whether the last one was small."""

    point: Point
    iterations: Int[Array, "*#b"]
    converged: Bool[Array, "*#b"]


class _State(NamedTuple):
    point: Point
    trial: Point
    chi2: Float[Array, "*#b"]
    exact: Bool[Array, "*#b"]
    iterations: Int[Array, "*#b"]
    converged: Bool[Array, "*#b"]
    count: Int[Array, ""]


def minimise(problem: Problem, start: Float[Array, "3 *#b"], max_steps: int) -> Solution:
    """Minimise the chi2 of each jet from the vertex `start` and the measured momenta.

    Three Gauss–Newton steps, then Newton steps with the exact Hessian, Gauss–Newton again wherever that is
    not positive definite. A step that raises the chi2 is halved. A jet has converged when a step is shorter
    than `tolerance` of its own errors, in the vertex and in each momentum; that step is still taken.
    """
    n, batch = problem.w.shape[0], problem.bend.shape
    origin = Point(start, jnp.zeros((3, n, *batch), problem.q.dtype))
    state = _State(
        point=origin,
        trial=origin,
        chi2=jnp.full(batch, jnp.inf, problem.q.dtype),
        exact=jnp.zeros(batch, bool),
        iterations=jnp.zeros(batch, jnp.int32),
        converged=jnp.zeros(batch, bool),
        count=jnp.zeros((), jnp.int32),
    )
    state = jax.lax.while_loop(
        lambda state: (state.count < max_steps) & ~jnp.all(state.converged),
        lambda state: _advanced(problem, state),
        state,
    )
    return Solution(state.trial, state.iterations, state.converged)


def tolerance(dtype: jnp.dtype) -> float:
    """Length of the last step, in standard deviations, below which a jet has converged."""
    return float(jnp.finfo(dtype).eps ** 0.45)


def _advanced(problem: Problem, state: _State) -> _State:
    """Judge the trial point of each jet, and take a step from it or halve the one that led there."""
    expansion = expanded(problem, state.trial)
    chi2 = total_chi2(problem, expansion, state.trial.v)
    better = chi2 <= state.chi2 + SLACK * (1 + state.chi2)
    system = linear_system(problem, expansion, state.exact.astype(problem.q.dtype))
    gamma = jnp.sum(problem.w * _towards(expansion), axis=1) + constraint_pull(problem, state.trial.v)
    residual = jnp.concatenate(
        [
            problem.q[:2] - expansion.line.h - applied(expansion.view.U_a, expansion.lam),
            -state.trial.beta - applied(expansion.view.U_b, expansion.lam),
        ]
    )
    dv, dm = step(problem, system, expansion.view.U_b, residual, gamma)
    moved = jnp.where(system.H.definite, 1, 0)
    onward = Point(state.trial.v + moved * dv, state.trial.beta + moved * dm)
    halved = Point(
        *((old + new) / 2 for old, new in zip(state.point, state.trial, strict=True))
    )
    length = jnp.sum(dv * applied(system.hessian, dv), axis=0) + jnp.max(
        jnp.sum(dm**2 / jnp.stack([problem.V[j, j] for j in (2, 3, 4)]), axis=0), axis=0, initial=0
    )
    small = better & system.H.definite & (jnp.abs(length) < tolerance(problem.q.dtype) ** 2)
    active = ~state.converged

    def choose(new: Array, old: Array) -> Array:
        return jnp.where(active, new, old)

    return _State(
        point=Point(*(choose(jnp.where(better, t, p), p) for t, p in zip(state.trial, state.point, strict=True))),
        trial=Point(
            *(
                choose(jnp.where(better, o, h), t)
                for o, h, t in zip(onward, halved, state.trial, strict=True)
            )
        ),
        chi2=choose(jnp.where(better, chi2, state.chi2), state.chi2),
        exact=choose(
            jnp.where(better, system.H.definite & (state.count + 1 >= GAUSS_NEWTON_STEPS), state.exact),
            state.exact,
        ),
        iterations=state.iterations + active,
        converged=state.converged | small,
        count=state.count + 1,
    )


def total_chi2(problem: Problem, expansion: Expansion, v: Float[Array, "3 *#b"]) -> Float[Array, "*#b"]:
    """Weighted chi2 of a jet with the constraint's term; equation (13)."""
    off = problem.mu - v
    return jnp.sum(problem.w * track_chi2(expansion), axis=0) + jnp.sum(off * applied(problem.Lambda, off), axis=0)


def _towards(expansion: Expansion) -> Float[Array, "3 n *#b"]:
    """J_vᵀ λ: where each track draws the vertex."""
    return jnp.sum(expansion.line.J_v * expansion.lam[:, None], axis=0)
