"""What was trained on what, as the top of a report says it."""

from collections.abc import Iterable, Mapping
from typing import Any

from ndive.evaluation.tables import Table
from ndive.evaluation.trained import TrainedModel
from ndive.models import parameter_count

UNKNOWN = "–"


def training_table(models: Iterable[TrainedModel]) -> Table:
    """A row a model: its training jets and settings, as far as its checkpoints say."""
    return Table(
        title="Trained",
        columns=(
            "model",
            "parameters",
            "jets",
            "files",
            "epochs",
            "best",
            "batch",
            "rate",
            "optimiser",
            "seed",
        ),
        rows=tuple(map(_row, models)),
        note="Best: the epoch with the lowest validation total, the one that is judged. A dash: no "
        "checkpoint says.",
    )


def _row(model: TrainedModel) -> tuple[str, ...]:
    run = model.run
    config: Mapping[str, Any] = run.get("config", {})
    jets = run.get("train_jets")
    adam = config.get("use_adam")
    return (
        model.name,
        f"{parameter_count(model.model):,}",
        UNKNOWN if jets is None else f"{jets:,}",
        ", ".join(run.get("train_files", [UNKNOWN])),
        str(len(model.history["epoch"]) or UNKNOWN),
        str(model.epoch or UNKNOWN),
        str(config.get("batch_size", UNKNOWN)),
        str(config.get("learning_rate", UNKNOWN)),
        UNKNOWN if adam is None else "Adam" if adam else "NovoGrad",
        str(run.get("seed", UNKNOWN)),
    )
