"""The numbers as a file that a script can read."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ndive.errors import ArgumentError
from ndive.evaluation.binning import Measurement
from ndive.evaluation.ellipsoids import ALL, ErrorFactor
from ndive.evaluation.evaluate import Evaluation, HeldOut
from ndive.evaluation.inference import SELECTIONS
from ndive.evaluation.trained import TrainedModel
from ndive.files import reported, written_aside
from ndive.schema import load_schema

METRICS = "metrics.json"
"""The name of the file, beside a model and in a report."""

BINNED = "metrics.csv"
"""The name of the file with the figures of merit in bins, which stands beside the other."""


def metrics_json(evaluations: Sequence[Evaluation], test: HeldOut) -> str:
    """All summaries, the fits without a network, and what they were made from, as one JSON object.

    A number that does not exist (no jet left, no jet at all) is null.
    """
    tree = {
        "version": version("ndive"),
        "sample": {"files": [file.name for file in test.sample.paths], "identity": test.sample.identity},
        "fits_without_network": {
            name: [asdict(found) for found in flavours] for name, flavours in test.resolutions.items()
        },
        "tags": [asdict(tag) for tag in test.tags],
        "models": [
            {
                **asdict(one.summary),
                "measurements": [asdict(found) for found in one.summary.measurements if not found.variable],
                "epoch": one.trained.epoch,
                "artefact": one.trained.artefact,
                "configuration": asdict(one.trained.config),
            }
            for one in evaluations
        ],
    }
    return json.dumps(_finite(tree), indent=1, allow_nan=False)


def write_metrics(path: Path, evaluations: Sequence[Evaluation], test: HeldOut) -> None:
    """Write `metrics_json` to `path`.

    **Raises:** `FileAccessError` where it cannot be written.
    """
    with written_aside(path) as aside:
        aside.write_text(f"{metrics_json(evaluations, test)}\n", encoding="utf-8")


def read_error_factors(path: Path, trained: TrainedModel) -> tuple[ErrorFactor, ...]:
    """The factors of the errors of `trained` in a file of `write_metrics`.

    **Raises:** `FileAccessError` where it cannot be read, `ArgumentError` where it has none of this model or
    where they come from the jets that trained it.
    """
    with reported(path, "read"):
        content = path.read_bytes()
    try:
        tree = json.loads(content)
        factors = {one["artefact"]: tuple(map(_error_factor, one["error_factors"])) for one in tree["models"]}
        names = ", ".join(f"{one['name']} after {one['epoch']} epochs" for one in tree["models"])
        identity = tree["sample"]["identity"]
    except (ValueError, KeyError, TypeError, OverflowError):
        raise ArgumentError(
            f"'{path}' is no {METRICS} with factors of errors; 'ndive evaluate' writes one"
        ) from None
    if trained.artefact not in factors:
        raise ArgumentError(
            f"'{path}' has no factors of errors of '{trained.path}' after {trained.epoch} epochs; it is of "
            f"{names or 'no model'}: judge this one with 'ndive evaluate'"
        )
    if not factors[trained.artefact]:
        raise ArgumentError(f"'{trained.name}' fits no vertex, so that '{path}' has no factors of its errors")
    if trained.learned_from(identity):
        raise ArgumentError(f"'{path}' is of the jets that trained '{trained.name}': judge it on others")
    return factors[trained.artefact]


def write_measurements(path: Path, evaluations: Sequence[Evaluation], test: HeldOut) -> None:
    """Write to `path` every figure of merit, by flavour and of all, over all jets and in bins, a row each, as
    CSV.

    The fits without a network stand behind the models. An empty field is a number that does not exist.

    **Raises:** `FileAccessError` where it cannot be written.
    """
    by_name = [(one.summary.name, one.summary.measurements) for one in evaluations]
    by_name += [(SELECTIONS[name], found) for name, found in test.measurements.items()]
    with written_aside(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model", *(field.name for field in fields(Measurement))])
        for name, found in by_name:
            writer.writerows([name, *map(_text, vars(one).values())] for one in found)


def _error_factor(one: Mapping[str, Any]) -> ErrorFactor:
    """The inverse of `asdict` and `_finite`."""
    if one["predicted"] not in {ALL, *load_schema().class_names}:
        raise ValueError(one["predicted"])
    factor = math.inf if one["factor"] is None else float(one["factor"])
    return ErrorFactor(
        predicted=one["predicted"], level=float(one["level"]), factor=factor, count=int(one["count"])
    )


def _text(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return str(value)


def _finite(tree: Any) -> Any:
    """The tree with null for every number that JSON does not know."""
    if isinstance(tree, dict):
        return {name: _finite(value) for name, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_finite(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree
