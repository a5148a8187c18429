"""Residuals and pulls of the fitted vertex, by what selects its tracks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
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
    name: str, vertices: FittedVertices, references: Mapping[str, FittedVertices], jets: JetTable
) -> Drawing:
    """Residuals in x, y and z of each flavour: all tracks, those that `name` weighs, the true ones."""
    curves = {
        flavour: [
            _Curve(label=_label(mode, name), line=SELECTION_LINES[mode], values=found.residual)
            for mode, found in modes.items()
        ]
        for flavour, modes in _by_flavour(vertices, references, jets).items()
    }
    figure_name = f"residuals_{name}"
    drawing = _grid(
        figure_name,
        f"Vertex residuals of {name}",
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
    name: str, vertices: FittedVertices, references: Mapping[str, FittedVertices], jets: JetTable
) -> Drawing:
    """Pulls in x, y and z, those of `name` with the fit's covariance and with the sandwich covariance."""
    sandwich = Line(colour="#7a21dd", style="-.", marker="D")
    curves = {
        flavour: [
            *(
                _Curve(label=_label(mode, name), line=SELECTION_LINES[mode], values=found.pull)
                for mode, found in modes.items()
            ),
            _Curve(label=f"{name}, sandwich", line=sandwich, values=modes["model"].sandwich_pull),
        ]
        for flavour, modes in _by_flavour(vertices, references, jets).items()
    }
    drawing = _grid(
        f"pulls_{name}",
        f"Vertex pulls of {name}",
        "Pull in {}",
        "",
        curves,
        "Residual over its error, by what weighs the tracks. The error is from the covariance of the "
        "weighted fit, or from its sandwich covariance, which learned weights do not scale. In each panel "
        "σ, half of the central 68 % interval: 1 where errors are right. The outer bins hold what lies "
        "beyond.",
    )
    centres = (EDGES[:-1] + EDGES[1:]) / 2
    for axes in drawing.figure.axes:
        gaussian = norm.pdf(centres) * np.diff(EDGES)
        axes.plot(centres, gaussian, color="black", linewidth=0.7, zorder=0, label="unit Gaussian")
    name_above(drawing.figure, drawing.figure.axes[0])
    return drawing


def _by_flavour(
    vertices: FittedVertices, references: Mapping[str, FittedVertices], jets: JetTable
) -> dict[str, dict[str, Residuals]]:
    """Flavour -> what weighs the tracks (none, model, perfect) -> residuals."""
    fits = {"none": references["none"], "model": vertices, "perfect": references["perfect"]}
    return {
        flavour: {mode: vertex_residuals(fit, jets, chosen) for mode, fit in fits.items()}
        for flavour, chosen in flavour_masks(jets).items()
    }


def _label(mode: str, name: str) -> str:
    return SELECTIONS.get(mode, name)


def _grid(
    name: str,
    title: str,
    label: str,
    unit: str,
    curves: Mapping[str, list[_Curve]],
    caption: str,
) -> Drawing:
    """One row of panels a flavour, one column an axis; what the curves are called is not yet said."""
    figure = new_figure(12.0, 3.3 * len(curves))
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
