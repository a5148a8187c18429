"""`ndive train`: train a named configuration on a sample."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.training_display import TrainingDisplay
from ndive.data import open_sample
from ndive.errors import ArgumentError
from ndive.training import (
    BEST,
    Existing,
    TrainConfig,
    TrainResult,
    checkpoint_epochs,
    model_directory,
    preset,
)
from ndive.training import train as train_model
from ndive.training.compilation import keep_compiled


def train(
    *,
    samples: Annotated[Path, Parameter(name=["--samples", "-s"])],
    train_config: Annotated[str, Parameter(name=["--train_config", "-t"])] = "none",
    model: Annotated[str | None, Parameter(name=["--model", "-m"])] = None,
    batch_size: Annotated[int | None, Parameter(name=["--batch_size", "-b"])] = None,
    epochs: Annotated[int | None, Parameter(name=["--epochs", "-e"])] = None,
    learning_rate: Annotated[float | None, Parameter(name=["--learning_rate", "-l"])] = None,
    use_adam: Annotated[bool | None, Parameter(name="--use_adam")] = None,
    use_cosine_decay_schedule: Annotated[bool | None, Parameter(name="--use_cosine_decay_schedule")] = None,
    track_weight_loss: Annotated[bool | None, Parameter(name="--track_weight_loss")] = None,
    cont: Annotated[bool, Parameter(name=["--cont", "-c"], negative=())] = False,
    seed: int = 0,
    models: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Train a model on jets; leave its best epoch, its checkpoints and its loss history in a directory.

    The run is a function of the configuration, the samples and the seed. Interrupted, it goes on with -c as
    if it had not stopped. Options that are given replace what the configuration says.

    Parameters
    ----------
    samples
        Directory with *_train.h5 and *_val.h5.
    train_config
        Named configuration (final_ndive_only, final_ftag_base, final_ftag_ndive, ...); 'none' for the
        defaults.
    model
        NDIVE (a vertex a jet) or FTAG (a tagger).
    batch_size
        Jets a step; 100 where nothing else is said.
    epochs
        Most passes over the training jets; 300 where nothing else is said.
    learning_rate
        Learning rate of the optimiser, no unit; 1e-5 where nothing else is said.
    use_adam
        Adam in place of NovoGrad.
    use_cosine_decay_schedule
        Let the rate fall to zero along a cosine over all epochs.
    track_weight_loss
        Train the track weights on the truth, too: cross-entropy against the tracks of the true vertex.
    cont
        Go on from the newest checkpoint.
    seed
        Seed of the first parameters and of the order of the jets, 0 to 4294967295.
    models
        Directory under which the model gets its own; if not given, $NDIVE_MODEL_PATH, or without that
        ~/.local/share/ndive/models.
    overwrite
        Start anew; the run that is there is removed once the first epoch is done.
    """
    overrides: dict[str, Any] = {
        "model_name": model,
        "batch_size": batch_size,
        "num_epochs": epochs,
        "learning_rate": learning_rate,
        "use_adam": use_adam,
        "use_cosine_decay_schedule": use_cosine_decay_schedule,
        "track_weight_loss": track_weight_loss,
    }
    given = {name: value for name, value in overrides.items() if value is not None}
    config = replace(TrainConfig() if train_config == "none" else preset(train_config), **given)
    directory = model_directory(config.name, models)
    try:
        run_training(config, samples, directory, seed=seed, resume=cont, overwrite=overwrite)
    except KeyboardInterrupt:
        _say(f"ndive: interrupted; {_kept(directory)}")
        raise SystemExit(130) from None


def run_training(
    config: TrainConfig,
    samples: Path,
    directory: Path,
    *,
    seed: int,
    resume: bool = False,
    overwrite: bool = False,
) -> TrainResult:
    """Train with a display, and say at the end where the model is.

    **Raises:** `ArgumentError` for `resume` with `overwrite`, and what `open_sample` and
    `ndive.training.train` raise.
    """
    existing = _existing(resume, overwrite)
    keep_compiled()
    train_sample = open_sample(samples, job="train", split="train")
    val_sample = open_sample(samples, job="train", split="val")
    with TrainingDisplay(config.name) as display:
        result = train_model(
            config, train_sample, val_sample, directory, seed=seed, existing=existing, report=display
        )
    best = result.best
    _say(
        f"best of {len(result.history)} epochs: {best.epoch}, validation total {best.val['total']:.4f}; "
        f"model '{directory / BEST}'"
    )
    return result


def _existing(resume: bool, overwrite: bool) -> Existing:
    """What the options say of a run that is there."""
    if resume and overwrite:
        raise ArgumentError("-c goes on with the run and --overwrite removes it: give one of the two")
    return "resume" if resume else "replace" if overwrite else "refuse"


def _kept(directory: Path) -> str:
    """What an interrupted run leaves, and how to go on."""
    done = checkpoint_epochs(directory)
    return f"epoch {done[-1]} is kept in '{directory}', -c goes on from there" if done else "nothing is kept"


def _say(line: str) -> None:
    console(stderr=True).print(line)
