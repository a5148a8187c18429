"""Any figure of merit in bins of pT, |eta|, tracks and decay length."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ndive.evaluation import BINS, Measurement, flavour_title
from ndive.report.figure import Drawing
from ndive.report.style import FLAVOUR_LINES, Line, new_figure

TITLES = {
    "pt": "Jet $p_T$ [GeV]",
    "abs_eta": r"Jet $|\eta|$",
    "n_tracks": "Tracks in the jet",
    "n_decay_tracks": "Tracks from the decay",
    "decay_length": "Decay length [mm]",
}
"""Column of the jets -> what its axis says."""


@dataclass(frozen=True, kw_only=True)
class BinnedFigure:
    """The metrics that it shows, a row of panels each, with the label of its axis; `level` is a line."""

    section: str
    needs: str
    title: str
    metrics: Mapping[str, str]
    caption: str
    level: Mapping[str, float]


def _figure(
    section: str, needs: str, title: str, metrics: Mapping[str, str], caption: str, **level: float
) -> BinnedFigure:
    return BinnedFigure(
        section=section, needs=needs, title=title, metrics=metrics, caption=caption, level=level
    )


BINNED_FIGURES: Mapping[str, BinnedFigure] = {
    "b_tag_binned": _figure(
        "Tagging",
        "flavour",
        "b-tag in bins",
        {"b_tag_efficiency": "Share above the cut"},
        "Share of the jets of each flavour above the cut on D_b that keeps 70 % of all b jets.",
    ),
    "c_tag_binned": _figure(
        "Tagging",
        "flavour",
        "c-tag in bins",
        {"c_tag_efficiency": "Share above the cut"},
        "Share of the jets of each flavour above the cut on D_c that keeps 70 % of all c jets.",
    ),
    "predicted_classes": _figure(
        "Tagging",
        "flavour",
        "Predicted flavour in bins",
        {"told_bjets": "Told b", "told_cjets": "Told c", "told_ujets": "Told light"},
        "Share of the jets of each true flavour whose most probable flavour is the one of the row.",
    ),
    "grouping": _figure(
        "Tracks in vertices",
        "pairing",
        "Partition of the tracks in bins",
        {"adjusted_rand_index": "Adjusted Rand index", "rand_index": "Rand index", "pair_f1": "F1 of pairs"},
        "Means over jets with two tracks or more, of the vertices that the pairing head makes.",
    ),
    "vertex_finding": _figure(
        "Tracks in vertices",
        "pairing",
        "Secondary vertices in bins",
        {"vertex_efficiency": "Efficiency", "vertex_purity": "Purity", "vertex_fakes": "Jets with a fake"},
        "Secondary vertices matched over true ones and over found ones, by the rules of puma (recall 0.65, "
        "purity 0.5); below, the share of the jets without a true secondary vertex in which one is found.",
    ),
    "vertex_error": _figure(
        "Vertex",
        "vertex",
        "Mean vertex error in bins",
        {
            "distance_mm": "Distance [mm]",
            "distance_over_decay_length": "Distance / decay length",
            "distance_along_flight_mm": "Along the flight [mm]",
            "transverse_distance_mm": "Across the beam [mm]",
        },
        "Mean distance of the fitted from the true vertex, in jets with two tracks from there and a valid "
        "fit.",
    ),
    "coverage": _figure(
        "Vertex",
        "vertex",
        "Coverage in bins",
        {
            "coverage_68": "68 % ellipsoid",
            "coverage_95": "95 % ellipsoid",
            "sandwich_coverage_68": "68 %, sandwich",
            "sandwich_coverage_95": "95 %, sandwich",
        },
        "Share of the valid fits whose ellipsoid holds the true vertex, with the covariance of the weighted "
        "fit and with its sandwich covariance. The horizontal line is the content that the ellipsoid claims.",
        coverage_68=0.68,
        coverage_95=0.95,
        sandwich_coverage_68=0.68,
        sandwich_coverage_95=0.95,
    ),
    "selection_binned": _figure(
        "Track selection",
        "vertex",
        "Track selection in bins",
        {"selection_efficiency": "Efficiency", "selection_purity": "Purity"},
        "Selected tracks from the hadron's decay over all such tracks, and over all selected tracks of jets "
        "that have one; pooled in each bin.",
    ),
}
"""Name -> figure; the metrics are those of `metrics.csv`."""


def binned_drawing(
    name: str, models: Mapping[str, Iterable[Measurement]], lines: Mapping[str, Line]
) -> Drawing:
    """All models and flavours: the model by colour and marker, the flavour by filling and line style."""
    kind = BINNED_FIGURES[name]
    figure = new_figure(2.7 * len(BINS), 2.1 * len(kind.metrics) + 1.2)
    panels = figure.subplots(len(kind.metrics), len(BINS), sharex="col", sharey="row", squeeze=False)
    shown: set[str] = set()
    for model, found in models.items():
        table: dict[tuple[str, str, str], list[Measurement]] = {}
        for one in found:
            if one.variable and one.metric in kind.metrics:
                table.setdefault((one.metric, one.variable, one.flavour), []).append(one)
        for (metric, variable, flavour), points in table.items():
            axes = panels[list(kind.metrics).index(metric), list(BINS).index(variable)]
            _draw(axes, points, lines[model], flavour, f"{model}, {flavour_title(flavour)}")
            shown.add(flavour)
    for row, (metric, label) in zip(panels, kind.metrics.items(), strict=True):
        row[0].set_ylabel(label, fontsize="small")
        for axes in row:
            if metric in kind.level:
                axes.axhline(kind.level[metric], color="0.5", linewidth=0.8, zorder=0)
            axes.margins(y=0.15)
            axes.tick_params(labelsize="small")
    for (variable, edges), axes in zip(BINS.items(), panels[-1], strict=True):
        axes.set_xlabel(TITLES[variable], fontsize="small")
        axes.set_xlim(edges[0], edges[-1])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    handles = [*_models(models, lines), *_flavours(shown)]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 6))
    return Drawing(
        name=name,
        title=kind.title,
        caption=f"{kind.caption} Bars are 68 % intervals; bins with fewer than ten entries are left out.",
        figure=figure,
    )


FEWEST = 10
"""Entries of a bin below which it is not drawn."""

FILLED: dict[str, Any] = {"bjets": "full", "cjets": "none", "ujets": "left"}
"""Flavour -> how its markers are filled."""


def _draw(axes: Axes, points: list[Measurement], line: Line, flavour: str, label: str) -> None:
    kept = [point for point in points if point.count >= FEWEST and np.isfinite(point.up)]
    axes.errorbar(
        [(point.low + point.high) / 2 for point in kept],
        [point.value for point in kept],
        yerr=[[point.down for point in kept], [point.up for point in kept]],
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
