"""From the network's number a track to the weight of the track in the fit."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ndive.errors import ArgumentError
from ndive.models.encoder import masked_softmax

LEARNED = ("sigmoid", "softmax")
GIVEN = ("perfect", "none")
ACTIVATIONS = LEARNED + GIVEN

LOWEST_BEST = -20.0
"""Down here a sigmoid is an exponential to 2e-9, so that what is added to all scores of a jet is a factor of
its weights, which moves no vertex. Nothing else keeps long training from weights that single precision loses.
"""


def learned_weights(
    scores: Float[Array, "tracks"], mask: Bool[Array, "tracks"], activation: str
) -> Float[Array, "tracks"]:
    """Weights in [0, 1] from the network's scores by `sigmoid` or `softmax`; zero in masked slots.

    Where a jet's best score is below `LOWEST_BEST`, all its scores are raised until it is not.
    """
    if activation == "softmax":
        return masked_softmax(scores, mask)
    best = jnp.max(jnp.where(mask, scores, -jnp.inf))
    lift = jnp.where(mask.any(), jnp.maximum(LOWEST_BEST - best, 0), 0)
    return jnp.where(mask, jax.nn.sigmoid(scores + lift), 0)


def given_weights(
    mask: Bool[Array, "tracks"], perfect_weights: Float[Array, "tracks"] | None, activation: str
) -> Float[Array, "tracks"]:
    """Weights without a network: the truth's for `perfect`, one a real track for `none`.

    **Raises:** `ArgumentError` where `perfect` has no `perfect_weights`.
    """
    if activation == "perfect":
        if perfect_weights is None:
            raise ArgumentError("the activation 'perfect' needs perfect_weights, found none")
        return jnp.where(mask, perfect_weights, 0)
    return mask.astype(float)
