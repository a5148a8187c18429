"""`ndive train`: train a configuration on a sample."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import jax
from cyclopts import Parameter
from rich.console import Console

from ndive.cli.changes import Changes, changed
from ndive.cli.console import console, error_console
from ndive.cli.devices import chosen_devices, telling_devices
from ndive.cli.training_display import TrainingDisplay
from ndive.errors import ArgumentError, RunExistsError
from ndive.training import (
    BEST,
    SAVE_EVERY,
    Existing,
    Notice,
    Progress,
    TrainResult,
    checkpoint_marks,
    model_directory,
    read_config,
)
from ndive.training.compilation import keep_compiled
from ndive.training.copies import Copy, copies_of
from ndive.training.devices import is_first_process
from ndive.training.progress import Report, silent
from ndive.training.run import Ready, made_ready, train_copy
from ndive.training.tensorboard import TensorBoard


def train(
    *,
    samples: Annotated[Path, Parameter(name=["--samples", "-s"])],
    train_config: Annotated[str, Parameter(name=["--train_config", "-t"])] = "none",
    cont: Annotated[bool, Parameter(name=["--cont", "-c"], negative=())] = False,
    train_count: Annotated[int, Parameter(name="--train_count")] = 0,
    num_gpus: Annotated[int | None, Parameter(name=["--num_gpus", "-n"])] = None,
    seed: int = 0,
    save_every: Annotated[float, Parameter(name="--save_every")] = SAVE_EVERY,
    models: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
    tensorboard: Annotated[bool, Parameter(negative=())] = False,
    changes: Annotated[Changes | None, Parameter(name="*")] = None,  # type: ignore[valid-type]
) -> None:
    """Train a model on jets; leave its best epoch, its checkpoints and its loss history in a directory.

    The run is a function of the configuration, the samples and the seed. Interrupted, it goes on with -c as
    if it had not stopped: Ctrl-C lets it finish the step and save, a second one stops it at once. A switch
    is given alone or with true or false behind it.

    Parameters
    ----------
    samples
        Directory with *_train.h5 and *_val.h5.
    train_config
        A named configuration ('ndive configs' lists them), FILE.yaml (made by 'ndive configs NAME'), or
        FILE.py:NAME, a TrainConfig in a Python file; 'none' for the defaults.
    cont
        Go on from the newest checkpoint; of several copies, with those that are not finished.
    train_count
        Train so many copies, with seeds derived from the seed, in model_0, model_1, ...; 0 for one model
        without such a directory.
    num_gpus
        GPUs to train on, on each host that srun or mpirun starts one process on; each batch is shared out
        over them. If not given 2, as published. Where they are not there, a line says on what instead. 0 for
        the CPU.
    seed
        Seed of the first parameters and of the order of the jets, 0 to 4294967295.
    save_every
        Minutes between checkpoints inside an epoch; 0 for one after each step, inf for none. Each epoch has
        one anyway, and so has a run that is stopped by Ctrl-C.
    models
        Directory under which the model gets its own; if not given, $NDIVE_MODEL_PATH, or without that
        ~/.local/share/ndive/models.
    overwrite
        Start anew; the run that is there is removed once there is a checkpoint of the new one.
    tensorboard
        Write the losses and accuracies as TensorBoard events, too, in the model's directory tensorboard.
        Needs the extra 'tensorboard'.
    """
    config = read_config(train_config)
    if changes is not None:
        config = replace(config, **changed(changes))
    existing = _existing(cont, overwrite)
    copies = copies_of(config.name, model_directory(config.name, models), count=train_count, seed=seed)
    with chosen_devices(num_gpus) as devices:
        ready, told = made_ready(config, samples, models), telling_devices(num_gpus)
        for copy in copies:
            try:
                run_training(
                    ready,
                    copy,
                    existing=existing,
                    save_every=save_every,
                    tensorboard=tensorboard,
                    told=told,
                    devices=devices,
                )
            except RunExistsError as error:
                raise RunExistsError(f"{error}: -c goes on with it, --overwrite makes it anew") from error
            except KeyboardInterrupt:
                _say(error_console(), f"ndive: interrupted; {_kept(copy.directory)}")
                raise SystemExit(130) from None


def run_training(
    ready: Ready,
    copy: Copy,
    *,
    existing: Existing,
    save_every: float = SAVE_EVERY,
    tensorboard: bool = False,
    told: Report = silent,
    devices: Sequence[jax.Device] = (),
) -> TrainResult:
    """Train with a display, and say at the end where the model is; `told` hears first of each event.

    Of several processes the first one alone speaks.

    **Raises:** what `ndive.train` raises, and `MissingExtraError` for `tensorboard` without its library.
    """
    keep_compiled()
    with ExitStack() as stack:
        reports: list[Report] = [told]
        if is_first_process():
            reports.append(stack.enter_context(TrainingDisplay(copy.title)))
        if tensorboard and is_first_process():
            reports.append(stack.enter_context(TensorBoard(copy.directory)))

        def report(event: Progress | Notice) -> None:
            for one in reports:
                one(event)

        result = train_copy(
            ready, copy, existing=existing, save_every=save_every, report=report, devices=devices
        )
    best = result.best
    _say(
        console(stderr=True),
        f"best of {len(result.history)} epochs: {best.epoch}, validation total {best.val['total']:.4f}; "
        f"model '{copy.directory / BEST}'",
    )
    return result


def _existing(resume: bool, overwrite: bool) -> Existing:
    """What the options say of a run that is there."""
    if resume and overwrite:
        raise ArgumentError("-c goes on with the run and --overwrite removes it: give one of the two")
    return "resume" if resume else "replace" if overwrite else "refuse"


def _kept(directory: Path) -> str:
    """What an interrupted run leaves, and how to go on."""
    marks = checkpoint_marks(directory)
    return f"{marks[-1]} is kept in '{directory}', -c goes on from there" if marks else "nothing is kept"


def _say(where: Console, line: str) -> None:
    """A line of the first process, which speaks for all."""
    if is_first_process():
        where.print(line)
