"""`ndive display`: jets of a file in three dimensions, in one page."""

from pathlib import Path
from typing import Annotated

import jax
import numpy as np
from cyclopts import Parameter

from ndive.cli.console import console
from ndive.data import open_sample
from ndive.errors import ArgumentError
from ndive.evaluation import (
    SELECTIONS,
    Predictions,
    fit_selected,
    load_copies,
    predict,
    read_example,
    read_jets,
)
from ndive.files import check_directory, resolved, written_aside
from ndive.report.event import EventJet, event_page
from ndive.training import models_root
from ndive.training.compilation import keep_compiled


def display(
    file: Path,
    *,
    jet: int = 0,
    jets: int = 100,
    model: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("display.html"),
    models: Path | None = None,
) -> None:
    """Write a page that shows jets in three dimensions, with their true and fitted vertices.

    The page needs no network and no other file. It goes from jet to jet, and from the fit of all tracks to
    that of the true ones and of each model.

    Parameters
    ----------
    file
        Jets file with truth, a directory (its *_test.h5 files, no other split) or a wildcard.
    jet
        Row of the first jet, counted from 0.
    jets
        How many jets from there are in the page, 1 to 1000.
    model
        Name of a trained model whose weights and vertices are shown; may be given several times. Of one that
        was trained in copies, the first is.
    output
        The HTML file to write.
    models
        Directory of the models; if not given, $NDIVE_MODEL_PATH, or without that ~/.local/share/ndive/models.
    """
    sample = open_sample(file, job="train", split="test")
    if not 0 <= jet < sample.n_jets:
        raise ArgumentError(f"jet is {jet}, allowed: 0 to {sample.n_jets - 1}, the jets of '{file}'")
    if not 1 <= jets <= 1000:
        raise ArgumentError(f"jets is {jets}, allowed: 1 to 1000")
    check_directory(resolved(output).parent)
    keep_compiled()
    root = models_root(models)
    trained = {name: load_copies(name, root)[0].model for name in model}
    rows = range(jet, min(jet + jets, sample.n_jets))
    table = read_jets(sample, rows)
    found = {title: fit_selected(name, sample, rows) for name, title in SELECTIONS.items()}
    found |= {name: predict(one, sample, rows, n_jets=len(rows)) for name, one in trained.items()}
    events = [
        EventJet(
            example=read_example(sample, table, row, first=rows.start),
            fits={name: _of_row(predictions, row - rows.start) for name, predictions in found.items()},
        )
        for row in rows
    ]
    page = event_page(events, f"{Path(file).name}, jets {rows.start} to {rows.stop - 1}")
    with written_aside(output) as aside:
        aside.write_text(page, encoding="utf-8")
    console().print(f"{len(rows)} jets in '{output}'", soft_wrap=True)


def _of_row(predictions: Predictions, row: int) -> Predictions:
    return jax.tree.map(lambda column: np.asarray(column)[row : row + 1], predictions)
