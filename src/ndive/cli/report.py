"""`ndive report`: figures of trained models, as files and in one page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.evaluating import evaluated
from ndive.errors import ArgumentError
from ndive.evaluation import Evaluation, HeldOut, tags_with
from ndive.evaluation.discriminant import FRACTION_B, FRACTION_C
from ndive.files import check_directory
from ndive.report import current_report, write_report


def report(
    *names: str,
    samples: Annotated[Path, Parameter(name=["--samples", "-s"])],
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    fraction_c: float = FRACTION_C,
    fraction_b: float = FRACTION_B,
    models: Path | None = None,
    seed: int = 0,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
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
    fraction_c
        Fraction of c jets in the background of D_b, 0 to 1.
    fraction_b
        Fraction of b jets in the background of D_c, 0 to 1.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    seed
        Chooses the five jets that are drawn in 3D, 0 or more.
    overwrite
        Compute all predictions and fits again, and draw all figures, whatever was kept.
    """
    if seed < 0:
        raise ArgumentError(f"seed is {seed}, allowed: 0 or more")
    check_directory(output)
    tags = tags_with(fraction_c, fraction_b)
    held_out, evaluations = evaluated(names, samples, models, tags=tags, overwrite=overwrite)
    report_on(held_out, evaluations, output, seed=seed, overwrite=overwrite)


def report_on(
    held_out: HeldOut, evaluations: Sequence[Evaluation], output: Path, *, seed: int, overwrite: bool
) -> None:
    """Write the report, or, without `overwrite`, reuse one that shows the same; print where it is."""
    page = None if overwrite else current_report(evaluations, held_out, output, seed=seed)
    if page is not None:
        console(stderr=True).print(f"reusing '{page}'")
    page = page or write_report(evaluations, held_out, output, seed=seed)
    console().print(f"report: {page}", soft_wrap=True)
