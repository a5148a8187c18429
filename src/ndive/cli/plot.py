"""`ndive plot`: one figure of trained models, as PNG and PDF, with its numbers."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ndive.cli.console import console
from ndive.cli.evaluating import evaluated
from ndive.errors import ArgumentError
from ndive.evaluation import tags_with
from ndive.evaluation.discriminant import FRACTION_B, FRACTION_C
from ndive.files import check_directory
from ndive.report.catalogue import FIGURES
from ndive.report.figure import KINDS, save_drawing
from ndive.report.named import draw, figure_named
from ndive.report.style import styled


def plot(
    *words: str,
    samples: Annotated[Path | None, Parameter(name=["--samples", "-s"])] = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    epoch: int | None = None,
    copy: int | None = None,
    fraction_c: float = FRACTION_C,
    fraction_b: float = FRACTION_B,
    models: Path | None = None,
) -> None:
    """Draw one figure of trained models on held-out jets: ndive plot NAME [NAME ...] FIGURE -s JETS.

    It is written as PNG and PDF, and the numbers in it beside them as CSV. Called without a word it lists the
    figures. A figure that shows one model is drawn for each.

    Parameters
    ----------
    words
        Names of trained models, the first being the one that others are compared with, and the figure last.
    samples
        Jets to judge on: a directory (its *_test.h5 files), a file or a wildcard.
    output
        File to write, with or without .png, .pdf or .csv; if not given, the name of the figure in this
        directory.
        Where the figure is drawn for several models, or has several parts, each is added to the name.
    epoch
        Epoch whose checkpoints are taken; if not given, the one with the lowest validation total.
    copy
        Number of the only copy to be shown.
    fraction_c
        Fraction of c jets in the background of D_b, 0 to 1.
    fraction_b
        Fraction of b jets in the background of D_c, 0 to 1.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    """
    terminal = console()
    if not words:
        for name, kind in FIGURES.items():
            terminal.print(f"{name:20} {kind.text}", soft_wrap=True)
        return
    *names, figure = words
    figure_named(figure)
    if samples is None:
        raise ArgumentError("no jets to judge on: give --samples DIRECTORY")
    place = Path(figure) if output is None else _without_kind(output)
    check_directory(place.absolute().parent)
    tags = tags_with(fraction_c, fraction_b)
    held_out, evaluations = evaluated(
        names, samples, models, epoch=epoch, copy=copy, tags=tags, overwrite=False
    )
    drawings = draw(figure, evaluations, held_out)
    for drawing in drawings:
        added = "" if len(drawings) == 1 else drawing.name.removeprefix(figure)
        with styled():
            paths = save_drawing(drawing, place.parent, f"{place.name}{added}")
        terminal.print(f"{drawing.title}: {', '.join(map(str, paths))}", soft_wrap=True)


def _without_kind(path: Path) -> Path:
    """`path` without the ending of a file that is written; any other dot is a part of the name."""
    return path.with_suffix("") if path.suffix.lower().removeprefix(".") in KINDS else path
