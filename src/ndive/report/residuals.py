"""Residuals and pulls of the fitted vertex, by what selects its tracks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator
from scipy.stats import norm

from ndive.evaluation import (
    AXES,
    SELECTIONS,
    FittedVertices,
    JetTable,
    Residuals,
    flavour_masks,
    flavour_title,
    two_digits,
    vertex_residuals,
    width_of,
)
from ndive.report.figure import Drawing
from ndive.report.histogram import draw_shares
from ndive.report.style import (
    SELECTION_LINES,
    Line,
    name_above,
    new_figure,
    number_curves,
    without_minor_ticks,
)

EDGES = np.linspace(-10, 10, 201)
"""Residuals in mm and pulls, as in arXiv:2310.12804; what lies outside is counted in the outer bins."""


@dataclass(frozen=True, kw_only=True)
class _Curve:
    """One distribution: its name in the legend, how it looks, and its values along x, y, z."""

    label: str
    line: Line
    values: Float[np.ndarray, "fits 3"]


def residual_drawing(
    fits: Mapping[str, FittedVertices],
    lines: Mapping[str, Line],
    references: Mapping[str, FittedVertices],
    jets: JetTable,
) -> Drawing:
    """Residuals in x, y and z of each flavour: all tracks, those that each model weighs, the true ones."""
    curves = {
        flavour: [
            _reference("none", free["none"].residual),
            *(_Curve(label=name, line=lines[name], values=one.residual) for name, one in own.items()),
            _reference("perfect", free["perfect"].residual),
        ]
        for flavour, (own, free) in _by_flavour(fits, references, jets).items()
    }
    drawing = _grid(
        "residuals",
        "Vertex residuals",
        "Predicted − true {} [mm]",
        "mm",
        curves,
        "Predicted minus true position of the hadron's decay vertex, in jets with at least two tracks "
        "from there and a valid fit, by what weighs the tracks. In each panel σ, half of the central 68 % "
        "interval. The outer bins hold what lies beyond.",
    )
    name_above(drawing.figure, drawing.figure.axes[0])
    return drawing


def pull_drawing(
    fits: Mapping[str, FittedVertices],
    lines: Mapping[str, Line],
    references: Mapping[str, FittedVertices],
    jets: JetTable,
) -> Drawing:
    """Pulls in x, y and z, those of each model with the fit's covariance and with the sandwich covariance."""
    curves = {
        flavour: [
            _reference("none", free["none"].pull),
            *(_Curve(label=name, line=_thin(lines[name]), values=one.pull) for name, one in own.items()),
            *(
                _Curve(label=f"{name}, sandwich", line=lines[name], values=one.sandwich_pull)
                for name, one in own.items()
            ),
            _reference("perfect", free["perfect"].pull),
        ]
        for flavour, (own, free) in _by_flavour(fits, references, jets).items()
    }
    drawing = _grid(
        "pulls",
        "Vertex pulls",
        "Pull in {}",
        "",
        curves,
        "Residual over its error, by what weighs the tracks. The error is from the covariance of the "
        "weighted fit (thin), or from its sandwich covariance, which learned weights do not scale. In each "
        "panel σ, half of the central 68 % interval: 1 where errors are right. The outer bins hold what lies "
        "beyond.",
    )
    centres = (EDGES[:-1] + EDGES[1:]) / 2
    for axes in drawing.figure.axes:
        gaussian = norm.pdf(centres) * np.diff(EDGES)
        axes.plot(centres, gaussian, color="black", linewidth=0.7, zorder=0, label="unit Gaussian")
    name_above(drawing.figure, drawing.figure.axes[0])
    return drawing


def _by_flavour(
    fits: Mapping[str, FittedVertices], references: Mapping[str, FittedVertices], jets: JetTable
) -> dict[str, tuple[dict[str, Residuals], dict[str, Residuals]]]:
    """Flavour -> the residuals of the models by name, and of the fits that need none."""

    def all_of(some: Mapping[str, FittedVertices], chosen: Bool[np.ndarray, " jets"]) -> dict[str, Residuals]:
        return {name: vertex_residuals(fit, jets, chosen) for name, fit in some.items()}

    return {
        flavour: (all_of(fits, chosen), all_of(references, chosen))
        for flavour, chosen in flavour_masks(jets).items()
    }


def _reference(mode: str, values: Float[np.ndarray, "fits 3"]) -> _Curve:
    return _Curve(label=SELECTIONS[mode], line=SELECTION_LINES[mode], values=values)


def _thin(line: Line) -> Line:
    return replace(line, width=0.5)


def _grid(
    name: str,
    title: str,
    label: str,
    unit: str,
    curves: Mapping[str, list[_Curve]],
    caption: str,
) -> Drawing:
    """One row of panels a flavour, one column an axis; what the curves are called is not yet said."""
    most = max(map(len, curves.values()))
    figure = new_figure(12.0, max(3.3, 1.6 + 0.3 * most) * len(curves))
    panels = figure.subplots(len(curves), len(AXES), sharex=True, sharey=True, squeeze=False)
    for row, (flavour, drawn) in zip(panels, curves.items(), strict=True):
        for axis, axes in enumerate(row):
            _panel(axes, drawn, axis, f"σ [{unit}]" if unit else "σ")
            axes.text(0.04, 0.94, flavour_title(flavour), transform=axes.transAxes, va="top", weight="bold")
        row[0].set_ylabel(f"Fraction / {EDGES[1] - EDGES[0]:g} {unit}".rstrip())
    for axes, name_of_axis in zip(panels[-1], AXES, strict=True):
        axes.set_xlabel(label.format(f"${name_of_axis}$"))
        axes.set_xlim(EDGES[0], EDGES[-1])
    without_minor_ticks(figure)
    return Drawing(name=name, title=title, caption=caption, figure=figure)


def _panel(axes: Axes, curves: list[_Curve], axis: int, title: str) -> None:
    widths = []
    for curve in curves:
        values = curve.values[:, axis]
        widths.append(two_digits(width_of(values).value))
        draw_shares(axes, values, EDGES, curve.line, curve.label)
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 2)
    axes.xaxis.set_major_locator(MultipleLocator(5))
    number_curves(axes, widths, title, "upper right")
