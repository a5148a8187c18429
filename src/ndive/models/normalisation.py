"""The shift and scale of the inputs, kept as arrays of the model so that every saved model carries them."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.models.features import N_FEATURES


class Normalisation(eqx.Module):
    """Inputs become (input − mean) / scale, vertex coordinates become coordinate / vertex_scale.

    Not trained: `training.normalise` estimates the numbers from the training file.

    **Attributes:** `mean` and `scale` `[18]` in the units of `track_features`; `vertex_scale` `[3]` in mm.
    """

    mean: Float[Array, "18"]
    scale: Float[Array, "18"]
    vertex_scale: Float[Array, "3"]

    def __call__(self, features: Float[Array, "*batch tracks 18"]) -> Float[Array, "*batch tracks 18"]:
        """The normalised inputs, within ±`LIMIT`."""
        mean, scale = jax.lax.stop_gradient((self.mean, self.scale))
        return jnp.clip((features - mean) / scale, -LIMIT, LIMIT)

    def vertex(self, position: Float[Array, "*batch 3"]) -> Float[Array, "*batch 3"]:
        """The normalised coordinates of a vertex, within ±`LIMIT`."""
        return jnp.clip(position / jax.lax.stop_gradient(self.vertex_scale), -LIMIT, LIMIT)


LIMIT = 20.0
"""Where a normalised input is cut off, so that one badly measured track does not saturate a layer."""


def identity_normalisation() -> Normalisation:
    """Zero shift and unit scale."""
    return Normalisation(mean=jnp.zeros(N_FEATURES), scale=jnp.ones(N_FEATURES), vertex_scale=jnp.ones(3))
