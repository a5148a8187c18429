"""Dense layers over the last axis."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class Dense(eqx.Module):
    """`x @ weight + bias`, with a LeCun-normal weight and a zero bias to begin with."""

    weight: Float[Array, "inputs outputs"]
    bias: Float[Array, "outputs"]

    def __init__(self, inputs: int, outputs: int, *, key: PRNGKeyArray) -> None:
        """A layer from `inputs` to `outputs` numbers."""
        self.weight = jax.nn.initializers.lecun_normal()(key, (inputs, outputs))
        self.bias = jnp.zeros(outputs)

    def __call__(self, x: Float[Array, "*axes inputs"]) -> Float[Array, "*axes outputs"]:
        """Apply the layer over the last axis."""
        return x @ self.weight + self.bias


def dense_stack(sizes: Sequence[int], *, key: PRNGKeyArray) -> tuple[Dense, ...]:
    """Layers from `sizes[0]` over each following size."""
    keys = jax.random.split(key, len(sizes) - 1)
    return tuple(Dense(sizes[k], sizes[k + 1], key=keys[k]) for k in range(len(keys)))
