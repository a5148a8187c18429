"""Models by name on held-out jets: what a notebook begins with."""

from collections.abc import Sequence
from pathlib import Path

from ndive.data import Sample
from ndive.errors import ArgumentError
from ndive.evaluation.discriminant import TAGS, Tags
from ndive.evaluation.evaluate import Evaluation, HeldOut, Report, evaluate, read_held_out
from ndive.evaluation.trained import TrainedModel, load_copies, load_trained
from ndive.training import models_root


def evaluate_models(
    names: Sequence[str],
    sample: Sample,
    models: str | Path | None = None,
    *,
    epoch: int | None = None,
    copy: int | None = None,
    tags: Tags = TAGS,
    report: Report | None = None,
    overwrite: bool = False,
) -> tuple[HeldOut, list[Evaluation]]:
    """The jets of `sample` (opened to evaluate) and each named model on them; what was computed is read.

    Models lie under the directory `models`; without it, `$NDIVE_MODEL_PATH`. Without `copy` all copies of a
    model are taken, without `epoch` the best one. `tags` make the discriminants. With `overwrite` all is
    computed, whatever was kept.

    **Raises:** `ArgumentError` without a name, `CheckpointError` for an unknown one, `SampleError` for a row
    that breaks the layout, `FileAccessError` where nothing can be kept.
    """
    if not names:
        raise ArgumentError("no model is named; name at least one that was trained")
    root = models_root(models)
    trained = [one for name in dict.fromkeys(names) for one in _asked(name, root, epoch, copy)]
    held_out = read_held_out(sample, root, tags=tags, report=report, overwrite=overwrite)
    return held_out, [evaluate(one, held_out, report=report, overwrite=overwrite) for one in trained]


def _asked(name: str, models: Path, epoch: int | None, copy: int | None) -> list[TrainedModel]:
    if copy is None:
        return load_copies(name, models, epoch=epoch)
    return [load_trained(name, models, epoch=epoch, copy=copy)]
