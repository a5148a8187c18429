"""Rejections against the c fraction of the discriminant."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from ndive.evaluation import B_TAG, JetTable, Probabilities, Roc, flavour_title, roc, scores_against
from ndive.report.figure import Drawing
from ndive.report.style import Line, name_above, new_figure

EFFICIENCIES = (0.6, 0.85)
FRACTIONS = np.concatenate([[0.0, 0.005, 0.01, 0.02], np.linspace(0.05, 0.95, 19), [0.98, 1.0]])


def fraction_scan_drawing(
    taggers: Mapping[str, Probabilities], lines: Mapping[str, Line], jets: JetTable
) -> Drawing:
    """Rejection of light and of c jets at 60 and 85 % b efficiency for each f_c."""
    figure = new_figure(9.6, 6.2)
    panels = figure.subplots(len(EFFICIENCIES), 2, sharex=True)
    for column, background in enumerate(B_TAG.backgrounds):
        for name, flavour in taggers.items():
            points = _scan(flavour, jets, background)
            for row, axes in enumerate(panels[:, column]):
                values = np.array([point.rejection[row] for point in points])
                errors = np.array([point.error[row] for point in points])
                line = lines[name]
                axes.plot(FRACTIONS, values, **line.drawn(), label=name)
                low, high = values - errors, values + errors
                axes.fill_between(
                    FRACTIONS, low, high, color=line.colour, alpha=0.2, linewidth=0, label=f"_{name}"
                )
        for efficiency, axes in zip(EFFICIENCIES, panels[:, column], strict=True):
            axes.set_ylim(0, 1.4 * _largest(axes))
            axes.axvline(B_TAG.fraction, color="0.6", linewidth=0.8, zorder=0)
            axes.set_ylabel(f"Rejection of {flavour_title(background)}")
            axes.text(
                0.96,
                0.95,
                f"b efficiency {100 * efficiency:g} %",
                transform=axes.transAxes,
                ha="right",
                va="top",
            )
        panels[-1, column].set_xlabel("$f_c$")
        panels[-1, column].set_xlim(0, 1)
    name_above(figure, panels[0, 0])
    return Drawing(
        name="fraction_scan",
        title="Rejection against the c fraction",
        caption="Rejections at fixed b efficiency as the c fraction f_c of D_b changes; bands are one "
        "standard deviation. The vertical line is the fraction of the paper, 0.05.",
        figure=figure,
    )


def _scan(flavour: Probabilities, jets: JetTable, background: str) -> list[Roc]:
    """The rejections at both efficiencies, for each of the fractions."""
    return [
        roc(
            scores_against(flavour, jets, background, replace(B_TAG, fraction=float(fraction))),
            np.array(EFFICIENCIES),
        )
        for fraction in FRACTIONS
    ]


def _largest(axes: Axes) -> float:
    """The largest rejection drawn, whatever the size of its error; 1 where none is finite."""
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines])
    return float(values[np.isfinite(values)].max(initial=1.0))
