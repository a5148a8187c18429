"""`ndive evaluate`: the numbers of trained models on held-out jets."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from ndive.cli.evaluating import evaluated
from ndive.cli.tables import print_tables
from ndive.evaluation import rejection_table, resolution_table, selection_table, write_metrics

METRICS = "metrics.json"


def evaluate(
    *names: str,
    samples: Annotated[Path, Parameter(name=["--samples", "-s"])],
    models: Path | None = None,
) -> None:
    """Print rejections, track selection and vertex resolution of trained models on held-out jets.

    Predictions are kept beside each model and used again as long as model, jets and version are the same. The
    numbers are also written to metrics.json beside each model.

    Parameters
    ----------
    names
        Names of trained models; the best epoch of each is taken.
    samples
        Jets to judge on: a directory (its *_test.h5 files), a file or a wildcard.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    """
    held_out, evaluations = evaluated(names, samples, models)
    for one in evaluations:
        write_metrics(one.trained.directory / METRICS, [one], held_out)
    summaries = [one.summary for one in evaluations]
    resolutions = [(summary.name, summary.resolution) for summary in summaries]
    fits = held_out.resolutions
    print_tables(
        [
            rejection_table(summaries),
            selection_table(summaries),
            resolution_table(
                [("no selection", fits["none"]), *resolutions, ("perfect selection", fits["perfect"])]
            ),
        ],
        Console(highlight=False),
    )
