"""`fit_vertex`: from tracks and weights to vertices that carry their derivatives."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Int

from ndive.errors import ArgumentError, ShapeError
from ndive.tracks import Tracks, wrap_angle
from ndive.vertexing.algebra import (
    components,
    decomposed,
    factored,
    identity,
    inverted,
    stacked,
    stacked_rows,
    symmetric,
    vector,
)
from ndive.vertexing.blocks import division, in_blocks
from ndive.vertexing.constraints import Constraint
from ndive.vertexing.implicit import attached
from ndive.vertexing.judge import status_of_input, status_of_solution
from ndive.vertexing.pose import AHEAD, posed, replaced
from ndive.vertexing.solve import minimise
from ndive.vertexing.step import (
    Point,
    expanded,
    normal_matrix,
    sandwiched,
    total_chi2,
    track_chi2,
)
from ndive.vertexing.vertex import Status, Vertex

UNKNOWN_VARIANCE = 1e6
"""Variance in mm² that a vertex without a fit gets in each direction."""


def fit_vertex(
    tracks: Tracks,
    weights: Float[ArrayLike, "*leading tracks"] | None = None,
    constraint: Constraint | None = None,
    start: ArrayLike | None = None,
    max_steps: int = 50,
) -> Vertex:
    """Fit one vertex to the tracks of each jet.

    The vertex v, and with it a momentum (phi, theta, q/p) for each track, minimise
    Σ w (q - h(v, p))ᵀ V⁻¹ (q - h(v, p)) plus the term of the constraint, with h the exact helix. See
    `docs/fit.md`. Position, covariances, chi2, track_chi2 and momenta are differentiable, in forward and
    reverse mode, in the weights, the parameters, their covariance and the constraint.

    **Arguments:**

    - `tracks`: parameters `[*batch, n, 5]`.
    - `weights` `[..., n]`: multiply each track's chi2; one for all if none. Leading axes broadcast:
      `[K, *batch, n]` gives K vertices over the same tracks.
    - `constraint`: a Gaussian on the vertex (`ndive.beam_spot`, `ndive.line`).
    - `start` `[..., 3]`: mm, where the solve begins; the reference point of the tracks if none. Its leading
      axes and those of the constraint broadcast as well.
    - `max_steps`: steps after which a jet is given up with `Status.step_limit`.

    **Returns:** a `Vertex`. What goes wrong with a jet is told by its status; it gets a finite position and
    zero gradients, and its neighbours in the batch do not notice.

    **Raises:** `ShapeError` where the shapes do not broadcast; `ArgumentError` where `max_steps` is below 1.
    """
    if max_steps < 1:
        raise ArgumentError(f"max_steps is {max_steps}, allowed: 1 or more")
    n = tracks.mask.shape[-1]
    weights = jnp.ones(n, tracks.parameters.dtype) if weights is None else jnp.asarray(weights)
    weights = weights.astype(tracks.parameters.dtype)
    start = None if start is None else jnp.asarray(start, weights.dtype)
    if weights.ndim == 0 or weights.shape[-1] != n:
        raise ShapeError(f"weights have shape {weights.shape}; they take [..., {n}], one for each track slot")
    shapes = {"weights": weights.shape[:-1], "tracks": tracks.mask.shape[:-1]}
    if start is not None:
        if start.shape[-1:] != (3,):
            raise ShapeError(f"start has shape {start.shape}; it takes [..., 3]")
        shapes |= {"start": start.shape[:-1]}
    if constraint is not None:
        shapes |= {"constraint": constraint.shape}
    try:
        batch = jnp.broadcast_shapes(*shapes.values())
    except ValueError as error:
        found = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        raise ShapeError(f"leading axes do not broadcast: {found}") from error
    if start is not None:
        start = jnp.broadcast_to(start, (*batch, 3))
    return _fit(tracks, jnp.broadcast_to(weights, (*batch, n)), constraint, start, max_steps)


@partial(jax.jit, static_argnames="max_steps")
def _fit(
    tracks: Tracks,
    weights: Float[Array, "*b n"],
    constraint: Constraint | None,
    start: Float[Array, "*b 3"] | None,
    max_steps: int,
) -> Vertex:
    """Fit all jets, by blocks and blocks of these if they are many."""
    batch = weights.shape[:-1]
    of_tracks = (1,) * (weights.ndim - tracks.mask.ndim) + tracks.mask.shape[:-1]
    shared = next((place for place, length in enumerate(of_tracks) if length != 1), len(batch))
    divided = division(batch, weights.size, shared)
    if divided is None:
        return _fit_together(tracks, weights, constraint, start, max_steps)
    jets = tracks, weights, constraint, start
    of_one_jet = [2, 3, 1, 0, 1, 1, *([] if constraint is None else [1, 2]), *([] if start is None else [1])]
    axes = [
        place if (place := x.ndim - own + divided.axis) >= 0 and x.shape[place] > 1 else None
        for x, own in zip(jax.tree.leaves(jets), of_one_jet, strict=True)
    ]
    return in_blocks(partial(_fit, max_steps=max_steps), jets, axes, divided, len(batch) + divided.axis)


def _fit_together(
    tracks: Tracks,
    weights: Float[Array, "*b n"],
    constraint: Constraint | None,
    start: Float[Array, "*b 3"] | None,
    max_steps: int,
) -> Vertex:
    """Judge the input, solve, judge the end, and tell what was found."""
    jets = posed(tracks, weights, constraint)
    rank = 0 if constraint is None else constraint.rank
    ndf = 2 * jnp.sum(jets.used, axis=0, dtype=jnp.int32) + rank - 3
    given = None if start is None else vector(jax.lax.stop_gradient(start - tracks.reference))
    problem = jax.lax.stop_gradient(jets.problem)
    spread = decomposed(symmetric(problem.V))
    before = status_of_input(
        jets, spread, jnp.moveaxis(weights, -1, 0), (given, vector(tracks.reference)), ndf
    )
    fit_it = before == Status.converged
    begin = vector(jnp.zeros((*ndf.shape, 3), weights.dtype))
    if given is not None:
        begin = given = tuple(jnp.where(jnp.isfinite(component), component, 0) for component in given)
    solution = minimise(problem, spread, given, fit_it, max_steps)
    status = jnp.where(fit_it, status_of_solution(solution, jets.used), before)
    valid = status == Status.converged
    point = Point(
        tuple(jnp.where(valid, found, began) for found, began in zip(solution.point.v, begin, strict=True)),
        tuple(jnp.where(valid, component, 0) for component in solution.point.beta),
        jax.tree.map(partial(jnp.where, valid), solution.point.heading, AHEAD),
    )
    iterations = jnp.where(fit_it, solution.iterations, 0)
    return _vertex(tracks, weights, constraint, point, jnp.maximum(ndf, 0), iterations, status)


@partial(jax.checkpoint, prevent_cse=False)
def _vertex(
    tracks: Tracks,
    weights: Float[Array, "*b n"],
    constraint: Constraint | None,
    point: Point,
    ndf: Int[Array, "*b"],
    iterations: Int[Array, "*b"],
    status: Int[Array, "*b"],
) -> Vertex:
    """Attach the derivative to the minimum, and compute all that is an explicit function of it.

    The weights' scale is put back. Reverse mode works this out again from the minimum, which takes less than
    to write down and read what it consists of.
    """
    jets, valid = posed(tracks, weights, constraint), status == Status.converged
    point = jax.lax.stop_gradient(point)
    problem = replaced(jets.problem, point.v, valid)
    point = attached(problem, point)
    expansion = expanded(problem, point)
    scale = jets.scale
    C = inverted(factored(normal_matrix(problem.w, expansion, problem.Lambda), 0.0))
    Lambda = jax.tree.map(lambda entry: entry / scale, problem.Lambda)
    sandwich = sandwiched(problem.w, expansion, C, Lambda)
    unknown = jax.tree.map(lambda entry: UNKNOWN_VARIANCE * entry, identity(3))
    real = jets.real & valid
    phi, theta, kappa = (b + beta for b, beta in zip(components(problem.q)[2:], point.beta, strict=True))
    momenta = wrap_angle(jnp.asarray(phi + expansion.helix.rho * expansion.helix.s)), theta, kappa

    def known(entry: Array, otherwise: float) -> Array:
        return jnp.where(valid, entry, otherwise)

    return Vertex(
        position=stacked(point.v) + jnp.where(jnp.isfinite(tracks.reference), tracks.reference, 0),
        covariance=stacked_rows(jax.tree.map(known, jax.tree.map(lambda x: x / scale, C), unknown)),
        sandwich_covariance=stacked_rows(jax.tree.map(known, sandwich, unknown)),
        track_chi2=jnp.moveaxis(jnp.where(real, track_chi2(expansion), 0), 0, -1),
        chi2=known(total_chi2(problem, expansion, point.v) * scale, 0),
        ndf=ndf,
        momenta=jnp.moveaxis(stacked(tuple(jnp.where(real, x, 0) for x in momenta)), 0, -2),
        iterations=iterations,
        status=status,
    )
