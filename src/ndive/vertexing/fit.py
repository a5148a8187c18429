"""`fit_vertex`: from tracks and weights to vertices that carry their derivatives."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from ndive.errors import ShapeError
from ndive.tracks import CURVATURE_CONSTANT, Tracks, wrap_angle
from ndive.vertexing.algebra import factored, inverted, positive_definite, product
from ndive.vertexing.constraints import Constraint
from ndive.vertexing.implicit import attached
from ndive.vertexing.solve import Solution, minimise, total_chi2
from ndive.vertexing.step import (
    Expansion,
    Point,
    Problem,
    expanded,
    information,
    linear_system,
    smallest_pivot,
    track_chi2,
)
from ndive.vertexing.vertex import Status, Vertex

UNKNOWN_VARIANCE = 1e6
"""Variance in mm² that a vertex without a fit gets in each direction."""


def fit_vertex(
    tracks: Tracks,
    weights: Float[ArrayLike, "*leading tracks"] | None = None,
    constraint: Constraint | None = None,
    start: Float[ArrayLike, "*#leading 3"] | None = None,
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
    - `start` `[..., 3]`: mm, where the solve begins; the origin if none.
    - `max_steps`: steps after which a jet is given up with `Status.step_limit`.

    **Returns:** a `Vertex`. What goes wrong with a jet is told by its status; it gets a finite position and
    zero gradients, and its neighbours in the batch do not notice.

    **Raises:** `ShapeError` where the shapes do not broadcast.
    """
    n = tracks.mask.shape[-1]
    weights = jnp.ones(n, tracks.parameters.dtype) if weights is None else jnp.asarray(weights)
    weights = weights.astype(tracks.parameters.dtype)
    start = jnp.zeros(3, weights.dtype) if start is None else jnp.asarray(start, weights.dtype)
    if weights.ndim == 0 or weights.shape[-1] != n:
        raise ShapeError(f"weights have shape {weights.shape}; they take [..., {n}], one for each track slot")
    try:
        batch = jnp.broadcast_shapes(weights.shape[:-1], tracks.mask.shape[:-1], start.shape[:-1])
    except ValueError as error:
        raise ShapeError(
            f"weights {weights.shape}, tracks {tracks.mask.shape} and start {start.shape} do not broadcast"
        ) from error
    return _fit(tracks, jnp.broadcast_to(weights, (*batch, n)), constraint, jnp.broadcast_to(start, (*batch, 3)), max_steps)


@jax.jit(static_argnames="max_steps")
def _fit(
    tracks: Tracks,
    weights: Float[Array, "*b n"],
    constraint: Constraint | None,
    start: Float[Array, "*b 3"],
    max_steps: int,
) -> Vertex:
    weights = jnp.moveaxis(weights, -1, 0)
    start = jnp.moveaxis(start - tracks.reference, -1, 0)
    problem, scale, used = _posed(tracks, weights, constraint)
    rank = 0 if constraint is None else constraint.rank
    ndf = 2 * jnp.sum(used, axis=0) + rank - 3
    before = _status_of_input(tracks, weights, constraint, start, problem, used, ndf)
    safe = _replaced(problem, start, before == Status.converged)
    fixed = jax.lax.stop_gradient(safe)
    solution = minimise(fixed, jax.lax.stop_gradient(start), max_steps)
    status = jnp.where(before == Status.converged, _status_of_solution(fixed, solution, used), before)
    valid = status == Status.converged
    point = Point(
        jnp.where(valid, solution.point.v, start), jnp.where(valid, solution.point.beta, 0)
    )
    safe = _replaced(safe, start, valid)
    point = attached(safe, jax.lax.stop_gradient(point))
    return _vertex(tracks, safe, point, scale, ndf, solution.iterations, status)


def _posed(
    tracks: Tracks, weights: Float[Array, "n *b"], constraint: Constraint | None
) -> tuple[Problem, Float[Array, "*b"], Bool[Array, "n *b"]]:
    """The problem with padding made harmless and weights scaled to at most one; the scale; tracks used."""
    batch, dtype = weights.shape[1:], weights.dtype
    mask = jnp.moveaxis(tracks.mask, -1, 0)
    harmless = jnp.array([0, 0, 0, jnp.pi / 2, 0], dtype)
    q = jnp.where(tracks.mask[..., None], tracks.parameters, harmless)
    V = jnp.where(tracks.mask[..., None, None], tracks.covariance, jnp.eye(5, dtype=dtype))
    w = jnp.where(mask, weights, 0)
    largest = jax.lax.stop_gradient(jnp.max(w, axis=0, initial=0))
    scale = jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1)
    if constraint is None:
        mu, Lambda = jnp.zeros((3, *batch), dtype), jnp.zeros((3, 3, *batch), dtype)
    else:
        mean = jnp.broadcast_to(constraint.mean.astype(dtype) - tracks.reference, (*batch, 3))
        mu = jnp.moveaxis(mean, -1, 0)
        Lambda = jnp.moveaxis(
            jnp.broadcast_to(constraint.information.astype(dtype), (*batch, 3, 3)), (-2, -1), (0, 1)
        )
    problem = Problem(
        q=_tracks_first(q, 1, batch),
        V=_tracks_first(V, 2, batch),
        w=w / scale,
        mu=mu,
        Lambda=Lambda / scale,
        bend=jax.lax.stop_gradient(jnp.broadcast_to(CURVATURE_CONSTANT * tracks.field, batch)),
    )
    return problem, scale, mask & (w > 0)


def _tracks_first(array: Float[Array, "..."], components: int, batch: tuple[int, ...]) -> Array:
    """Components first, then tracks, then the batch with axes of length one where it broadcasts."""
    last = tuple(range(-components, 0))
    moved = jnp.moveaxis(array, last, tuple(range(components)))
    moved = jnp.moveaxis(moved, -1, components)
    missing = len(batch) - (moved.ndim - components - 1)
    return moved.reshape(*moved.shape[: components + 1], *(1,) * missing, *moved.shape[components + 1 :])


def _status_of_input(
    tracks: Tracks,
    weights: Float[Array, "n *b"],
    constraint: Constraint | None,
    start: Float[Array, "3 *b"],
    problem: Problem,
    used: Bool[Array, "n *b"],
    ndf: Int[Array, "*b"],
) -> Int[Array, "*b"]:
    """What can be said before the fit; the first line that holds wins."""
    mask = jnp.moveaxis(tracks.mask, -1, 0)
    finite = (
        jnp.all(jnp.isfinite(problem.q), axis=(0, 1))
        & jnp.all(jnp.isfinite(problem.V), axis=(0, 1, 2))
        & jnp.all(jnp.isfinite(weights) | ~mask, axis=0)
        & jnp.all(jnp.isfinite(problem.mu), axis=0)
        & jnp.all(jnp.isfinite(problem.Lambda), axis=(0, 1))
        & jnp.all(jnp.isfinite(start), axis=0)
        & jnp.isfinite(problem.bend)
    )
    definite = jnp.all(positive_definite(problem.V, 0.0), axis=0)
    return jnp.select(
        [~finite, jnp.any(mask & (weights < 0), axis=0), ~definite, ndf < 0],
        [
            Status.not_finite,
            Status.negative_weight,
            Status.covariance_not_positive_definite,
            Status.undetermined,
        ],
        Status.converged,
    ).astype(jnp.int32)


def _status_of_solution(
    problem: Problem, solution: Solution, used: Bool[Array, "n *b"]
) -> Int[Array, "*b"]:
    """What the place where the loop ended says; the first line that holds wins."""
    expansion = expanded(problem, solution.point)
    normal = factored(_normal_matrix(problem, expansion), smallest_pivot(problem.q.dtype))
    exact = linear_system(problem, expansion, jnp.ones_like(problem.bend))
    finite = jnp.all(jnp.isfinite(solution.point.v), axis=0) & jnp.isfinite(
        total_chi2(problem, expansion, solution.point.v)
    )
    clipped = jnp.any(expansion.helix.clipped & used, axis=0)
    return jnp.select(
        [~finite, clipped, ~normal.definite, ~exact.H.definite, ~solution.converged],
        [
            Status.not_finite,
            Status.looper_clipped,
            Status.singular_normal_matrix,
            Status.indefinite_hessian,
            Status.step_limit,
        ],
        Status.converged,
    ).astype(jnp.int32)


def _normal_matrix(problem: Problem, expansion: Expansion) -> Float[Array, "3 3 *b"]:
    """Σ w J_vᵀ W J_v + Λ; equation (14)."""
    M = information(expansion.line.J_v, expansion.view.W)
    return jnp.sum(problem.w * M, axis=2) + problem.Lambda


def _replaced(problem: Problem, start: Float[Array, "3 *b"], keep: Bool[Array, "*b"]) -> Problem:
    """The problem where `keep`; elsewhere one whose minimum is `start`, with harmless tracks of no weight."""
    harmless = jnp.array([0, 0, 0, jnp.pi / 2, 0], problem.q.dtype).reshape(5, *(1,) * (problem.q.ndim - 1))
    unit = jnp.eye(5, dtype=problem.q.dtype)
    shaped = unit.reshape(5, 5, *(1,) * (problem.V.ndim - 2))
    return Problem(
        q=jnp.where(keep, problem.q, harmless),
        V=jnp.where(keep, problem.V, shaped),
        w=jnp.where(keep, problem.w, 0),
        mu=jnp.where(keep, problem.mu, start),
        Lambda=jnp.where(keep, problem.Lambda, unit[:3, :3].reshape(3, 3, *(1,) * keep.ndim)),
        bend=jnp.where(keep, problem.bend, 0),
    )


def _vertex(
    tracks: Tracks,
    problem: Problem,
    point: Point,
    scale: Float[Array, "*b"],
    ndf: Int[Array, "*b"],
    iterations: Int[Array, "*b"],
    status: Int[Array, "*b"],
) -> Vertex:
    """Everything that is an explicit function of the minimum."""
    expansion = expanded(problem, point)
    valid = status == Status.converged
    M = information(expansion.line.J_v, expansion.view.W)
    normal = factored(jnp.sum(problem.w * M, axis=2) + problem.Lambda, 0.0)
    C = inverted(normal) / scale
    spread = (jnp.sum(problem.w**2 * M, axis=2) * scale + problem.Lambda) * scale
    sandwich = product(product(C, spread), C)
    unknown = UNKNOWN_VARIANCE * jnp.eye(3, dtype=C.dtype).reshape(3, 3, *(1,) * valid.ndim)
    used = jnp.moveaxis(tracks.mask, -1, 0) & valid
    phi, theta, kappa = problem.q[2:] + point.beta
    turned = jnp.stack([wrap_angle(phi + expansion.helix.rho * expansion.helix.s), theta, kappa])
    chi2 = jnp.where(valid, total_chi2(problem, expansion, point.v) * scale, 0)
    return Vertex(
        position=jnp.moveaxis(point.v, 0, -1) + tracks.reference,
        covariance=_matrix_last(jnp.where(valid, C, unknown)),
        sandwich_covariance=_matrix_last(jnp.where(valid, sandwich, unknown)),
        track_chi2=jnp.moveaxis(jnp.where(used, track_chi2(expansion), 0), 0, -1),
        chi2=chi2,
        ndf=jnp.maximum(ndf, 0),
        momenta=jnp.moveaxis(jnp.where(used, turned, 0), (0, 1), (-1, -2)),
        iterations=iterations,
        status=status,
    )


def _matrix_last(matrix: Float[Array, "i j *b"]) -> Float[Array, "*b i j"]:
    return jnp.moveaxis(matrix, (0, 1), (-2, -1))
