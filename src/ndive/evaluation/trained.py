"""Trained models by name, with what is needed to say where a number came from."""

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ndive.errors import CheckpointError
from ndive.files import reported
from ndive.models import Model, ModelConfig, load_model
from ndive.training import BEST, LOSS_NAMES, Epoch, best_epoch, model_directory, read_history

History = Mapping[str, Float[np.ndarray, " epochs"]]
"""Column -> one value an epoch: `epoch`, and `train_` and `val_` before `total` and each loss."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model read back from its directory.

    `artefact` is the SHA-256 of its file; `epoch` the one that it is from, 0 without a history.
    """

    name: str
    directory: Path
    model: Model
    config: ModelConfig
    artefact: str
    epoch: int
    history: History


def load_trained(name: str, models: Path) -> TrainedModel:
    """The best model (lowest validation total) that was trained as `name` under the directory `models`.

    **Raises:** `CheckpointError` where there is none, with the nearest names, or where it is damaged.
    """
    directory = model_directory(name, models)
    path = directory / BEST
    if not path.is_file():
        raise CheckpointError(_not_found(name, models))
    with reported(path, "read"):
        artefact = hashlib.sha256(path.read_bytes()).hexdigest()
    model, config = load_model(path)
    epochs = read_history(directory)
    return TrainedModel(
        name=name,
        directory=directory,
        model=model,
        config=config,
        artefact=artefact,
        epoch=best_epoch(epochs).epoch if epochs else 0,
        history=_columns(epochs),
    )


def trained_names(models: Path) -> list[str]:
    """The names of all models under the directory `models`, in alphabetical order."""
    return sorted(path.parent.name for path in models.glob(f"*/{BEST}"))


def _not_found(name: str, models: Path) -> str:
    known = trained_names(models)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known
    told = f"nearest: {', '.join(near)}" if near else "there is none; train one with 'ndive train'"
    return f"no trained model '{name}' in '{models}'; {told}"


def _columns(epochs: list[Epoch]) -> History:
    losses = ("total", *LOSS_NAMES)
    columns = {"epoch": np.array([float(epoch.epoch) for epoch in epochs])}
    for loss in losses:
        columns[f"train_{loss}"] = np.array([epoch.train[loss] for epoch in epochs])
        columns[f"val_{loss}"] = np.array([epoch.val[loss] for epoch in epochs])
    return columns
