"""Loss curves by epoch."""

from collections.abc import Mapping

import numpy as np
from matplotlib.ticker import MaxNLocator

from ndive.evaluation import History
from ndive.report.figure import Drawing
from ndive.report.style import Line, name_above, new_figure

COMPONENTS = {
    "total": "Total loss",
    "flavour": "Jet flavour",
    "origin": "Track origin",
    "pairing": "Track pairing",
    "vertex": "Vertex",
    "chi2": "χ² of the fit",
    "weight": "Track weight",
}


def loss_drawing(histories: Mapping[str, History], lines: Mapping[str, Line]) -> Drawing:
    """Total and component losses of all models: validation full, training faint."""
    shown = [name for name in COMPONENTS if any(_moves(history, name) for history in histories.values())]
    columns = min(len(shown), 3 if len(shown) < len(COMPONENTS) else 4)
    rows = -(-len(shown) // max(columns, 1))
    figure = new_figure(3.6 * max(columns, 1), 2.9 * max(rows, 1))
    panels = figure.subplots(max(rows, 1), max(columns, 1), squeeze=False)
    for axes, component in zip(panels.flat, shown, strict=False):
        for model, history in histories.items():
            if not _moves(history, component):
                continue
            line = lines[model]
            axes.plot(history["epoch"], history[f"val_{component}"], **line.drawn(), label=model)
            thin = {**line.drawn(), "linewidth": 0.8, "alpha": 0.6, "label": f"{model}, training"}
            axes.plot(history["epoch"], history[f"train_{component}"], **thin)
        if component == "chi2":
            axes.set_yscale("log")
        axes.set_xlabel("Epoch", fontsize="small")
        axes.set_ylabel(COMPONENTS[component], fontsize="small")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.margins(x=0.03, y=0.12)
        axes.tick_params(labelsize="small")
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    name_above(figure, panels[0, 0])
    return Drawing(
        name="losses",
        title="Losses",
        caption=(
            "Each loss by epoch, unweighted but for the total: on the validation jets (thick) and on "
            "the training jets (thin), the latter while the parameters still move. "
            "Losses that a model does not train on are drawn where it has the output; the total has only "
            "those that it trains on, so totals of different models do not compare."
        ),
        figure=figure,
    )


def _moves(history: History, component: str) -> bool:
    """Whether the model has this loss at all: it is finite and not zero throughout."""
    values = history.get(f"val_{component}")
    return values is not None and bool(np.any(np.isfinite(values) & (values != 0)))
