"""The numbers as a file that a script can read."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ndive.evaluation.evaluate import Evaluation, HeldOut
from ndive.files import written_aside

METRICS = "metrics.json"
"""The name of the file, beside a model and in a report."""


def write_metrics(path: Path, evaluations: Sequence[Evaluation], test: HeldOut) -> None:
    """Write to `path` all summaries, the fits without a network, and what they were made from.

    A number that does not exist (no jet left, no jet at all) is null.

    **Raises:** `FileAccessError` where it cannot be written.
    """
    tree = {
        "version": version("ndive"),
        "sample": {"files": [file.name for file in test.sample.paths], "identity": test.sample.identity},
        "fits_without_network": {
            name: [asdict(found) for found in flavours] for name, flavours in test.resolutions.items()
        },
        "models": [
            {
                **asdict(one.summary),
                "epoch": one.trained.epoch,
                "artefact": one.trained.artefact,
                "configuration": asdict(one.trained.config),
            }
            for one in evaluations
        ],
    }
    with written_aside(path) as aside:
        aside.write_text(json.dumps(_finite(tree), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _finite(tree: Any) -> Any:
    """The tree with null for every number that JSON does not know."""
    if isinstance(tree, dict):
        return {name: _finite(value) for name, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_finite(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree
