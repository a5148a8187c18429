"""The rank of a track in its jet, as an input."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

N_RANKS = 15
"""Ranks that have a place of their own; a track behind them gets zeros."""


def one_hot_rank(pt: Float[Array, "tracks"], mask: Bool[Array, "tracks"]) -> Float[Array, "tracks 15"]:
    """One-hot of each real track's rank in pT, the hardest first; equal pT keep their order."""
    descending = jnp.argsort(jnp.where(mask, -pt, jnp.inf))
    return jax.nn.one_hot(jnp.argsort(descending), N_RANKS, dtype=pt.dtype) * mask[:, None]
