"""Trained models by name, with what is needed to say where a number came from."""

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ndive.errors import CheckpointError
from ndive.files import reported
from ndive.models import Model, ModelConfig, load_model
from ndive.training import (
    BEST,
    LOSS_NAMES,
    Epoch,
    best_epoch,
    checkpoint_marks,
    checkpoint_path,
    described_in,
    load_checkpoint,
    model_directory,
    read_history,
)

History = Mapping[str, Float[np.ndarray, " epochs"]]
"""Column -> one value an epoch: `epoch`, and `train_` and `val_` before `total` and each loss."""

COPY = re.compile(r"model_(\d+)")
"""The directory of a copy."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model read back from its directory.

    `name` tells it from all others: the name of its configuration, with the copy and the epoch where one was
    asked for. `configuration` is that name alone, `copy` None where there are no copies. `path` is its file,
    `artefact` the SHA-256 of it; `epoch` the one that it is from, 0 without a history. `run` is what the
    newest checkpoint beside it says of the training: `config`, `seed`, `train_jets`, `train_files` and
    `train_identity`, or nothing.
    """

    name: str
    configuration: str
    copy: int | None
    directory: Path
    path: Path
    model: Model
    config: ModelConfig
    artefact: str
    epoch: int
    history: History
    run: Mapping[str, Any] = field(default_factory=dict)

    def learned_from(self, identity: str) -> bool:
        """Whether its run says that the sample of this `Sample.identity` trained it."""
        return self.run.get("train_identity") == identity


def load_trained(
    name: str, models: Path, *, epoch: int | None = None, copy: int | None = None
) -> TrainedModel:
    """The model that was trained as `name` under the directory `models`.

    It is the best one (lowest validation total) where no `epoch` is asked for, and the only one where no
    `copy` is.

    **Raises:** `CheckpointError` where there is none, with what there is, or where it is damaged.
    """
    directory = model_directory(name, models) / ("" if copy is None else f"model_{copy}")
    if not (directory / BEST).is_file():
        raise CheckpointError(_not_found(name, models, copy))
    path = directory / BEST if epoch is None else checkpoint_path(directory, epoch)
    if not path.is_file():
        raise CheckpointError(_no_epoch(directory, path))
    asked = "" if copy is None else f"_model_{copy}"
    asked += "" if epoch is None else f"_epoch_{epoch}"
    return _read(path, f"{name}{asked}", name, epoch, copy)


def load_copies(name: str, models: Path, *, epoch: int | None = None) -> list[TrainedModel]:
    """All copies that were trained as `name`; the model itself where there are no copies.

    **Raises:** as `load_trained`.
    """
    directory = model_directory(name, models)
    copies = copies_in(directory)
    if (directory / BEST).is_file() or not copies:
        return [load_trained(name, models, epoch=epoch)]
    return [load_trained(name, models, epoch=epoch, copy=copy) for copy in copies]


def load_model_file(path: Path) -> TrainedModel:
    """The model in one file, under the name of its directory.

    **Raises:** `FileAccessError` and `CheckpointError` where it cannot be read.
    """
    name = path.absolute().parent.name
    return _read(path, name, name, None, None)


def copies_in(directory: Path) -> list[int]:
    """The numbers of the copies that have a model, ascending."""
    found = (COPY.fullmatch(path.parent.name) for path in directory.glob(f"model_*/{BEST}"))
    return sorted(int(match[1]) for match in found if match)


def trained_names(models: Path) -> list[str]:
    """The names of all models under the directory `models`, in alphabetical order."""
    alone = {path.parent.name for path in models.glob(f"*/{BEST}")}
    return sorted(alone | {path.parent.parent.name for path in models.glob(f"*/model_*/{BEST}")})


def file_hash(path: Path) -> str:
    """The SHA-256 of a file.

    **Raises:** `FileAccessError` where it cannot be read.
    """
    with reported(path, "read"), path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def model_in(path: Path) -> tuple[Model, ModelConfig]:
    """The model in a file of its own or in a checkpoint.

    **Raises:** `FileAccessError` and `CheckpointError` where it cannot be read.
    """
    if not path.name.startswith("checkpoint_"):
        return load_model(path)
    state, config = load_checkpoint(path)
    return state.model, config.model


def _read(path: Path, name: str, configuration: str, epoch: int | None, copy: int | None) -> TrainedModel:
    artefact = file_hash(path)
    model, config = model_in(path)
    epochs = read_history(path.parent)
    if epoch is None:
        epoch = best_epoch(epochs).epoch if epochs else 0
    return TrainedModel(
        name=name,
        configuration=configuration,
        copy=copy,
        directory=path.parent,
        path=path,
        model=model,
        config=config,
        artefact=artefact,
        epoch=epoch,
        history=_columns(epochs),
        run=described_in(path.parent),
    )


def _not_found(name: str, models: Path, copy: int | None) -> str:
    copies = copies_in(model_directory(name, models))
    if copies:
        asked = f"no copy {copy} of" if copy is not None else "only copies of"
        return f"{asked} '{name}' in '{models}'; there are {', '.join(map(str, copies))}"
    if copy is not None and (model_directory(name, models) / BEST).is_file():
        return f"'{name}' in '{models}' has no copies; name it without one"
    known = trained_names(models)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known
    told = f"nearest: {', '.join(near)}" if near else "there is none; train one with 'ndive train'"
    return f"no trained model '{name}' in '{models}'; {told}"


def _no_epoch(directory: Path, path: Path) -> str:
    kept = ", ".join(str(mark.epoch) for mark in checkpoint_marks(directory) if not mark.batch) or "none"
    return f"no checkpoint '{path.name}' in '{directory}'; epochs kept: {kept}"


def _columns(epochs: list[Epoch]) -> History:
    losses = ("total", *LOSS_NAMES)
    columns = {"epoch": np.array([float(epoch.epoch) for epoch in epochs])}
    for loss in losses:
        columns[f"train_{loss}"] = np.array([epoch.train[loss] for epoch in epochs])
        columns[f"val_{loss}"] = np.array([epoch.val[loss] for epoch in epochs])
    return columns
