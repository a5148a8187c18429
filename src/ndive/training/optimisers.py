"""The optimisers and the schedules of the learning rate."""

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from ndive.training.config import TrainConfig

PATIENCE = 5
FACTOR = 0.1


def make_optimiser(config: TrainConfig) -> optax.GradientTransformation:
    """NovoGrad (arXiv:1905.11286) or Adam (arXiv:1412.6980) at rate one: the loop multiplies by the rate."""
    if config.use_adam:
        return optax.adam(1.0)
    return optax.novograd(1.0, b1=0.9, b2=0.25, eps=1e-6)


def learning_rate(
    config: TrainConfig, step: Int[Array, ""], steps_in_all: int, scale: Float[Array, ""]
) -> Float[Array, ""]:
    """The rate at `step`: constant, or a cosine that falls to zero, times the `scale` of the plateau rule."""
    if config.use_cosine_decay_schedule:
        return scale * optax.cosine_decay_schedule(config.learning_rate, steps_in_all)(step)
    return scale * jnp.asarray(config.learning_rate)


def plateau_rule() -> optax.GradientTransformationExtraArgs:
    """Divide the rate by 10 at the 5th epoch in a row without a better validation total."""
    return optax.contrib.reduce_on_plateau(factor=FACTOR, patience=PATIENCE, rtol=0.0, atol=1e-6)
