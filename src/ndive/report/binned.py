"""Any figure of merit in bins of pT, |eta|, tracks and decay length."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ndive.evaluation import BINS, Measurement, flavour_title
from ndive.report.binned_figures import BINNED_FIGURES, BinnedFigure
from ndive.report.figure import Drawing
from ndive.report.style import (
    FEWEST,
    FLAVOUR_LINES,
    Line,
    new_figure,
    plain_log_scale,
    without_minor_ticks,
)

TITLES = {
    "pt": "Jet $p_T$ [GeV]",
    "abs_eta": r"Jet $|\eta|$",
    "n_tracks": "Tracks in the jet",
    "n_decay_tracks": "Tracks from the decay",
    "decay_length": "Decay length [mm]",
}
"""Column of the jets -> what its axis says."""


def binned_drawing(
    name: str, models: Mapping[str, Iterable[Measurement]], lines: Mapping[str, Line]
) -> Drawing:
    """All models and flavours: the model by colour and marker, the flavour by filling and line style."""
    kind = BINNED_FIGURES[name]
    figure = new_figure(2.7 * len(BINS), 2.1 * len(kind.metrics) + 1.2)
    panels = figure.subplots(len(kind.metrics), len(BINS), sharex="col", sharey="row", squeeze=False)
    flavours: set[str] = set()
    drawn: dict[str, list[float]] = {metric: [] for metric in kind.metrics}
    for model, found in models.items():
        for (metric, variable, flavour), points in _curves(found, kind).items():
            axes = panels[list(kind.metrics).index(metric), list(BINS).index(variable)]
            _draw(axes, points, lines[model], flavour, f"{model}, {flavour_title(flavour)}")
            flavours.add(flavour)
            drawn[metric] += [point.value for point in points]
    for row, (metric, label), level in zip_longest(panels, kind.metrics.items(), kind.levels):
        row[0].set_ylabel(label, fontsize="small")
        row[0].set_ylim(*_range([*drawn[metric], *([] if level is None else [level])], kind.scale))
        if kind.scale == "log":
            plain_log_scale(row[0])
        for axes in row:
            if level is not None:
                axes.axhline(level, color="0.5", linewidth=0.8, zorder=0)
            axes.tick_params(labelsize="small")
    for (variable, edges), axes in zip(BINS.items(), panels[-1], strict=True):
        axes.set_xlabel(TITLES[variable], fontsize="small")
        axes.set_xlim(edges[0], edges[-1])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    without_minor_ticks(figure)
    handles = [*_models(models, lines), *_flavours(flavours)]
    figure.legend(handles=handles, loc="outside upper left", ncols=min(len(handles), 6))
    return Drawing(
        name=name,
        title=kind.title,
        caption=f"{kind.caption} Bars are 68 % intervals; bins with fewer than ten entries are left out.",
        figure=figure,
    )


def _curves(
    found: Iterable[Measurement], kind: BinnedFigure
) -> dict[tuple[str, str, str], list[Measurement]]:
    """By metric, variable and flavour the bins that are drawn."""
    curves: dict[tuple[str, str, str], list[Measurement]] = {}
    for one in found:
        shown = one.metric in kind.metrics and one.flavour in FLAVOUR_LINES and one.variable
        if shown and one.count >= FEWEST and np.isfinite(one.up):
            curves.setdefault((one.metric, one.variable, one.flavour), []).append(one)
    return curves


def _range(values: list[float], scale: str) -> tuple[float, float]:
    """The axis on which all values are seen, though not all of a large error bar.

    It has no part below zero unless a value has.
    """
    low, high = min(values, default=0.5), max(values, default=0.5)
    if scale == "log":
        return 0.7 * low, 1.4 * high
    margin = 0.15 * (high - low) or 0.1
    return low - margin if low < 0 else max(low - margin, 0.0), high + margin


FILLED: dict[str, Any] = {"bjets": "full", "cjets": "none", "ujets": "left"}
"""Flavour -> how its markers are filled."""


def _draw(axes: Axes, points: list[Measurement], line: Line, flavour: str, label: str) -> None:
    axes.errorbar(
        [(point.low + point.high) / 2 for point in points],
        [point.value for point in points],
        yerr=[[point.down for point in points], [point.up for point in points]],
        color=line.colour,
        marker=line.marker,
        markersize=4,
        fillstyle=FILLED[flavour],
        linestyle=FLAVOUR_LINES[flavour].style,
        linewidth=0.9,
        label=label,
    )


def _models(models: Iterable[str], lines: Mapping[str, Line]) -> list[Line2D]:
    return [
        Line2D([], [], color=lines[model].colour, marker=lines[model].marker, linestyle="none", label=model)
        for model in models
    ]


def _flavours(shown: set[str]) -> list[Line2D]:
    return [
        Line2D(
            [],
            [],
            **(line.drawn() | {"color": "black"}),
            marker="o",
            markersize=4,
            fillstyle=FILLED[flavour],
            linewidth=0.9,
            label=flavour_title(flavour),
        )
        for flavour, line in FLAVOUR_LINES.items()
        if flavour in shown
    ]
