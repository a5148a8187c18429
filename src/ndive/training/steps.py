"""The compiled parts of an epoch: optimiser steps over several batches in one call, and validation."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float, Int, PyTree

from ndive.data import Batch
from ndive.training.accuracies import Means, batch_means, no_means
from ndive.training.config import TrainConfig
from ndive.training.devices import ALIKE, AXIS, alike, here, over_devices, shared_out
from ndive.training.forward import forward
from ndive.training.gradient import batch_gradient
from ndive.training.optimisers import learning_rate, make_optimiser
from ndive.training.stacking import Blocks
from ndive.training.state import Learner

TrainSteps = Callable[[Learner, PyTree, Blocks, Int[Array, ""], Float[Array, ""]], tuple[Learner, Means]]
Validate = Callable[[PyTree, PyTree, Batch], Means]

BLOCKS_ON = PartitionSpec(None, AXIS)
JETS_ON = PartitionSpec(AXIS)
"""How the stacked blocks and the jets of a batch are shared out over the devices."""


def make_train_steps(config: TrainConfig, steps_in_all: int, mesh: Mesh) -> TrainSteps:
    """A function that takes one optimiser step for each of the first `count` of several stacked batches.

    It takes (learner, fixed, batches in blocks, count, scale of the rate) and returns the learner, whose
    buffers it reuses, and the sums of the losses and accuracies. Each device of `mesh` computes its blocks.
    The steps follow each other as if called one by one; one call for several saves the cost of starting a
    program and of its temporary memory.
    """
    optimiser = make_optimiser(config)

    def step(
        learner: Learner, fixed: PyTree, batch: Blocks, scale: Float[Array, ""]
    ) -> tuple[Learner, Means]:
        gradient, means = batch_gradient(learner.parameters, fixed, batch, config)
        updates, state = optimiser.update(gradient, learner.optimiser, learner.parameters)
        rate = learning_rate(config, learner.step, steps_in_all, scale)
        parameters = jax.tree.map(lambda value, update: value + rate * update, learner.parameters, updates)
        return Learner(parameters=parameters, optimiser=state, step=learner.step + 1), means

    def steps(
        learner: Learner, fixed: PyTree, batches: Blocks, count: Int[Array, ""], scale: Float[Array, ""]
    ) -> tuple[Learner, Means]:
        def one(k: Int[Array, ""], carry: tuple[Learner, Means]) -> tuple[Learner, Means]:
            learner, sums = carry
            batch = jax.tree.map(lambda leaf: leaf[k], batches)
            learner, means = step(learner, fixed, batch, scale)
            return learner, jax.tree.map(jnp.add, sums, means)

        return jax.lax.fori_loop(0, count, one, (learner, no_means()))

    specs = (ALIKE, ALIKE, BLOCKS_ON, ALIKE, ALIKE)
    shared = jax.shard_map(steps, mesh=mesh, in_specs=specs, out_specs=ALIKE, check_vma=False)
    program = jax.jit(shared, donate_argnums=0)

    def train_steps(
        learner: Learner, fixed: PyTree, batches: Blocks, count: Int[Array, ""], scale: Float[Array, ""]
    ) -> tuple[Learner, Means]:
        learner, fixed, count, scale = alike((learner, fixed, count, scale), mesh)
        return here(program(learner, fixed, shared_out(batches, mesh, BLOCKS_ON), count, scale))

    return train_steps


def make_validate(config: TrainConfig, mesh: Mesh) -> Validate:
    """A function from (parameters, fixed, batch) to the sums of the losses and accuracies of the batch.

    Each device of `mesh` computes its share of the jets.
    """

    def of_share(parameters: PyTree, fixed: PyTree, batch: Batch) -> Means:
        return over_devices(batch_means(forward(eqx.combine(parameters, fixed), batch), batch, config))

    specs = (ALIKE, ALIKE, JETS_ON)
    program = jax.jit(jax.shard_map(of_share, mesh=mesh, in_specs=specs, out_specs=ALIKE, check_vma=False))

    def validate(parameters: PyTree, fixed: PyTree, batch: Batch) -> Means:
        return here(program(*alike((parameters, fixed), mesh), shared_out(batch, mesh, JETS_ON)))

    return validate
