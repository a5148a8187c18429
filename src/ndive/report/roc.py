"""Rejection against b efficiency, with the ratio to the first model."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from ndive.evaluation import JetTable, Probabilities, Roc, flavour_title, rejection_ratio, roc, scores_against
from ndive.report.figure import Drawing
from ndive.report.style import Line, new_figure, stamp


def roc_drawing(
    taggers: Mapping[str, Probabilities], lines: Mapping[str, Line], jets: JetTable, background: str
) -> Drawing:
    """The ROC curves of all taggers against one background, 0.6 to 1 in b efficiency."""
    figure = new_figure(6.4, 6.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1])
    scores = {name: scores_against(flavour, jets, background) for name, flavour in taggers.items()}
    first = next(iter(scores))
    for name, score in scores.items():
        _draw(above, roc(score), lines[name], name)
        if name != first:
            _draw(below, rejection_ratio(score, scores[first]), lines[name], name)
    title = flavour_title(background)
    above.set_yscale("log")
    above.set_ylim(1, 6 * above.get_ylim()[1])
    above.set_ylabel(f"Rejection of {title}")
    above.legend(loc="upper right")
    stamp(above, f"b jets against {title}")
    below.axhline(1, **lines[first].drawn(), linewidth=1)
    below.set_ylabel(f"Ratio to\n{first}", fontsize="small")
    below.set_xlabel("b-jet efficiency")
    below.set_xlim(0.6, 1.0)
    _frame_ratio(below)
    return Drawing(
        name=f"roc_{background}",
        title=f"Rejection of {title}",
        caption=(
            f"Rejection (one over efficiency) of {title} against the efficiency for b jets, with D_b cut "
            "at each. Bands: one standard deviation of the logarithm, from the number of background "
            "jets and, through the cut, of b jets. The ratio takes into account that the models are "
            "judged on the same jets."
        ),
        figure=figure,
    )


def _draw(axes: Axes, curve: Roc, line: Line, label: str) -> None:
    axes.plot(curve.efficiency, curve.rejection, **line.drawn(), label=label)
    factor = np.exp(curve.error / curve.rejection)
    low, high = curve.rejection / factor, curve.rejection * factor
    axes.fill_between(curve.efficiency, low, high, color=line.colour, alpha=0.2, linewidth=0)


def _frame_ratio(axes: Axes) -> None:
    """Keep the ratio within sight where few jets make it leap."""
    curves = [np.asarray(line.get_ydata(), float) for line in axes.lines]
    values = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    low, high = np.quantile(values, [0.02, 0.98])
    margin = 0.15 + 0.3 * (high - low)
    axes.set_ylim(max(0.0, min(low, 1.0) - margin), max(high, 1.0) + margin)
