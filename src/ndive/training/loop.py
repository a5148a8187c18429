"""The training loop: epochs of steps, validation, checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ndive.data import Batch, Sample, batches, sequential_batches
from ndive.data.batches import check_batch_size
from ndive.errors import RunExistsError
from ndive.files import check_directory
from ndive.models import NDIVE, build_model
from ndive.training.belonging import Run
from ndive.training.checkpoints import checkpoint_marks, load_newest
from ndive.training.checks import check_apart, check_finite, check_save_every, check_seed
from ndive.training.config import TrainConfig
from ndive.training.devices import any_process, in_a_row
from ndive.training.failing import blame, failure_behind, is_sound, sums_are_finite
from ndive.training.history import Epoch, best_epoch
from ndive.training.interruption import interrupts_put_off
from ndive.training.keeping import Keeper
from ndive.training.normalise import estimate_normalisation
from ndive.training.pretrained import with_pretrained
from ndive.training.progress import Notice, Progress, Report, silent
from ndive.training.stacking import Blocks, Layout, slots_for, stacked
from ndive.training.standing import Standing
from ndive.training.state import Learner, first_state, is_finished
from ndive.training.steps import TrainSteps, Validate, make_train_steps, make_validate
from ndive.training.sums import NO_SUMS, added, mean_losses

JETS_A_CALL = 4000
"""Jets whose steps are taken in one compiled call, about."""

VALIDATION_BATCH = 500

Existing = Literal["refuse", "resume", "replace"]
"""What becomes of a run that is there: an error, its next epochs, or a new run in its place."""

SAVE_EVERY = 10.0
"""Minutes between the checkpoints inside an epoch."""


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
    save_every: float = SAVE_EVERY,
    report: Report = silent,
    pretrained: NDIVE | None = None,
    devices: Sequence[jax.Device] = (),
) -> TrainResult:
    """Train the model of `config` and leave it in `directory`.

    The run is a function of `config`, the samples, `seed` and `pretrained`, the trained vertexer that a
    tagger starts from. Where `directory` holds a run, `existing` says what becomes of it: "refuse"; "resume",
    go on from the newest checkpoint to the same arrays as if it had not stopped; "replace", remove it once
    there is a checkpoint of this one. Checkpoints are written after each epoch, inside one every `save_every`
    minutes (0: after each compiled call), and where Ctrl-C or SIGTERM stops the run, once the step is done.
    The jets of each batch are shared out over the `devices`, to the same losses but for rounding; without
    any, the run is on the one that JAX puts new arrays on.

    **Raises:** `CheckpointError` where `directory` holds another run, or one that it shall not go on with;
    `FileAccessError` where it cannot be written; `ArgumentError` for a batch larger than the sample, samples
    that share a file, a negative `save_every`, or a seed that `check_seed` refuses; `SampleError` for a row
    that breaks the layout; `TrainingError` where a loss or a parameter is not finite, which leaves the last
    good state and names the batch, the jet and the loss;
    `KeyboardInterrupt` where the run was stopped.
    """
    check_seed(seed)
    check_save_every(save_every)
    check_batch_size(train_sample, config.batch_size)
    check_apart(train_sample, val_sample)
    directory = Path(directory)
    check_directory(directory)
    run = Run(
        config=config,
        seed=seed,
        train_sample=train_sample,
        val_sample=val_sample,
        train_identity=train_sample.identity,
        val_identity=val_sample.identity,
    )
    standing = _begin(run, directory, existing, report, pretrained)
    mesh = in_a_row(devices)
    layout = Layout(slots=slots_for(train_sample.n_jets, train_sample.n_slots), devices=mesh.size)
    train_steps = make_train_steps(config, train_sample.n_jets // config.batch_size * config.num_epochs, mesh)
    validate = make_validate(config, mesh)
    with interrupts_put_off() as asked:
        replaces = existing == "replace" and bool(checkpoint_marks(directory))
        keeper = Keeper(directory, run, save_every=save_every, replaces=replaces, asked=any_process(asked))
        while not is_finished(standing.state, config):
            standing = _train_epoch(standing, run, layout, train_steps, keeper, report)
            train, val = (
                mean_losses(standing.sums, config),
                _validate(standing, run, mesh.size, validate, keeper),
            )
            epoch = Epoch(epoch=standing.mark.epoch + 1, train=train, val=val)
            check_finite(epoch, config)
            standing = standing.validated(epoch)
            keeper.after_epoch(standing)
            report(_finished(standing, run))
            keeper.heed(standing)
    return TrainResult(directory=directory, history=standing.history)


def _begin(
    run: Run, directory: Path, existing: Existing, report: Report, pretrained: NDIVE | None
) -> Standing:
    """Where the run begins, or goes on."""
    if existing == "refuse" and (marks := checkpoint_marks(directory)):
        raise RunExistsError(f"'{directory}' holds a run up to {marks[-1]}")
    found = load_newest(directory, run) if existing == "resume" else None
    if found is not None:
        for words in found.told:
            report(Notice(text=words))
        report(Notice(text=f"{_going_on(found.standing, run)} in '{directory}'"))
        return found.standing
    if existing == "resume":
        report(Notice(text=f"nothing to go on from in '{directory}', starting anew"))
    build = eqx.filter_jit(build_model)
    normalisation = estimate_normalisation(run.train_sample)
    model = build(run.config.model, normalisation, key=jax.random.key(run.seed))
    return Standing(state=first_state(with_pretrained(model, pretrained), run.config))


def _going_on(standing: Standing, run: Run) -> str:
    if is_finished(standing.state, run.config):
        return f"reusing the finished run of {int(standing.state.epoch)} epochs"
    return f"going on after {standing.mark}"


def _train_epoch(
    standing: Standing, run: Run, layout: Layout, train_steps: TrainSteps, keeper: Keeper, report: Report
) -> Standing:
    """The standing with all steps of its epoch done, several batches a call."""
    config, epoch, size = run.config, standing.mark.epoch, run.config.batch_size
    at_once = max(1, JETS_A_CALL // size)

    def step(standing: Standing, batch: Batch) -> Standing:
        group, count = next(stacked(iter([batch]), at_once, layout))
        return _stepped(standing, run, train_steps, group, count)

    stream = batches(run.train_sample, size, seed=run.seed, epoch=epoch, first=standing.batches)
    for group, count in stacked(stream, at_once, layout):
        after = _stepped(standing, run, train_steps, group, count)
        if not is_sound(after, config):
            failure = failure_behind(standing, run, step)
            keeper.keep(failure.last_good)
            raise failure.error
        standing = after
        report(
            Progress(
                epoch=epoch + 1,
                epochs=config.num_epochs,
                jets=standing.batches * size,
                n_jets=_jets_an_epoch(run),
                train=mean_losses(standing.sums, config),
            )
        )
        keeper.inside_epoch(standing)
    return standing


def _stepped(standing: Standing, run: Run, train_steps: TrainSteps, group: Blocks, count: int) -> Standing:
    """The standing after the steps on the first `count` of several stacked batches."""
    state, stalled = standing.state, run.config.use_learning_rate_decay_when_stalled
    scale = state.plateau.scale if stalled else jnp.ones(())
    learner, means = train_steps(_copied(state.learner), state.fixed, group, jnp.asarray(count), scale)
    return standing.stepped(learner, count, added(standing.sums, means))


@jax.jit
def _copied(learner: Learner) -> Learner:
    """The same in buffers of its own, since the steps use up those that they get."""
    return jax.tree.map(jnp.copy, learner)


def _validate(
    standing: Standing, run: Run, devices: int, validate: Validate, keeper: Keeper
) -> dict[str, float]:
    """The losses of the validation sample once the steps of an epoch are done."""
    state, sums, sample = standing.state, NO_SUMS, run.val_sample
    size = -(-VALIDATION_BATCH // devices) * devices
    for number, (batch, count) in enumerate(sequential_batches(sample, size)):
        sums = added(sums, validate(state.learner.parameters, state.fixed, batch))
        if not sums_are_finite(sums, run.config):
            rows = number * size + np.arange(count)
            where = f"the validation of epoch {standing.mark.epoch + 1}"
            keeper.keep(standing)
            raise blame(state, batch, sample, rows, run.config, where)
        keeper.heed(standing)
    return mean_losses(sums, run.config)


def _finished(standing: Standing, run: Run) -> Progress:
    """What is reported at the end of an epoch."""
    epoch, jets = standing.history[-1], _jets_an_epoch(run)
    return Progress(
        epoch=epoch.epoch,
        epochs=run.config.num_epochs,
        jets=jets,
        n_jets=jets,
        train=epoch.train,
        val=epoch.val,
        is_best=best_epoch(standing.history) is epoch,
    )


def _jets_an_epoch(run: Run) -> int:
    return run.train_sample.n_jets // run.config.batch_size * run.config.batch_size
