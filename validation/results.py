r"""What the paper's models learn from one sample: the tables and the learning curves of docs/results.md.

    uv run ndive simulate --jets 442000 --fractions 0.68 0.08 0.24 --seed 20 --resolution shlomi \
        --output SAMPLE
    uv run python validation/first_jets.py SAMPLE HALF 150000 35360
    JAX_NUM_CPU_DEVICES=2 uv run python validation/results.py SAMPLE HALF MODELS [NAME ...]

Trains what is not finished yet, and goes on with what was interrupted; then prints Markdown and draws the
losses. The long trainings see all jets of SAMPLE, the studies those of HALF. With names it trains those
alone, so that several processes may share the work.
"""

import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jax
import numpy as np

import ndive
from ndive.evaluation import (
    B_TAG,
    SELECTIONS,
    Evaluation,
    HeldOut,
    Roc,
    Scores,
    Table,
    by_configuration,
    evaluate_models,
    measured,
    ratio_of_copies,
    rejection_ratio,
    rejection_table,
    resolution_table,
    roc,
    roc_of_copies,
    scores_against,
    selection_table,
)
from ndive.report.figure import save_drawing
from ndive.report.losses import loss_drawing
from ndive.report.style import model_lines, styled
from ndive.training import TrainConfig, preset
from ndive.training.compilation import keep_compiled
from ndive.training.copies import Copy
from ndive.training.run import made_ready, train_copy

FIGURES = Path(__file__).parent.parent / "docs" / "figures"
SEEDS = (7, 8, 9)
"""Of the first, second and third copy."""

EFFICIENCIES = np.array([0.6, 0.7, 0.8])
RECIPE: dict[str, Any] = {
    "use_adam": True,
    "use_cosine_decay_schedule": True,
    "learning_rate": 2e-3,
    "batch_size": 500,
}
BASE, FIT = "final_ftag_base", "final_ftag_ndive"

LONG = MappingProxyType({BASE: 3, FIT: 3, "final_ftag_ndive_pf_track_selection": 1, "final_ndive_only": 1})
"""Name -> copies, trained for `LONG_EPOCHS`."""

LONG_EPOCHS = 40

STUDIES: MappingProxyType[str, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "study_base": (BASE, {}),
        "study_fit": (FIT, {}),
        "study_no_vertex_loss": (FIT, {"vertex_loss": False}),
        "study_ghost_track": (FIT, {"use_ghost_track": True}),
        "study_softmax": (FIT, {"track_weight_activation": "softmax"}),
        "study_weight_loss": (FIT, {"track_weight_loss": True}),
        "study_propagated_errors": (FIT, {"use_propagated_errors": True}),
        "study_ndive_only": ("final_ndive_only", {}),
        "study_pretrained": (FIT, {"pretrained_NDIVE": True, "pretrained_from": "study_ndive_only"}),
    }
)
"""Name -> the configuration it begins with and the one change of it, trained once for `SHORT_EPOCHS`."""

SHORT_EPOCHS = 20

PAPER = MappingProxyType(
    {
        BASE: ((235, 92, 27), (6.9, 4.2, 2.65)),
        FIT: ((335, 118, 32), (8.3, 4.7, 2.75)),
        "final_ftag_ndive_pf_track_selection": ((1000, 430, 195), (12.5, 7.5, 4.0)),
    }
)
"""Light and c rejection at `EFFICIENCIES`, read off the figures of arXiv:2310.12804."""


def configuration(name: str) -> TrainConfig:
    """The settings of one row of the tables."""
    if name in LONG:
        return replace(preset(name), **RECIPE, num_epochs=LONG_EPOCHS)
    origin, change = STUDIES[name]
    return replace(preset(origin), **RECIPE, config_name=name, num_epochs=SHORT_EPOCHS, **change)


def train(name: str, sample: Path, models: Path, number: int) -> None:
    """Train one run, alone or the copy `number` of several; one that is finished is kept."""
    copies = LONG.get(name, 1)
    directory = models / name / (f"model_{number}" if copies > 1 else "")
    print(f"training {directory}", file=sys.stderr, flush=True)
    train_copy(
        made_ready(configuration(name), sample, models),
        Copy(title=name, directory=directory, seed=SEEDS[number]),
        existing="resume",
        save_every=5,
        devices=jax.devices(),
    )


def train_all(names: list[str], sample: Path, half: Path, models: Path) -> None:
    """The first copy of every name, then the second ones: what is there early covers all rows."""
    for number in range(max(LONG.get(name, 1) for name in names)):
        for name in names:
            if number < LONG.get(name, 1):
                train(name, sample if name in LONG else half, models, number)


def scores(one: Evaluation, test: HeldOut, background: str) -> Scores:
    """What one tagger gives to b jets and to those of `background`."""
    assert one.predictions.flavour is not None
    return scores_against(one.predictions.flavour, test.jets, background)


def together(copies: list[Evaluation], test: HeldOut, background: str) -> Roc:
    """Rejection by one tagger with its binomial error, or the mean of its copies with their deviation."""
    curves = [roc(scores(one, test, background), EFFICIENCIES) for one in copies]
    return roc_of_copies(curves) if len(curves) > 1 else curves[0]


def over(copies: list[Evaluation], base: list[Evaluation], test: HeldOut, background: str) -> Roc:
    """Rejection over that of `base`: of the means of copies, or jet by jet where each is one model."""
    if len(copies) > 1 and len(base) > 1:
        return ratio_of_copies(together(copies, test, background), together(base, test, background))
    one, other = (scores(models[0], test, background) for models in (copies, base))
    return rejection_ratio(one, other, EFFICIENCIES)


def row(title: str, curves: list[Roc]) -> tuple[str, ...]:
    """A row of a table of rejections."""
    cells = [map(measured, one.rejection, one.error) for one in curves]
    return (title, *(cell for part in cells for cell in part))


def tagging_tables(models: dict[str, list[Evaluation]], base: str, test: HeldOut) -> list[Table]:
    """Rejections of all taggers, those of the paper, and both over the tagger without a vertex fit."""
    backgrounds = B_TAG.backgrounds
    taggers = {name: copies for name, copies in models.items() if copies[0].summary.tagging is not None}
    columns = rejection_table([]).columns
    found = [
        row(f"`{name}`, {len(copies)}", [together(copies, test, b) for b in backgrounds])
        for name, copies in taggers.items()
    ]
    ratios = [
        row(f"`{name}`", [over(copies, taggers[base], test, b) for b in backgrounds])
        for name, copies in taggers.items()
        if name != base
    ]
    there = {name: np.concatenate(PAPER[name]) for name in taggers if name in PAPER}
    found += [(f"`{name}`, paper", *(f"{value:g}" for value in values)) for name, values in there.items()]
    ratios += [
        (f"`{name}`, paper", *(f"{value:.2f}" for value in values / there[base]))
        for name, values in there.items()
        if name != base
    ]
    return [
        Table(title="Rejection (and copies)", columns=columns, rows=tuple(found), note=""),
        Table(title=f"Rejection over that of {base}", columns=columns, rows=tuple(ratios), note=""),
    ]


def vertex_tables(models: dict[str, list[Evaluation]], test: HeldOut) -> list[Table]:
    """Track selection and vertex of the first copy of each model, beside all tracks and the true ones."""
    summaries = [copies[0].summary for copies in models.values()]
    fits = [(one.name, one.resolution) for one in summaries if one.resolution]
    none, perfect = ((SELECTIONS[name], test.resolutions[name]) for name in ("none", "perfect"))
    return [selection_table(summaries), resolution_table([none, *fits, perfect])]


def show(table: Table) -> None:
    """Print a table as Markdown."""
    print(f"\n| {' | '.join(table.columns)} |\n|{'---|' * len(table.columns)}")
    for cells in table.rows:
        print(f"| {' | '.join(cells)} |")


def judge(names: list[str], base: str, sample: Path, root: Path) -> dict[str, list[Evaluation]]:
    """Print the tables of the named models on the test jets."""
    test, found = evaluate_models(names, ndive.open_sample(sample, job="evaluate", split="test"), root)
    models = by_configuration(found)
    for table in (*tagging_tables(models, base, test), *vertex_tables(models, test)):
        show(table)
    return models


def main() -> None:
    """Train, then print and draw."""
    sample, half, root = map(Path, sys.argv[1:4])
    names = sys.argv[4:]
    keep_compiled()
    train_all(names or [*LONG, *STUDIES], sample, half, root)
    if names:
        return
    trained = judge(list(LONG), BASE, sample, root)
    judge(list(STUDIES), "study_fit", sample, root)
    histories = {name: copies[0].trained.history for name, copies in trained.items()}
    with styled():
        drawing = loss_drawing(histories, model_lines(list(histories)))
        save_drawing(drawing, FIGURES, "results_losses")


if __name__ == "__main__":
    main()
