"""`ndive evaluate`: the numbers of trained models on held-out jets."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ndive.cli.evaluating import evaluated
from ndive.cli.tables import print_tables
from ndive.evaluation import METRICS, summary_tables, write_metrics


def evaluate(
    *names: str,
    samples: Annotated[Path, Parameter(name=["--samples", "-s"])],
    epoch: int | None = None,
    copy: int | None = None,
    models: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Print rejections, track selection and vertex resolution of trained models on held-out jets.

    Predictions are kept beside each model and used again as long as model, jets and version are the same. The
    numbers are also written to metrics.json beside each model (metrics_epoch_N.json for a given epoch).

    Parameters
    ----------
    names
        Names of trained models; of one that was trained in copies, all are judged.
    samples
        Jets to judge on: a directory (its *_test.h5 files), a file or a wildcard.
    epoch
        Epoch whose checkpoints are judged; if not given, of each model the one with the lowest validation
        total.
    copy
        Number of the only copy to be judged.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    overwrite
        Compute all predictions and fits again, whatever was kept.
    """
    held_out, evaluations = evaluated(names, samples, models, epoch=epoch, copy=copy, overwrite=overwrite)
    file = METRICS if epoch is None else f"metrics_epoch_{epoch}.json"
    for one in evaluations:
        write_metrics(one.trained.directory / file, [one], held_out)
    print_tables(summary_tables([one.summary for one in evaluations], held_out.resolutions))
