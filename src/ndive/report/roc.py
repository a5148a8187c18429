"""Rejection against b efficiency, with the ratio to the first model."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from ndive.evaluation import (
    B_TAG,
    JetTable,
    Probabilities,
    Roc,
    Scores,
    Tag,
    flavour_title,
    ratio_of_copies,
    rejection_ratio,
    roc,
    roc_of_copies,
    scores_against,
)
from ndive.report.figure import Drawing
from ndive.report.style import Line, new_figure, plain_log_scale, stamp

LOWEST = {"b_tag": 0.6, "c_tag": 0.2}
"""Where the axis of the efficiency begins."""

FEW_DECADES = 200.0
"""Where the axis of the rejection ends below this, numbers stand between the powers of ten, too."""

HEADROOM = 1.3
"""Decades of the axis of the rejection over those that the curves take: room for the legend."""


def roc_drawing(
    taggers: Mapping[str, Sequence[Probabilities]],
    lines: Mapping[str, Line],
    jets: JetTable,
    background: str,
    tag: Tag = B_TAG,
) -> Drawing:
    """The ROC curves of all taggers against one background; the copies of one are drawn as one curve.

    Below stand the ratios to the first, where there are others.
    """
    figure = new_figure(5.8, 5.6)
    efficiencies = np.linspace(LOWEST[tag.name], 1.0, 1001)[:-1]
    scores = {
        name: [scores_against(flavour, jets, background, tag) for flavour in copies]
        for name, copies in taggers.items()
    }
    heights = [2.6, 1] if len(scores) > 1 else [1]
    above, *below = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for name, copies in scores.items():
        _draw(above, _curve(copies, efficiencies), lines[name], _label(name, copies))
    for axes in below:
        _draw_ratios(axes, scores, lines, efficiencies)
    title = flavour_title(background)
    above.set_yscale("log")
    above.set_ylim(1, above.get_ylim()[1] ** HEADROOM)
    if above.get_ylim()[1] < FEW_DECADES:
        plain_log_scale(above)
    above.set_ylabel(f"Rejection of {title}")
    above.legend(loc="upper right")
    signal = flavour_title(tag.signal)
    stamp(above, f"{signal} against {title}")
    lowest = [above, *below][-1]
    lowest.set_xlabel(f"{signal.replace(' jets', '-jet')} efficiency")
    lowest.set_xlim(LOWEST[tag.name], 1.0)
    return Drawing(
        name=f"roc_{background}" if tag.name == B_TAG.name else f"roc_c_{background}",
        title=f"Rejection of {title}, {signal} kept",
        caption=(
            f"Rejection (one over efficiency) of {title} against the efficiency for {signal}, with "
            f"{tag.symbol} cut at each. Bands: one standard deviation of the logarithm, from the number of "
            "background jets and, through the cut, of signal jets; a ratio takes into account that the "
            "models are judged on the same jets. Of a model with copies the mean is drawn, and the band is "
            "the standard deviation of one copy, added in quadrature in the ratio."
        ),
        figure=figure,
    )


def _draw_ratios(
    axes: Axes,
    scores: Mapping[str, Sequence[Scores]],
    lines: Mapping[str, Line],
    efficiencies: Float[np.ndarray, " points"],
) -> None:
    """The curves of all but the first over that of the first."""
    first, *others = scores
    for name in others:
        _draw(axes, _ratio(scores[name], scores[first], efficiencies), lines[name], name)
    axes.axhline(1, **lines[first].drawn(), linewidth=1)
    axes.set_ylabel(f"Ratio to\n{first}", fontsize="small")
    _frame_ratio(axes)


def _label(name: str, copies: Sequence[Scores]) -> str:
    return name if len(copies) == 1 else f"{name} ({len(copies)} copies)"


def _curve(copies: Sequence[Scores], efficiencies: Float[np.ndarray, " points"]) -> Roc:
    curves = [roc(score, efficiencies) for score in copies]
    return curves[0] if len(curves) == 1 else roc_of_copies(curves)


def _ratio(
    above: Sequence[Scores], below: Sequence[Scores], efficiencies: Float[np.ndarray, " points"]
) -> Roc:
    if len(above) == len(below) == 1:
        return rejection_ratio(above[0], below[0], efficiencies)
    return ratio_of_copies(_curve(above, efficiencies), _curve(below, efficiencies))


def _draw(axes: Axes, curve: Roc, line: Line, label: str) -> None:
    axes.plot(curve.efficiency, curve.rejection, **line.drawn(), label=label)
    factor = np.exp(curve.error / curve.rejection)
    low, high = curve.rejection / factor, curve.rejection * factor
    axes.fill_between(
        curve.efficiency, low, high, color=line.colour, alpha=0.2, linewidth=0, label=f"_{label}"
    )


def _frame_ratio(axes: Axes) -> None:
    """Keep the ratio within sight where few jets make it leap."""
    curves = [np.asarray(line.get_ydata(), float) for line in axes.lines]
    values = np.concatenate([curve[np.isfinite(curve)] for curve in curves])
    low, high = np.quantile(values, [0.02, 0.98])
    margin = 0.15 + 0.3 * (high - low)
    axes.set_ylim(max(0.0, min(low, 1.0) - margin), max(high, 1.0) + margin)
