"""From tracks, weights and constraint to the least-squares problem, and back to a harmless one."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ndive.tracks import CURVATURE_CONSTANT, HARMLESS, Tracks
from ndive.vertexing.algebra import Matrix, Vector, diagonal, matrix, vector
from ndive.vertexing.constraints import Constraint
from ndive.vertexing.step import Problem

IGNORANT = (1e12, 1e12, 1e-6, 1e-6, 1e-6)
"""The variances of a harmless track: it knows nothing of where the vertex is."""


class Posed(NamedTuple):
    """The problem with weights of at most one, the `scale` they were divided by, and who takes part."""

    problem: Problem
    scale: Float[Array, "*b"]
    real: Bool[Array, "n *b"]
    used: Bool[Array, "n *b"]


def posed(tracks: Tracks, weights: Float[Array, "*b n"], constraint: Constraint | None) -> Posed:
    """The problem relative to the reference point; what a masked slot holds is gone."""
    batch, dtype = weights.shape[:-1], weights.dtype
    q = jnp.where(tracks.mask[..., None], tracks.parameters, jnp.array(HARMLESS, dtype))
    V = jnp.where(tracks.mask[..., None, None], tracks.covariance, jnp.diag(jnp.array(IGNORANT, dtype)))
    real = jnp.broadcast_to(tracks.mask, weights.shape)
    w = jnp.where(real, weights, 0)
    largest = jax.lax.stop_gradient(jnp.max(w, axis=-1, initial=0))
    scale = jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1)
    mu, Lambda = _constraint(tracks, constraint, batch, dtype)
    problem = Problem(
        q=tuple(jnp.unstack(_entries_first(q, 1, batch))),
        V=tuple(tuple(jnp.unstack(row)) for row in jnp.unstack(_entries_first(V, 2, batch))),
        w=jnp.moveaxis(w / scale[..., None], -1, 0),
        mu=mu,
        Lambda=jax.tree.map(lambda entry: entry / scale, Lambda),
        bend=jax.lax.stop_gradient(jnp.broadcast_to(CURVATURE_CONSTANT * tracks.field, batch)),
    )
    return Posed(problem, scale, jnp.moveaxis(real, -1, 0), jnp.moveaxis(real & (w > 0), -1, 0))


def replaced(problem: Problem, start: Vector, keep: Bool[Array, "*b"]) -> Problem:
    """The problem where `keep`; elsewhere one with its minimum at `start`, whose tracks have no weight."""

    def kept(x: Array, other: Array | float) -> Array:
        return jnp.where(keep, x, other)

    return Problem(
        q=jax.tree.map(kept, problem.q, HARMLESS),
        V=jax.tree.map(kept, problem.V, diagonal(IGNORANT)),
        w=kept(problem.w, 0),
        mu=jax.tree.map(kept, problem.mu, start),
        Lambda=jax.tree.map(kept, problem.Lambda, diagonal((1.0, 1.0, 1.0))),
        bend=kept(problem.bend, 0),
    )


def _constraint(
    tracks: Tracks, constraint: Constraint | None, batch: tuple[int, ...], dtype: jnp.dtype
) -> tuple[Vector, Matrix]:
    """Mean and information relative to the reference point; zero if there is no constraint."""
    if constraint is None:
        return vector(jnp.zeros((*batch, 3), dtype)), matrix(jnp.zeros((*batch, 3, 3), dtype))
    mean = constraint.mean.astype(dtype) - tracks.reference
    information = constraint.information.astype(dtype)
    return (
        vector(jnp.broadcast_to(mean, (*batch, 3))),
        matrix(jnp.broadcast_to(information, (*batch, 3, 3))),
    )


def _entries_first(x: Float[Array, "..."], entries: int, batch: tuple[int, ...]) -> Float[Array, "..."]:
    """`[*batch, n, ...]` as `[..., n, *batch]`, with axes of length one where the tracks broadcast.

    Entries come first so that this is one transposition, forwards and backwards: taken entry by entry from
    the last axes, it would be done again in every loop that reads one.
    """
    lead = x.ndim - entries - 1
    x = jnp.transpose(x, (*range(lead + 1, x.ndim), lead, *range(lead)))
    return x.reshape(*x.shape[: entries + 1], *(1,) * (len(batch) - lead), *x.shape[entries + 1 :])
