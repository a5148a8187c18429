"""From tracks, weights and constraint to the least-squares problem, and back to a harmless one."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped

from ndive.tracks import CURVATURE_CONSTANT, HARMLESS, Tracks
from ndive.vertexing.algebra import Matrix, Vector, diagonal, matrix, vector
from ndive.vertexing.chi2 import Heading
from ndive.vertexing.constraints import Constraint
from ndive.vertexing.step import Problem

IGNORANT = (1e12, 1e12, 1e-6, 1e-6, 1e-6)
"""The variances of a harmless track: it knows nothing of where the vertex is."""


AHEAD = Heading(1.0, 0.0, 0.0, 1.0)
"""The heading of a harmless track."""


class Posed(NamedTuple):
    """The problem with weights of at most one, the `scale` they were divided by, and who takes part."""

    problem: Problem
    scale: Float[Array, "*b"]
    real: Bool[Array, "n *b"]
    used: Bool[Array, "n *b"]


def posed(tracks: Tracks, weights: Float[Array, "*b n"], constraint: Constraint | None) -> Posed:
    """The problem relative to the reference point; what a masked slot holds is gone."""
    batch, dtype = weights.shape[:-1], weights.dtype
    real = jnp.broadcast_to(tracks.mask, weights.shape)
    w = jnp.where(real, weights, 0)
    largest = jax.lax.stop_gradient(jnp.max(w, axis=-1, initial=0))
    scale = jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1)
    mu, Lambda = _constraint(tracks, constraint, batch, dtype)
    q, V = (
        _entries_first(tracks.parameters, 1, batch),
        _symmetric(_entries_first(tracks.covariance, 2, batch)),
    )
    there = _entries_first(tracks.mask, 0, batch)
    problem = Problem(
        q=jnp.where(there, q, _of_any_track(jnp.array(HARMLESS, dtype), q)),
        V=jnp.where(there, V, _of_any_track(jnp.diag(jnp.array(IGNORANT, dtype)), V)),
        w=jnp.moveaxis(w / scale[..., None], -1, 0),
        mu=mu,
        Lambda=jax.tree.map(lambda entry: entry / scale, Lambda),
        bend=jax.lax.stop_gradient(jnp.broadcast_to(CURVATURE_CONSTANT * tracks.field, batch)),
    )
    return Posed(problem, scale, jnp.moveaxis(real, -1, 0), jnp.moveaxis(real & (w > 0), -1, 0))


def replaced(problem: Problem, start: Vector, keep: Bool[Array, "*b"]) -> Problem:
    """The problem where `keep`; elsewhere one with its minimum at `start`, whose tracks have no weight."""

    dtype = problem.w.dtype

    def kept(x: Array, other: Array | float) -> Array:
        return jnp.where(keep, x, other)

    return Problem(
        q=kept(problem.q, _of_any_track(jnp.array(HARMLESS, dtype), problem.q)),
        V=kept(problem.V, _of_any_track(jnp.diag(jnp.array(IGNORANT, dtype)), problem.V)),
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


def _entries_first(x: Shaped[Array, "..."], entries: int, batch: tuple[int, ...]) -> Shaped[Array, "..."]:
    """`[*batch, n, ...]` as `[..., n, *batch]`, with axes of length one where the tracks broadcast.

    Entries come first so that each is one stretch of memory, and the transposition is done once.
    """
    lead = x.ndim - entries - 1
    x = jnp.transpose(x, (*range(lead + 1, x.ndim), lead, *range(lead)))
    return x.reshape(*x.shape[: entries + 1], *(1,) * (len(batch) - lead), *x.shape[entries + 1 :])


@jax.custom_jvp
def _symmetric(V: Float[Array, "5 5 *rest"]) -> Float[Array, "5 5 *rest"]:
    """V, of which the fit reads the upper triangle; its derivative is shared by both."""
    return V


@_symmetric.defjvp
def _symmetric_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (V,), (change,) = primals, tangents
    return _symmetric(V), (change + jnp.swapaxes(change, 0, 1)) / 2


def _of_any_track(entries: Float[Array, "..."], x: Float[Array, "..."]) -> Float[Array, "..."]:
    """The same entries for all tracks of `x`, which has entries first."""
    return entries.reshape(*entries.shape, *(1,) * (x.ndim - entries.ndim))
