"""The training loop: epochs of steps, validation, checkpoints."""

from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from ndive.data import Sample, batches, sequential_batches
from ndive.data.batches import check_batch_size
from ndive.errors import CheckpointError
from ndive.files import check_directory
from ndive.models import NDIVE, build_model, save_model
from ndive.training.accuracies import MEAN_NAMES
from ndive.training.checkpoints import (
    BEST,
    Run,
    checkpoint_epochs,
    load_newest,
    remove_run,
    save_checkpoint,
)
from ndive.training.checks import check_apart, check_finite, check_seed
from ndive.training.config import TrainConfig
from ndive.training.history import Epoch, best_epoch, write_history
from ndive.training.losses import loss_weights
from ndive.training.normalise import estimate_normalisation
from ndive.training.pretrained import with_pretrained
from ndive.training.progress import Notice, Progress, Report, silent
from ndive.training.stacking import stacked
from ndive.training.state import Learner, TrainState, after_epoch, first_state, is_finished
from ndive.training.steps import Means, TrainSteps, Validate, make_train_steps, make_validate

JETS_A_CALL = 4000
"""Jets whose steps are taken in one compiled call, about."""

VALIDATION_BATCH = 500

Existing = Literal["refuse", "resume", "replace"]
"""What becomes of a run that is there: an error, its next epochs, or a new run in its place."""

Sums = dict[str, tuple[float, float]]
NO_SUMS: Sums = dict.fromkeys(MEAN_NAMES, (0.0, 0.0))


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a run left: its directory with `best.eqx`, `history.csv` and checkpoints, and the losses."""

    directory: Path
    history: tuple[Epoch, ...]

    @property
    def best(self) -> Epoch:
        """The first epoch with the lowest validation total, whose model is `best.eqx`."""
        return best_epoch(self.history)


def train_model(
    config: TrainConfig,
    train_sample: Sample,
    val_sample: Sample,
    directory: str | Path,
    *,
    seed: int = 0,
    existing: Existing = "refuse",
    report: Report = silent,
    pretrained: NDIVE | None = None,
) -> TrainResult:
    """Train the model of `config` and leave it in `directory`.

    The run is a function of `config`, the samples, `seed` and `pretrained`, the trained vertexer that a
    tagger starts from. Where `directory` holds a run, `existing` says what becomes of it: "refuse"; "resume",
    go on from the newest checkpoint to the same arrays as if it had not stopped; "replace", remove it once
    the first epoch of this one is done.

    **Raises:** `CheckpointError` where `directory` holds another run, or one that it shall not go on with;
    `FileAccessError` where it cannot be written; `ArgumentError` for a batch larger than the sample, samples
    that share a file, or a seed that `check_seed` refuses; `SampleError` for a row that breaks the layout;
    `TrainingError` where a total is not finite, which leaves the epochs before.
    """
    check_seed(seed)
    check_batch_size(train_sample, config.batch_size)
    check_apart(train_sample, val_sample)
    directory = Path(directory)
    check_directory(directory)
    run = Run(
        config=config, seed=seed, train_identity=train_sample.identity, val_identity=val_sample.identity
    )
    state, history = _begin(run, train_sample, directory, existing, report, pretrained)
    steps_an_epoch = train_sample.n_jets // config.batch_size
    train_steps = make_train_steps(config, steps_an_epoch * config.num_epochs)
    validate = make_validate(config)
    while not is_finished(state, config):
        learner, train_losses = _train_epoch(state, config, train_sample, seed, train_steps, report)
        val_losses = _validate(learner, state, config, val_sample, validate)
        state = after_epoch(state, learner, val_losses["total"])
        epoch = Epoch(epoch=int(state.epoch), train=train_losses, val=val_losses)
        check_finite(epoch, config)
        if existing == "replace" and not history:
            remove_run(directory)
        history.append(epoch)
        is_best = best_epoch(history) is epoch
        if is_best:
            save_model(directory / BEST, state.model, config.model)
        write_history(directory, history)
        save_checkpoint(directory, state, history, run)
        jets = _jets_an_epoch(config, train_sample)
        report(
            Progress(
                epoch=epoch.epoch,
                epochs=config.num_epochs,
                jets=jets,
                n_jets=jets,
                train=train_losses,
                val=val_losses,
                is_best=is_best,
            )
        )
    return TrainResult(directory=directory, history=tuple(history))


def _begin(
    run: Run,
    sample: Sample,
    directory: Path,
    existing: Existing,
    report: Report,
    pretrained: NDIVE | None,
) -> tuple[TrainState, list[Epoch]]:
    """The state to start from, and the history up to it."""
    if existing == "refuse" and (done := checkpoint_epochs(directory)):
        raise CheckpointError(
            f"'{directory}' holds a run of {done[-1]} epochs: -c goes on with it, --overwrite makes it anew"
        )
    found = load_newest(directory, run) if existing == "resume" else None
    if found is not None:
        for path in found.damaged:
            report(Notice(text=f"'{path}' is damaged, going on from the one before"))
        epoch = int(found.state.epoch)
        finished = is_finished(found.state, run.config)
        what = f"reusing the finished run of {epoch} epochs" if finished else f"going on after epoch {epoch}"
        report(Notice(text=f"{what} in '{directory}'"))
        return found.state, found.history
    if existing == "resume":
        report(Notice(text=f"nothing to go on from in '{directory}', starting anew"))
    build = eqx.filter_jit(build_model)
    model = build(run.config.model, estimate_normalisation(sample), key=jax.random.key(run.seed))
    return first_state(with_pretrained(model, pretrained), run.config), []


def _train_epoch(
    state: TrainState, config: TrainConfig, sample: Sample, seed: int, train_steps: TrainSteps, report: Report
) -> tuple[Learner, dict[str, float]]:
    """All steps of one epoch, several batches a call."""
    learner = jax.tree.map(jnp.copy, state.learner)
    scale = state.plateau.scale if config.use_learning_rate_decay_when_stalled else jnp.ones(())
    sums, jets = NO_SUMS, 0
    stream = batches(sample, config.batch_size, seed=seed, epoch=int(state.epoch))
    for group, count in stacked(stream, max(1, JETS_A_CALL // config.batch_size)):
        learner, means = train_steps(learner, state.fixed, group, jnp.asarray(count), scale)
        sums = _added(sums, means)
        jets += count * config.batch_size
        report(
            Progress(
                epoch=int(state.epoch) + 1,
                epochs=config.num_epochs,
                jets=jets,
                n_jets=_jets_an_epoch(config, sample),
                train=_losses(sums, config),
            )
        )
    return learner, _losses(sums, config)


def _validate(
    learner: Learner, state: TrainState, config: TrainConfig, sample: Sample, validate: Validate
) -> dict[str, float]:
    sums = NO_SUMS
    for batch, _ in sequential_batches(sample, VALIDATION_BATCH):
        sums = _added(sums, validate(learner.parameters, state.fixed, batch))
    return _losses(sums, config)


def _added(sums: Sums, means: Means) -> Sums:
    return {
        name: (total + float(means[name].total), count + float(means[name].count))
        for name, (total, count) in sums.items()
    }


def _losses(sums: Sums, config: TrainConfig) -> dict[str, float]:
    """The mean of each loss and accuracy, and the weighted total; NaN where there is no term."""
    means = {name: total / count if count else nan for name, (total, count) in sums.items()}
    defined = [weight * means[name] for name, weight in loss_weights(config).items() if sums[name][1]]
    return {"total": sum(defined) if defined else nan, **means}


def _jets_an_epoch(config: TrainConfig, sample: Sample) -> int:
    return sample.n_jets // config.batch_size * config.batch_size
