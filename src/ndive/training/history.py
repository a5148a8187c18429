"""The losses and accuracies of each epoch as a CSV file: one row an epoch."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from pathlib import Path

from ndive.errors import CheckpointError
from ndive.files import reported, written_aside
from ndive.training.accuracies import ACCURACY_NAMES, MEAN_NAMES
from ndive.training.losses import LOSS_NAMES

FILE = "history.csv"
COLUMNS = (
    "epoch",
    "train_total",
    "val_total",
    *(f"train_{name}" for name in LOSS_NAMES),
    *(f"val_{name}" for name in LOSS_NAMES),
    *(f"train_{name}" for name in ACCURACY_NAMES),
    *(f"val_{name}" for name in ACCURACY_NAMES),
)


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """The losses and accuracies of one epoch, counted from 1; one that the model does not have is NaN."""

    epoch: int
    train: dict[str, float]
    val: dict[str, float]

    def row(self) -> list[float]:
        """The values in the order of `COLUMNS`."""
        parts = {"train": self.train, "val": self.val}
        splits = (column.split("_", 1) for column in COLUMNS[1:])
        return [self.epoch, *(parts[part].get(name, nan) for part, name in splits)]


def best_epoch(epochs: Sequence[Epoch]) -> Epoch:
    """The first epoch with the lowest validation total, whose model is `best.eqx`; NaN counts as infinite."""
    return min(epochs, key=lambda epoch: inf if isnan(epoch.val["total"]) else epoch.val["total"])


def write_history(directory: Path, epochs: Sequence[Epoch]) -> None:
    """Write `history.csv`, aside and renamed.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    with written_aside(directory / FILE) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(epoch.row() for epoch in epochs)


def read_history(directory: Path) -> list[Epoch]:
    """The epochs in `history.csv`, none where there is no such file.

    **Raises:** `CheckpointError` where it is not such a file.
    """
    path = directory / FILE
    if not path.exists():
        return []
    with reported(path, "read"), path.open(newline="", encoding="utf-8") as file:
        try:
            return [_parse(row) for row in csv.DictReader(file)]
        except (KeyError, ValueError, TypeError) as error:
            raise CheckpointError(f"history '{path}': not a loss history: {error}") from error


def _parse(row: dict[str, str]) -> Epoch:
    return Epoch(
        epoch=int(row["epoch"]),
        train={name: _number(row, f"train_{name}") for name in ("total", *MEAN_NAMES)},
        val={name: _number(row, f"val_{name}") for name in ("total", *MEAN_NAMES)},
    )


def _number(row: dict[str, str], column: str) -> float:
    """A loss, or an accuracy, which files of earlier versions lack."""
    earlier = column.endswith("accuracy") and column not in row
    return nan if earlier else float(row[column])
