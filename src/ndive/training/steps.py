"""The compiled parts of an epoch: optimiser steps over several batches in one call, and validation."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from ndive.data import Batch
from ndive.models import Model
from ndive.training.accuracies import batch_accuracies, no_means
from ndive.training.config import TrainConfig
from ndive.training.forward import forward
from ndive.training.losses import Mean, batch_losses, loss_weights, total_loss
from ndive.training.optimisers import learning_rate, make_optimiser
from ndive.training.state import Learner

Means = dict[str, Mean]
TrainSteps = Callable[[Learner, PyTree, Batch, Int[Array, ""], Float[Array, ""]], tuple[Learner, Means]]
Validate = Callable[[PyTree, PyTree, Batch], Means]


def make_train_steps(config: TrainConfig, steps_in_all: int) -> TrainSteps:
    """A function that takes one optimiser step for each of the first `count` of several stacked batches.

    It takes (learner, fixed, batches `[k, b, ...]`, count, scale of the rate) and returns the learner, whose
    buffers it reuses, and the sums of the losses and accuracies. The steps follow each other as if called one
    by one; one call for several saves the cost of starting a program and of its temporary memory.
    """
    optimiser, weights = make_optimiser(config), loss_weights(config)

    def loss(parameters: PyTree, fixed: PyTree, batch: Batch) -> tuple[Float[Array, ""], Means]:
        means = _means(eqx.combine(parameters, fixed), batch, config)
        return total_loss(means, weights), means

    def step(learner: Learner, fixed: PyTree, batch: Batch, scale: Float[Array, ""]) -> tuple[Learner, Means]:
        gradient, means = jax.grad(loss, has_aux=True)(learner.parameters, fixed, batch)
        updates, state = optimiser.update(gradient, learner.optimiser, learner.parameters)
        rate = learning_rate(config, learner.step, steps_in_all, scale)
        parameters = jax.tree.map(lambda value, update: value + rate * update, learner.parameters, updates)
        return Learner(parameters=parameters, optimiser=state, step=learner.step + 1), means

    def steps(
        learner: Learner, fixed: PyTree, batches: Batch, count: Int[Array, ""], scale: Float[Array, ""]
    ) -> tuple[Learner, Means]:
        def one(k: Int[Array, ""], carry: tuple[Learner, Means]) -> tuple[Learner, Means]:
            learner, sums = carry
            batch = jax.tree.map(lambda leaf: leaf[k], batches)
            learner, means = step(learner, fixed, batch, scale)
            return learner, jax.tree.map(jnp.add, sums, means)

        return jax.lax.fori_loop(0, count, one, (learner, no_means()))

    return jax.jit(steps, donate_argnums=0)


def make_validate(config: TrainConfig) -> Validate:
    """A function from (parameters, fixed, batch) to the sums of the losses and accuracies of the batch."""

    @eqx.filter_jit
    def validate(parameters: PyTree, fixed: PyTree, batch: Batch) -> Means:
        return _means(eqx.combine(parameters, fixed), batch, config)

    return validate


def _means(model: Model, batch: Batch, config: TrainConfig) -> Means:
    """All losses and accuracies of a batch."""
    output = forward(model, batch)
    return batch_losses(output, batch, config) | batch_accuracies(output, batch)
