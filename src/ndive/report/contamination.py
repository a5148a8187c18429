"""Whether the errors of the vertex are right, and what tracks from elsewhere do to that."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from ndive.evaluation import (
    FittedVertices,
    JetTable,
    contamination,
    flavour_masks,
    flavour_title,
    measured_over,
    vertex_quantities,
)
from ndive.report.figure import Drawing
from ndive.report.style import FEWEST, Line, name_above, new_figure, plain_log_scale

SHARES = (0.0, 0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 1.01)
"""Edges of the share of the weight; all of it is less than the last."""

ROWS = {
    "sandwich_pull_width_x": ("Pull σ, x", 1.0),
    "sandwich_pull_width_z": ("Pull σ, z", 1.0),
    "sandwich_coverage_68": ("68 % ellipsoid", 0.68),
    "sandwich_coverage_95": ("95 % ellipsoid", 0.95),
}
"""Metric -> label of its axis, and what it is where errors are right."""


def contamination_drawing(
    vertexers: Mapping[str, FittedVertices], lines: Mapping[str, Line], jets: JetTable
) -> Drawing:
    """Pull widths and coverage by the sandwich covariance, for each flavour, against the wrong weight."""
    figure = new_figure(10.5, 8.4)
    masks = flavour_masks(jets)
    panels = figure.subplots(len(ROWS), len(masks), sharex=True, sharey="row")
    places = np.arange(len(SHARES) - 1)
    for model, fit in vertexers.items():
        wrong = contamination(fit.track_weights, jets.real, jets.perfect_weights > 0)
        place = np.digitize(wrong, SHARES) - 1
        found = vertex_quantities(fit, jets)
        for row, metric in zip(panels, ROWS, strict=True):
            for axes, chosen in zip(row, masks.values(), strict=True):
                points = np.array(
                    [measured_over(found[metric], chosen & (place == number)) for number in places]
                )
                value, down, up, _ = np.where(points[:, 3:] >= FEWEST, points, np.nan).T
                axes.errorbar(places, value, yerr=[down, up], label=model, **lines[model].pointed())
    for row, (label, right) in zip(panels, ROWS.values(), strict=True):
        row[0].set_ylabel(label, fontsize="small")
        for axes in row:
            axes.axhline(right, color="0.5", linewidth=0.8, zorder=0)
            axes.margins(x=0.08, y=0.15)
            axes.tick_params(labelsize="small")
    for axes in panels[:2].flat:
        plain_log_scale(axes)
    for axes, flavour in zip(panels[0], masks, strict=True):
        axes.set_title(flavour_title(flavour), fontsize="medium")
    for axes in panels[-1]:
        axes.set_xticks(places, _names(), rotation=40, ha="right", fontsize="small")
        axes.minorticks_off()
        axes.set_xlabel("Weight on tracks from elsewhere", fontsize="small")
    name_above(figure, panels[0, 0])
    return Drawing(
        name="contamination",
        title="Pulls and coverage by contamination",
        caption="Width of the pulls and coverage of the ellipsoids, by the sandwich covariance, against the "
        "share of the jet's weight on tracks that do not come from the vertex. The horizontal line is where "
        "errors are right. Bars are 68 % intervals; bins with fewer than ten fits are left out.",
        figure=figure,
    )


def _names() -> list[str]:
    """What each bin is called, in percent."""
    inner = [f"{100 * low:g}–{100 * high:g} %" for low, high in pairwise(SHARES[1:-1])]
    return [f"below {100 * SHARES[1]:g} %", *inner, f"above {100 * SHARES[-2]:g} %"]
