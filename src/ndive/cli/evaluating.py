"""What `evaluate` and `report` share: models by name on held-out jets, with a bar for what is computed."""

from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress, TaskID

from ndive.cli.console import console
from ndive.cli.progress import jets_progress
from ndive.data import open_sample
from ndive.evaluation import Evaluation, HeldOut, Tags, evaluate_models
from ndive.evaluation.discriminant import TAGS
from ndive.training import models_root
from ndive.training.compilation import keep_compiled


def evaluated(
    names: Sequence[str],
    samples: Path,
    models: Path | None,
    *,
    epoch: int | None = None,
    copy: int | None = None,
    tags: Tags = TAGS,
    overwrite: bool,
) -> tuple[HeldOut, list[Evaluation]]:
    """The held-out jets of `samples`, and each named model under `models` on them.

    `tags` make the discriminants. Without `copy` all copies of a model are taken, without `epoch` the best.
    With `overwrite` all is computed, whatever was kept.

    **Raises:** `ArgumentError` without a name, `CheckpointError` for an unknown one, and what reading raises.
    """
    keep_compiled()
    root = models_root(models)
    sample = open_sample(samples, job="evaluate", split="test")
    with jets_progress() as progress:
        report = _Bars(progress, sample.n_jets)
        found = evaluate_models(
            names, sample, root, epoch=epoch, copy=copy, tags=tags, report=report, overwrite=overwrite
        )
    if not report.tasks:
        console(stderr=True).print(f"reusing the predictions in '{root}'")
    return found


class _Bars:
    """One bar for each thing that is done."""

    def __init__(self, progress: Progress, n_jets: int) -> None:
        """Bars of `n_jets` each, in `progress`."""
        self.progress = progress
        self.n_jets = n_jets
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, jets: int) -> None:
        """`jets` more are done of `what`."""
        if what not in self.tasks:
            self.tasks[what] = self.progress.add_task(what, total=self.n_jets)
        self.progress.advance(self.tasks[what], jets)
