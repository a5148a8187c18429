"""A configuration trained on a sample, under its name: what `ndive.train` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jax

from ndive.data import Sample, open_sample
from ndive.errors import SampleError
from ndive.models import NDIVE
from ndive.training.classes import balanced
from ndive.training.config import TrainConfig
from ndive.training.copies import Copy, copies_of
from ndive.training.directories import model_directory
from ndive.training.loop import SAVE_EVERY, Existing, TrainResult, train_model
from ndive.training.pretrained import load_pretrained
from ndive.training.progress import Report, silent

Samples = str | Path | tuple[Sample, Sample]
"""A directory with `*_train.h5` and `*_val.h5`, or the opened training and validation sample."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A configuration with what it is trained on; its class weights are numbers."""

    config: TrainConfig
    train_sample: Sample
    val_sample: Sample
    pretrained: NDIVE | None


def train(
    config: TrainConfig,
    samples: Samples,
    models: str | Path | None = None,
    *,
    seed: int = 0,
    existing: Existing = "refuse",
    save_every: float = SAVE_EVERY,
    report: Report = silent,
    devices: Sequence[jax.Device] = (),
) -> TrainResult:
    """Train `config` on `samples`, and leave the model in a directory of its name under `models`.

    `samples` is a directory with `*_train.h5` and `*_val.h5`, or a pair of samples opened with
    `open_sample`. Without `models` it is `$NDIVE_MODEL_PATH`, or `ndive/models` in the user's data
    directory. The run is a function of `config`, the samples and `seed`, and of the trained NDIVE if it
    starts from one. Where there is such a run already, `existing` says what becomes of it: "refuse";
    "resume", go on as if it had not stopped; "replace", remove it once there is a checkpoint of this one.
    There is one after each epoch, and inside an epoch every `save_every` minutes; Ctrl-C and SIGTERM let the
    step finish, write one and raise `KeyboardInterrupt`, a second one stops at once. `report` gets a
    `Progress` or a `Notice` as the run goes on. The jets of each batch are shared out over `devices`, without
    any one is used.

    **Raises:** `FileAccessError` and `SampleError` where the samples cannot be read or lack what is learned
    from; `CheckpointError` for another run in its place, or without the trained NDIVE that it starts from;
    `ConfigError` where that has another shape; `ArgumentError` for a batch larger than the sample, samples
    that share a file, or a seed beyond 32 bits; `TrainingError` where a loss is not finite.
    """
    return train_copies(
        config,
        samples,
        0,
        models,
        seed=seed,
        existing=existing,
        save_every=save_every,
        report=report,
        devices=devices,
    )[0]


def train_copies(
    config: TrainConfig,
    samples: Samples,
    count: int,
    models: str | Path | None = None,
    *,
    seed: int = 0,
    existing: Existing = "refuse",
    save_every: float = SAVE_EVERY,
    report: Report = silent,
    devices: Sequence[jax.Device] = (),
) -> tuple[TrainResult, ...]:
    """Train `count` copies of `config`, one after the other, in `model_0`, `model_1`, ... of its directory.

    Their seeds are derived from `seed`; all else is as in `train`. With a `count` of 0 there is one run, with
    the seed and the directory of `train`. With "resume" what is finished is kept, and the others go on.

    **Raises:** as `train`, and `ArgumentError` for a negative `count`.
    """
    ready = made_ready(config, samples, models)
    copies = copies_of(config.name, model_directory(config.name, models), count=count, seed=seed)
    return tuple(
        train_copy(ready, copy, existing=existing, save_every=save_every, report=report, devices=devices)
        for copy in copies
    )


def made_ready(config: TrainConfig, samples: Samples, models: str | Path | None = None) -> Ready:
    """Open what `config` is trained on.

    **Raises:** as `train`.
    """
    train_sample, val_sample = samples if isinstance(samples, tuple) else _opened(config, samples)
    return Ready(
        config=balanced(config, train_sample),
        train_sample=train_sample,
        val_sample=val_sample,
        pretrained=load_pretrained(config, models),
    )


def train_copy(
    ready: Ready,
    copy: Copy,
    *,
    existing: Existing,
    save_every: float,
    report: Report = silent,
    devices: Sequence[jax.Device] = (),
) -> TrainResult:
    """Train one run; raises as `train`."""
    return train_model(
        ready.config,
        ready.train_sample,
        ready.val_sample,
        copy.directory,
        seed=copy.seed,
        existing=existing,
        save_every=save_every,
        report=report,
        pretrained=ready.pretrained,
        devices=devices,
    )


def _opened(config: TrainConfig, directory: str | Path) -> tuple[Sample, Sample]:
    """The training and the validation sample of a directory, both with the truth."""
    try:
        return open_sample(directory, split="train"), open_sample(directory, split="val")
    except SampleError as error:
        if config.track_weight_activation == "perfect":
            raise SampleError(
                f"track_weight_activation is 'perfect', takes a sample with the truth: {error}"
            ) from error
        raise
