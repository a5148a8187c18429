"""Where a run first went wrong: the batch, the jets and the losses that are not finite."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from ndive.data import Batch, Sample, batch_rows, batches
from ndive.errors import TrainingError
from ndive.training.belonging import Run
from ndive.training.config import TrainConfig
from ndive.training.forward import forward
from ndive.training.losses import batch_losses, loss_weights
from ndive.training.standing import Standing
from ndive.training.state import TrainState
from ndive.training.sums import Sums

ORDER = ("vertex", "chi2", "weight", "flavour", "origin", "pairing")
"""The losses as a model comes to them: those of the fit, then those of the heads behind its vertex."""

Step = Callable[[Standing, Batch], Standing]
"""One optimiser step."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The last standing of a run that was good, and the error that says what comes after."""

    last_good: Standing
    error: TrainingError


def is_sound(standing: Standing, config: TrainConfig) -> bool:
    """Whether the losses that are trained on, and the parameters, are finite."""
    leaves = jax.tree.leaves(standing.state.learner.parameters)
    return sums_are_finite(standing.sums, config) and all(np.isfinite(leaf).all() for leaf in leaves)


def sums_are_finite(sums: Sums, config: TrainConfig) -> bool:
    """Whether the losses that are trained on are finite."""
    return all(isfinite(sums[name][0]) for name in loss_weights(config))


def failure_behind(standing: Standing, run: Run, step: Step) -> Failure:
    """What goes wrong in the epoch behind `standing`, found by taking its steps one by one."""
    size, (epoch, first) = run.config.batch_size, standing.mark
    stream = batches(run.train_sample, size, seed=run.seed, epoch=epoch, first=first)
    for batch in stream:
        after = step(standing, batch)
        if not is_sound(after, run.config):
            break
        standing = after
    else:
        return Failure(last_good=standing, error=_of_no_single_step(epoch, run.config))
    rows = batch_rows(run.train_sample, size, seed=run.seed, epoch=epoch, batch=standing.batches)
    where = f"batch {standing.batches + 1} of epoch {epoch + 1}"
    return Failure(
        last_good=standing, error=blame(standing.state, batch, run.train_sample, rows, run.config, where)
    )


def _of_no_single_step(epoch: int, config: TrainConfig) -> TrainingError:
    """What to say of several steps that were not sound, where each of them is when it is taken alone."""
    return TrainingError(
        f"{config.name}: not finite in epoch {epoch + 1}, though each of its steps is when taken alone; "
        f"go on from the last checkpoint, or {_slower(config)}"
    )


def blame(
    state: TrainState,
    batch: Batch,
    sample: Sample,
    rows: Int[np.ndarray, " jets"],
    config: TrainConfig,
    where: str,
) -> TrainingError:
    """What to say of a `batch`, called `where`, whose first jets are `rows` of `sample` and not all well.

    Each jet is looked at alone: the losses that are trained on, or where all are finite their gradients.
    """
    names = tuple(name for name in ORDER if name in loss_weights(config))
    values, gradients = _not_finite(state.learner.parameters, state.fixed, batch, names, config)
    bad, what = (values, "loss") if values.any() else (gradients, "gradient of the loss")
    jets = np.flatnonzero(bad[: len(rows)].any(axis=-1))
    rate = _slower(config)
    if not len(jets):
        return TrainingError(f"{config.name}: not finite in {where}: the sum over its jets; {rate}")
    path, row = sample.locate(int(rows[jets[0]]))
    terms = ", ".join(np.array(names)[bad[jets[0]]])
    advice = rate if len(jets) == len(rows) else f"leave it out, or {rate}"
    return TrainingError(
        f"{config.name}: not finite in {where}: {what} {terms} of {len(jets)} of its {len(rows)} jets, "
        f"first jet {row} of '{path}'; {advice}"
    )


def _slower(config: TrainConfig) -> str:
    return f"take a learning rate below {config.learning_rate:g}"


def _not_finite(
    parameters: PyTree, fixed: PyTree, batch: Batch, names: tuple[str, ...], config: TrainConfig
) -> tuple[Bool[np.ndarray, "jets losses"], Bool[np.ndarray, "jets losses"]]:
    """Which losses of which jets are not finite, and which of their gradients."""

    def losses(parameters: PyTree, jet: Batch) -> Float[Array, " losses"]:
        alone = jax.tree.map(lambda leaf: leaf[None], jet)
        means = batch_losses(forward(eqx.combine(parameters, fixed), alone), alone, config)
        return jnp.stack([means[name].total for name in names])

    def of_jet(jet: Batch) -> tuple[Bool[Array, " losses"], Bool[Array, " losses"]]:
        leaves = jax.tree.leaves(jax.jacrev(losses)(parameters, jet))
        finite = [jnp.isfinite(leaf).reshape(len(names), -1).all(axis=-1) for leaf in leaves]
        everywhere = jnp.stack([jnp.ones(len(names), bool), *finite]).all(axis=0)
        return ~jnp.isfinite(losses(parameters, jet)), ~everywhere

    values, gradients = jax.jit(lambda jets: jax.lax.map(of_jet, jets))(jax.tree.map(jnp.asarray, batch))
    return np.asarray(values), np.asarray(gradients)
