"""A model on a sample: its predictions and its numbers, computed once."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from ndive.data import Sample
from ndive.evaluation.binning import Measurement, measurements
from ndive.evaluation.cache import cached
from ndive.evaluation.discriminant import TAGS, Tags
from ndive.evaluation.inference import SELECTIONS, fit_selected, predict, read_jets
from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions
from ndive.evaluation.quantities import vertex_quantities
from ndive.evaluation.summary import Resolution, Summary, resolutions, summarise
from ndive.evaluation.trained import TrainedModel

Report = Callable[[str, int], None]
"""Told what is being done, and how many jets were done since it was last called."""

REFERENCES = "reference_fits"
"""Where, beside the models, the fits without a network are kept."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The jets on which models are judged, and the fits of all their tracks and of the true ones alone.

    `references`, `resolutions` and `measurements` are by selection: `none` and `perfect`. `tags` make the
    discriminants.
    """

    sample: Sample
    jets: JetTable
    references: Mapping[str, FittedVertices]
    resolutions: Mapping[str, tuple[Resolution, ...]]
    measurements: Mapping[str, tuple[Measurement, ...]]
    tags: Tags = TAGS


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One trained model on a test set."""

    trained: TrainedModel
    predictions: Predictions
    summary: Summary


def read_held_out(
    sample: Sample,
    models: Path,
    *,
    tags: Tags = TAGS,
    report: Report | None = None,
    overwrite: bool = False,
) -> HeldOut:
    """Read the jets of `sample` and fit them without a network; kept under the directory `models`.

    With `overwrite` what was kept is computed again.

    **Raises:** `SampleError` for a row that breaks the layout, `FileAccessError` where nothing can be kept.
    """
    directory = models / REFERENCES
    told = _told(report, "reading jets")
    key = _key(sample)
    jets = cached(directory, key, JetTable, lambda: read_jets(sample, report=told), overwrite=overwrite)
    references = {}
    for selection, title in SELECTIONS.items():
        compute = partial(fit_selected, selection, sample, report=_told(report, f"fitting, {title}"))
        chosen = key | {"selection": selection}
        fitted = cached(directory, chosen, Predictions, compute, overwrite=overwrite).vertices
        if fitted is not None:
            references[selection] = fitted
    return HeldOut(
        sample=sample,
        jets=jets,
        references=references,
        resolutions={name: resolutions(fit, jets) for name, fit in references.items()},
        measurements={
            name: measurements(vertex_quantities(fit, jets), jets) for name, fit in references.items()
        },
        tags=tags,
    )


def evaluate(
    trained: TrainedModel, test: HeldOut, *, report: Report | None = None, overwrite: bool = False
) -> Evaluation:
    """Predictions and numbers of one model; predictions are kept in the model's directory.

    With `overwrite` what was kept is computed again.

    **Raises:** `SampleError` for a row that breaks the layout, `FileAccessError` where nothing can be kept.
    """
    predictions = predictions_of(trained, test.sample, report=report, overwrite=overwrite)
    return Evaluation(
        trained=trained,
        predictions=predictions,
        summary=summarise(trained.name, predictions, test.jets, test.tags),
    )


def predictions_of(
    trained: TrainedModel, sample: Sample, *, report: Report | None = None, overwrite: bool = False
) -> Predictions:
    """The predictions of one model on the jets of `sample`, kept in the model's directory.

    They are computed anew where the model's file, its configuration, epoch or copy, the content of the jets
    files or the version of the package is another, or with `overwrite`; raises as `evaluate`.
    """
    key = _key(sample) | {
        "model": trained.artefact,
        "configuration": _hash(asdict(trained.config)),
        "epoch": trained.epoch,
        "copy": -1 if trained.copy is None else trained.copy,
    }
    return cached(
        trained.directory / "predictions",
        key,
        Predictions,
        lambda: predict(trained.model, sample, report=_told(report, f"predicting, {trained.name}")),
        overwrite=overwrite,
    )


def _hash(tree: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def _key(sample: Sample) -> dict[str, str | int]:
    return {"sample": sample.identity, "version": version("ndive")}


def _told(report: Report | None, what: str) -> Callable[[int], None] | None:
    return partial(report, what) if report else None
