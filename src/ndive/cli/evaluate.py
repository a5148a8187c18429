"""`ndive evaluate`: the numbers of trained models on held-out jets."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.evaluating import evaluated
from ndive.cli.tables import print_tables
from ndive.evaluation import (
    BINNED,
    METRICS,
    copies_table,
    metrics_json,
    summary_tables,
    tags_with,
    write_measurements,
    write_metrics,
)
from ndive.evaluation.discriminant import FRACTION_B, FRACTION_C


def evaluate(
    *names: str,
    samples: Annotated[Path, Parameter(name=["--samples", "-s"])],
    epoch: int | None = None,
    copy: int | None = None,
    fraction_c: float = FRACTION_C,
    fraction_b: float = FRACTION_B,
    models: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Print rejections, track selection and vertex resolution of trained models on held-out jets.

    Predictions are kept beside each model and used again as long as model, jets and version are the same. The
    numbers are also written beside each model: to metrics.json, and in bins of pT, |eta|, multiplicity and
    decay length to metrics.csv (with _epoch_N in their names for a given epoch). Those of the last jets
    stand there.

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
    fraction_c
        Fraction of c jets in the background of D_b, 0 to 1.
    fraction_b
        Fraction of b jets in the background of D_c, 0 to 1.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    overwrite
        Compute all predictions and fits again, whatever was kept.
    json
        Print one JSON object with the content of metrics.json, of all models, instead of tables.
    """
    held_out, evaluations = evaluated(
        names,
        samples,
        models,
        epoch=epoch,
        copy=copy,
        tags=tags_with(fraction_c, fraction_b),
        overwrite=overwrite,
    )
    suffix = "" if epoch is None else f"_epoch_{epoch}"
    for one in evaluations:
        if one.trained.learned_from(held_out.sample.identity):
            console(stderr=True).print(f"note: '{one.trained.name}' was trained on these very jets")
        for name, write in ((METRICS, write_metrics), (BINNED, write_measurements)):
            path = one.trained.directory / name
            path = path.with_stem(f"{path.stem}{suffix}")
            write(path, [one], held_out)
            console(stderr=True).print(f"numbers: {path}")
    if json:
        console().print(metrics_json(evaluations, held_out), soft_wrap=True)
        return
    tables = summary_tables([one.summary for one in evaluations], held_out.resolutions)
    print_tables([copies_table(evaluations), *tables])
