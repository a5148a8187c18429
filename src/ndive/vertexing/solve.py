"""The loop to the minimum, of many jets at once, each at rest when it has converged."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Float, Int

from ndive.vertexing.algebra import (
    Decomposition,
    Factor,
    Vector,
    applied,
    components,
    dot,
    factored,
    inverse_form,
    minus,
    plus,
    scaled,
    solved,
    symmetric,
)
from ndive.vertexing.blocks import division, in_blocks
from ndive.vertexing.rounding import moved_by_rounding
from ndive.vertexing.step import (
    Expansion,
    Point,
    Problem,
    expanded,
    expanded_at_reference,
    linear_system,
    located,
    normal_matrix,
    over_tracks,
    smallest_pivot,
    step,
    vertex_force,
)

GAUSS_NEWTON_STEPS = 2
"""Steps before the exact Hessian is tried."""

SHORT = 0.1
"""Part of the tolerance below which a step is the last one even if it is shorter than the one before."""

SLACK = 1e-4
"""A step may raise the chi2 by this part of (1 + chi2), and by what rounding does to it."""


class Solution(NamedTuple):
    """Where the loop ended, and what it saw there.

    `determined` and `minimal` tell whether the normal matrix and the exact Hessian are positive definite (the
    latter as far as the steps led to one), `loops` which tracks loop before they reach the vertex or are
    fitted more than half a turn off, `converged` whether the last step was small. `rounding` is how far
    rounding may move the vertex, squared and in standard deviations, those of the sandwich covariance.
    """

    point: Point
    chi2: Float[Array, "*b"]
    determined: Bool[Array, "*b"]
    minimal: Bool[Array, "*b"]
    loops: Bool[Array, "n *b"]
    converged: Bool[Array, "*b"]
    rounding: Float[Array, "*b"]
    iterations: Int[Array, "*b"]


class _State(NamedTuple):
    best: tuple[Vector, Vector]
    trial: Point
    chi2: Float[Array, "*b"]
    exact: Bool[Array, "n *b"]
    determined: Bool[Array, "*b"]
    minimal: Bool[Array, "*b"]
    loops: Bool[Array, "n *b"]
    converged: Bool[Array, "*b"]
    rounding: Float[Array, "*b"]
    square: Float[Array, "*b"]
    iterations: Int[Array, "*b"]


def minimise(
    problem: Problem, spread: Decomposition, start: Vector | None, wanted: Bool[Array, "*b"], max_steps: int
) -> Solution:
    """Minimise the chi2 of each jet that is `wanted`, from the vertex `start` and the measured momenta.

    `spread` is the covariance V decomposed. No start is the reference point, where the first step is nearly
    free.

    Two Gauss–Newton steps, then Newton steps with the exact Hessian, Gauss–Newton again wherever that is
    not positive definite. A point whose chi2 is above that of the last good one (at first, of `start`) is
    drawn half the way back to it. A jet has converged when a Newton step is shorter than `tolerance` of its
    own errors, in the vertex and in each momentum, and either the first, or not shorter than the one before,
    or shorter than a tenth of `tolerance`; or shorter than rounding can tell. It is still taken, and what is
    left is of the order of its square.

    Under `vmap` the mapped jets are solved as one batch.
    """
    solve = custom_vmap(partial(_minimised, max_steps=max_steps))

    @solve.def_vmap
    def _mapped(size: int, mapped: Any, *arguments: Any) -> tuple[Solution, Solution]:
        problem, spread, start, wanted = jax.tree.map(
            lambda x, is_mapped: jnp.moveaxis(x, 0, -1) if is_mapped else x[..., None],
            arguments,
            tuple(mapped),
        )
        batch = (*wanted.shape[:-1], size)
        wanted = jnp.broadcast_to(wanted, batch)
        start = None if start is None else tuple(jnp.broadcast_to(x, batch) for x in start)
        problem = problem._replace(w=jnp.broadcast_to(problem.w, (problem.w.shape[0], *batch)))
        solution = minimise(problem, spread, start, wanted, max_steps)
        back = jax.tree.map(lambda x: jnp.moveaxis(x, -1, 0), solution)
        return back, jax.tree.map(lambda _: True, back)

    return solve(problem, spread, start, wanted)


def _minimised(
    problem: Problem,
    spread: Decomposition,
    start: Vector | None,
    wanted: Bool[Array, "*b"],
    *,
    max_steps: int,
) -> Solution:
    """Solve the jets, by blocks if they are many."""
    solve = partial(_solved_together, max_steps=max_steps)
    arguments = problem, spread, start, wanted
    divided = division(wanted.shape, problem.w.size)
    if divided is None:
        return solve(*arguments)
    axis = divided.axis
    axes = [x.ndim + axis if x.shape[axis] > 1 else None for x in jax.tree.leaves(arguments)]
    return in_blocks(solve, arguments, axes, divided, axis)


def _solved_together(
    problem: Problem,
    spread: Decomposition,
    start: Vector | None,
    wanted: Bool[Array, "*b"],
    *,
    max_steps: int,
) -> Solution:
    """Take steps until all jets are done."""
    state = jax.lax.while_loop(
        lambda state: jnp.any(_is_open(state, max_steps)),
        lambda state: _after_a_step(problem, spread, state, max_steps),
        _begin(problem, spread, start, wanted, max_steps),
    )
    return Solution(
        point=state.trial,
        chi2=state.chi2,
        determined=state.determined,
        minimal=state.minimal,
        loops=state.loops,
        converged=state.converged,
        rounding=state.rounding,
        iterations=state.iterations,
    )


def _begin(
    problem: Problem, spread: Decomposition, start: Vector | None, wanted: Bool[Array, "*b"], max_steps: int
) -> _State:
    """The state after the first Gauss–Newton steps, which nobody has judged yet; what is not wanted rests."""
    steps = min(GAUSS_NEWTON_STEPS, max_steps)
    jets, tracks, dtype = wanted.shape, problem.w.shape, problem.w.dtype
    measured = tuple(jnp.zeros(tracks, dtype) for _ in range(3))
    v = start or tuple(jnp.zeros(jets, dtype) for _ in range(3))
    first = expanded(problem, located(problem, v, measured)) if start else expanded_at_reference(problem)
    near, determined = _after_a_gauss_newton_step(problem, first, v)
    for _ in range(1, steps):
        near, determined = _after_a_gauss_newton_step(problem, expanded(problem, near), near.v)
    return _State(
        best=(v, measured),
        trial=near,
        chi2=_chi2(problem, spread, first, v, measured),
        exact=jnp.ones(tracks, bool),
        determined=determined,
        minimal=jnp.ones(jets, bool),
        loops=jnp.zeros(tracks, bool),
        converged=~wanted,
        rounding=jnp.zeros(jets, dtype),
        square=jnp.zeros(jets, dtype),
        iterations=jnp.full(jets, steps, jnp.int32),
    )


def _after_a_gauss_newton_step(
    problem: Problem, expansion: Expansion, v: Vector
) -> tuple[Point, Bool[Array, "*b"]]:
    """The minimum of the problem linearised about the vertex v, if it has one, and whether; equation (17)."""
    normal = _normal_factor(problem, expansion)
    dv = solved(normal, vertex_force(problem, expansion, v))
    dv = tuple(jnp.where(normal.definite, change, 0) for change in dv)
    left = minus(expansion.r, applied(expansion.line.J_v, dv))
    beta = scaled(-1.0, applied(expansion.view.U_b, applied(expansion.view.W, left)))
    return located(problem, plus(v, dv), beta), normal.definite


def _normal_factor(problem: Problem, expansion: Expansion) -> Factor:
    """The factor of the normal matrix."""
    return factored(normal_matrix(problem.w, expansion, problem.Lambda), smallest_pivot(problem.w.dtype))


def _is_open(state: _State, max_steps: int) -> Bool[Array, "*b"]:
    """Jets that are to take another step: neither converged, nor without a minimum, nor out of steps."""
    lost = (state.iterations > GAUSS_NEWTON_STEPS) & ~state.determined
    return ~state.converged & ~lost & (state.iterations < max_steps)


def tolerance(dtype: jnp.dtype) -> float:
    """Length of the last Newton step, in standard deviations, below which a jet has converged."""
    return float(jnp.finfo(dtype).eps ** 0.3)


def _after_a_step(problem: Problem, spread: Decomposition, state: _State, max_steps: int) -> _State:
    """Judge the trial point of each jet, then take a step from it, or halve the one that led there."""
    trial = state.trial
    expansion = expanded(problem, trial)
    chi2 = _chi2(problem, spread, expansion, trial.v, trial.beta)
    rounding = moved_by_rounding(problem, expansion, trial)
    better = chi2 <= state.chi2 + SLACK * (1 + state.chi2) + jnp.sqrt(state.rounding * state.chi2)
    system = linear_system(problem, expansion, state.exact.astype(chi2.dtype))
    force = vertex_force(problem, expansion, trial.v)
    dv, dm = step(problem, system, expansion.view.U_b, _residuals(problem, expansion, trial), force)
    used = problem.w > 0
    all_fine = jnp.all(system.fine | ~used, axis=0)
    definite = system.H.definite & all_fine
    gauss_newton, newton = ~jnp.any(state.exact & used, axis=0), jnp.all(state.exact | ~used, axis=0)
    dm = tuple(jnp.where(system.fine, change, 0) for change in dm)
    square = jnp.abs(dot(dv, applied(system.hessian, dv)) + _longest(problem, dm))
    limit = tolerance(chi2.dtype) ** 2
    last = (square < limit) & ((square >= state.square) | (square < SHORT**2 * limit))
    small = better & definite & (last | (square < rounding))
    determined = jnp.where(
        gauss_newton | small, _normal_factor(problem, expansion).definite, state.determined
    )
    active = _is_open(state, max_steps)

    def following(old: Array, tried: Array, change: Array) -> Array:
        onward = jnp.where(definite, tried + change, tried)
        return jnp.where(active, jnp.where(better, onward, (old + tried) / 2), tried)

    def kept(old: Array, new: Array) -> Array:
        return jnp.where(active & better, new, old)

    return _State(
        best=jax.tree.map(kept, state.best, (trial.v, trial.beta)),
        trial=located(problem, *jax.tree.map(following, state.best, (trial.v, trial.beta), (dv, dm))),
        chi2=kept(state.chi2, chi2),
        exact=kept(state.exact, system.fine & (system.H.definite | ~all_fine)),
        determined=kept(state.determined, determined),
        minimal=kept(state.minimal, jnp.where(newton, definite, state.minimal)),
        loops=kept(state.loops, expansion.helix.loops | (jnp.abs(trial.beta[0]) > jnp.pi)),
        converged=state.converged | (active & small & newton & determined),
        rounding=kept(state.rounding, rounding),
        square=kept(state.square, square),
        iterations=state.iterations + active,
    )


def _chi2(
    problem: Problem, spread: Decomposition, expansion: Expansion, v: Vector, beta: Vector
) -> Float[Array, "*b"]:
    """The weighted chi2 at any point, from the full covariance, and the constraint's term; equation (2)."""
    off = minus(problem.mu, v)
    residual = minus(components(problem.q)[:2], expansion.line.h) + scaled(-1.0, beta)
    of_tracks = over_tracks(problem.w * inverse_form(spread, residual))
    return of_tracks + dot(off, applied(problem.Lambda, off))


def _residuals(problem: Problem, expansion: Expansion, point: Point) -> Vector:
    """What the track equations lack at a point: a - h - U_a λ and -β - U_b λ; equation (15)."""
    of_place = minus(
        minus(components(problem.q)[:2], expansion.line.h), applied(expansion.view.U_a, expansion.lam)
    )
    of_momentum = minus(scaled(-1.0, point.beta), applied(expansion.view.U_b, expansion.lam))
    return of_place + of_momentum


def _longest(problem: Problem, dm: Vector) -> Float[Array, "*b"]:
    """The largest step of a momentum of a track with weight, squared and in its measured errors."""
    V = symmetric(problem.V)
    square = dot(dm, tuple(change / V[j][j] for change, j in zip(dm, (2, 3, 4), strict=True)))
    return jnp.max(jnp.where(problem.w > 0, square, 0), axis=0, initial=0)
