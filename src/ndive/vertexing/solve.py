"""The loop to the minimum, of all jets of a batch at once, each frozen when it has converged."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ndive.vertexing.algebra import (
    Decomposition,
    Vector,
    applied,
    decomposed,
    dot,
    inverse_form,
    minus,
    scaled,
)
from ndive.vertexing.step import (
    Expansion,
    Point,
    Problem,
    expanded,
    linear_system,
    over_tracks,
    step,
    vertex_force,
)

GAUSS_NEWTON_STEPS = 3
"""Steps before the exact Hessian is trusted."""

SLACK = 1e-4
"""A step may raise the chi2 by this part of (1 + chi2), so that rounding does not hold it up."""


class Solution(NamedTuple):
    """Where the loop ended, and what it saw there.

    `determined` and `minimal` tell whether the normal matrix and the exact Hessian are positive definite (the
    latter as far as the steps led to one), `clipped` which tracks loop before they reach the vertex,
    `converged` whether the last step was small.
    """

    point: Point
    chi2: Float[Array, "*b"]
    determined: Bool[Array, "*b"]
    minimal: Bool[Array, "*b"]
    clipped: Bool[Array, "n *b"]
    converged: Bool[Array, "*b"]
    iterations: Int[Array, "*b"]


class _State(NamedTuple):
    best: Point
    trial: Point
    chi2: Float[Array, "*b"]
    exact: Bool[Array, "n *b"]
    determined: Bool[Array, "*b"]
    minimal: Bool[Array, "*b"]
    clipped: Bool[Array, "n *b"]
    converged: Bool[Array, "*b"]
    iterations: Int[Array, "*b"]
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
        exact=jnp.zeros(problem.w.shape, bool),
        determined=jnp.zeros(batch, bool),
        minimal=jnp.ones(batch, bool),
        clipped=jnp.zeros(problem.w.shape, bool),
        converged=jnp.zeros(batch, bool),
        iterations=jnp.zeros(batch, jnp.int32),
        loops=jnp.zeros((), jnp.int32),
    )
    spread = decomposed(problem.V)
    state = jax.lax.while_loop(
        lambda state: (state.loops < max_steps) & ~jnp.all(_finished(state)),
        lambda state: _advanced(problem, spread, state),
        state,
    )
    return Solution(
        point=state.trial,
        chi2=state.chi2,
        determined=state.determined,
        minimal=state.minimal,
        clipped=state.clipped,
        converged=state.converged,
        iterations=state.iterations,
    )


def tolerance(dtype: jnp.dtype) -> float:
    """Length of the last step, in standard deviations, below which a jet has converged."""
    return float(jnp.finfo(dtype).eps ** 0.45)


def _finished(state: _State) -> Bool[Array, "*b"]:
    """Jets that have converged, and those that the Gauss–Newton steps found without a minimum."""
    return state.converged | ((state.loops >= GAUSS_NEWTON_STEPS) & ~state.determined)


def _advanced(problem: Problem, spread: Decomposition, state: _State) -> _State:
    """Judge the trial point of each jet, then take a step from it, or halve the one that led there."""
    trial = state.trial
    expansion = expanded(problem, trial)
    chi2 = _chi2(problem, spread, expansion, trial)
    better = chi2 <= state.chi2 + SLACK * (1 + state.chi2)
    system = linear_system(problem, expansion, state.exact.astype(chi2.dtype))
    force = vertex_force(problem, expansion, trial.v)
    dv, dm = step(problem, system, expansion.view.U_b, _residuals(problem, expansion, trial), force)
    used = problem.w > 0
    all_fine = jnp.all(system.fine | ~used, axis=0)
    definite = system.H.definite & all_fine
    gauss_newton, newton = ~jnp.any(state.exact & used, axis=0), jnp.all(state.exact | ~used, axis=0)
    dm = tuple(jnp.where(system.fine, change, 0) for change in dm)
    square = dot(dv, applied(system.hessian, dv)) + _longest(problem, dm)
    small = better & definite & (jnp.abs(square) < tolerance(chi2.dtype) ** 2)
    active, late = ~_finished(state), state.loops + 1 >= GAUSS_NEWTON_STEPS

    def following(old: Array, tried: Array, change: Array) -> Array:
        onward = jnp.where(definite, tried + change, tried)
        return jnp.where(active, jnp.where(better, onward, (old + tried) / 2), tried)

    def kept(old: Array, new: Array) -> Array:
        return jnp.where(active & better, new, old)

    return _State(
        best=jax.tree.map(kept, state.best, trial),
        trial=jax.tree.map(following, state.best, trial, Point(dv, dm)),
        chi2=kept(state.chi2, chi2),
        exact=kept(state.exact, system.fine & (system.H.definite | ~all_fine) & late),
        determined=kept(state.determined, jnp.where(gauss_newton, definite, state.determined)),
        minimal=kept(state.minimal, jnp.where(newton, definite, state.minimal)),
        clipped=kept(state.clipped, expansion.helix.clipped),
        converged=state.converged | (small & newton & late),
        iterations=state.iterations + active,
        loops=state.loops + 1,
    )


def _chi2(problem: Problem, spread: Decomposition, expansion: Expansion, point: Point) -> Float[Array, "*b"]:
    """The weighted chi2 at any point, from the full covariance, and the constraint's term; equation (2)."""
    off = minus(problem.mu, point.v)
    residual = minus(problem.q[:2], expansion.line.h) + scaled(-1.0, point.beta)
    of_tracks = over_tracks(problem.w * inverse_form(spread, residual))
    return of_tracks + dot(off, applied(problem.Lambda, off))


def _residuals(problem: Problem, expansion: Expansion, point: Point) -> Vector:
    """What the track equations lack at a point: a - h - U_a λ and -β - U_b λ; equation (15)."""
    of_place = minus(minus(problem.q[:2], expansion.line.h), applied(expansion.view.U_a, expansion.lam))
    of_momentum = minus(scaled(-1.0, point.beta), applied(expansion.view.U_b, expansion.lam))
    return of_place + of_momentum


def _longest(problem: Problem, dm: Vector) -> Float[Array, "*b"]:
    """The largest step of a momentum of a track with weight, squared and in its measured errors."""
    square = dot(dm, tuple(change / problem.V[j][j] for change, j in zip(dm, (2, 3, 4), strict=True)))
    return jnp.max(jnp.where(problem.w > 0, square, 0), axis=0, initial=0)
