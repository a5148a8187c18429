"""`ndive report`: figures of trained models, as files and in one page."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from ndive.cli.evaluating import evaluated
from ndive.report import write_report


def report(
    *names: str,
    samples: Annotated[Path, Parameter(name=["--samples", "-s"])],
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    models: Path | None = None,
    seed: int = 0,
) -> None:
    """Write report.html, its figures and metrics.json for trained models on held-out jets.

    The page needs no network and no other file. Figures lie beside it as PNG and PDF.

    Parameters
    ----------
    names
        Names of trained models; others are compared with the first that tells the flavour.
    samples
        Jets to judge on: a directory (its *_test.h5 files), a file or a wildcard.
    output
        Directory of the report; it is made where it does not exist.
    models
        Directory of the models; $NDIVE_MODEL_PATH if not given.
    seed
        Chooses the five jets that are drawn in 3D.
    """
    held_out, evaluations = evaluated(names, samples, models)
    page = write_report(evaluations, held_out, output, seed=seed)
    Console(highlight=False).print(f"report: {page}", markup=False, soft_wrap=True)
