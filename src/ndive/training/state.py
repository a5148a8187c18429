"""Everything that a training run carries from one epoch to the next."""

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from ndive.models import Model, build_model, identity_normalisation, split_trainable
from ndive.training.config import TrainConfig
from ndive.training.optimisers import make_optimiser, plateau_rule

PATIENCE = 20
SMALLEST_IMPROVEMENT = 1e-6


class Learner(eqx.Module):
    """What a step changes: the `parameters`, the state of the optimiser, the number of steps so far."""

    parameters: PyTree
    optimiser: PyTree
    step: Int[Array, ""]


class TrainState(eqx.Module):
    """What an epoch changes: the learner, and what the validation totals so far decide.

    **Attributes:** `learner`; `fixed`, the rest of the model with its normalisation; `epoch`, how many are
    done; `best`, the validation total when it last fell by more than 1e-6; `stalled`, epochs since then;
    `plateau`, the state of the rule that lowers the rate.
    """

    learner: Learner
    fixed: PyTree
    epoch: Int[Array, ""]
    best: Float[Array, ""]
    stalled: Int[Array, ""]
    plateau: optax.contrib.ReduceLROnPlateauState

    @property
    def model(self) -> Model:
        """The model as it is now."""
        return eqx.combine(self.learner.parameters, self.fixed)


def first_state(model: Model, config: TrainConfig) -> TrainState:
    """The state before the first epoch of training `model`."""
    parameters, fixed = split_trainable(model)
    learner = Learner(
        parameters=parameters,
        optimiser=make_optimiser(config).init(parameters),
        step=jnp.asarray(0, jnp.int32),
    )
    return TrainState(
        learner=learner,
        fixed=fixed,
        epoch=jnp.asarray(0, jnp.int32),
        best=jnp.asarray(jnp.inf, jnp.float32),
        stalled=jnp.asarray(0, jnp.int32),
        plateau=plateau_rule().init(jnp.zeros((), jnp.float32)),
    )


def empty_state(config: TrainConfig) -> TrainState:
    """The structure and shapes of a state, to be filled from a checkpoint."""

    def build() -> TrainState:
        model = build_model(config.model, identity_normalisation(), key=jax.random.key(0))
        return first_state(model, config)

    return eqx.filter_eval_shape(build)


def after_epoch(state: TrainState, learner: Learner, total: float) -> TrainState:
    """The state once `learner` has been validated with the validation `total`."""
    value = jnp.asarray(total, jnp.float32)
    better = value < state.best - SMALLEST_IMPROVEMENT
    _, plateau = plateau_rule().update(jnp.zeros((), jnp.float32), state.plateau, value=value)
    return TrainState(
        learner=learner,
        fixed=state.fixed,
        epoch=state.epoch + 1,
        best=jnp.where(better, value, state.best),
        stalled=jnp.where(better, 0, state.stalled + 1),
        plateau=plateau,
    )


def is_finished(state: TrainState, config: TrainConfig) -> bool:
    """Whether the limit is reached, or early stopping sees the 21st epoch in a row without improvement."""
    return int(state.epoch) >= config.num_epochs or (
        config.use_early_stopping and int(state.stalled) > PATIENCE
    )
