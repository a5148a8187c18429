"""The one trained model that a verb is given."""

from pathlib import Path

from ndive.errors import ArgumentError
from ndive.evaluation import TrainedModel, load_trained
from ndive.evaluation.trained import load_model_file
from ndive.training import models_root


def trained_model(
    model: str, models: Path | None, *, epoch: int | None = None, copy: int | None = None
) -> TrainedModel:
    """The model in `model` where that is FILE.eqx, or else the one that was trained under this name.

    **Raises:** `ArgumentError` where a file is asked for an epoch or a copy; what reading a model raises.
    """
    if not model.endswith(".eqx"):
        return load_trained(model, models_root(models), epoch=epoch, copy=copy)
    if epoch is not None or copy is not None:
        raise ArgumentError(f"'{model}' is one file: leave out --epoch and --copy, or give a model's name")
    return load_model_file(Path(model))
