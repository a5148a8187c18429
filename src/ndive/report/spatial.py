"""The fitted vertex in space: distances, pulls by kind of jet, predicted against true."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import MaxNLocator

from ndive.evaluation import (
    AXES,
    BINS,
    SELECTIONS,
    FittedVertices,
    JetTable,
    bin_numbers,
    flavour_masks,
    flavour_title,
    heavy_masks,
    two_digits,
    vertex_residuals,
)
from ndive.report.binned import TITLES
from ndive.report.figure import Drawing
from ndive.report.histogram import draw_shares
from ndive.report.style import FEWEST, SELECTION_LINES, Line, name_above, new_figure, number_curves

DISTANCES = np.geomspace(1e-3, 1e2, 61)
PLANE = np.linspace(-50, 50, 101)
SHOWN = (0, 2)
BOXES = ("n_tracks", "pt", "decay_length")
RANGE = 10.0
"""Pulls shown, on either side of zero."""


def distance_drawing(
    fits: Mapping[str, FittedVertices],
    lines: Mapping[str, Line],
    references: Mapping[str, FittedVertices],
    jets: JetTable,
) -> Drawing:
    """Distance of the fitted from the true vertex: in 3D, across the beam, along the flight."""
    figure = new_figure(10.5, 8.4)
    masks = flavour_masks(jets)
    panels = figure.subplots(len(masks), 3, sharex=True, sharey="row")
    curves = [
        (SELECTIONS["none"], SELECTION_LINES["none"], references["none"]),
        *((name, lines[name], fit) for name, fit in fits.items()),
        (SELECTIONS["perfect"], SELECTION_LINES["perfect"], references["perfect"]),
    ]
    for row, (flavour, chosen) in zip(panels, masks.items(), strict=True):
        medians: tuple[list[str], ...] = ([], [], [])
        for label, line, fit in curves:
            found = vertex_residuals(fit, jets, chosen)
            along = np.abs(np.einsum("ji,ji->j", found.residual, jets.flight[found.jets]))
            parts = (found.distance, np.linalg.norm(found.residual[:, :2], axis=-1), along)
            for axes, values, told in zip(row, parts, medians, strict=True):
                if np.any(values > 0):
                    told.append(two_digits(float(np.median(values))))
                    draw_shares(axes, values, DISTANCES, line, label)
        row[0].set_ylabel(f"{flavour_title(flavour)}\nFraction of jets")
        for axes, told in zip(row, medians, strict=True):
            axes.set_xscale("log")
            axes.set_xlim(DISTANCES[0], DISTANCES[-1])
            if told:
                number_curves(axes, told, "median [mm]", "upper left")
            else:
                axes.text(0.5, 0.5, "no flight", transform=axes.transAxes, ha="center", color="0.4")
        row[0].set_ylim(0, 1.3 * row[0].get_ylim()[1])
    for axes, label in zip(panels[-1], ("Distance", "Across the beam", "Along the flight"), strict=True):
        axes.set_xlabel(f"{label} [mm]")
    name_above(figure, panels[0, 0])
    return Drawing(
        name="distances",
        title="Vertex distances",
        caption="Distance of the fitted from the true vertex, in jets with two tracks from there and a valid "
        "fit: in three dimensions, its part across the beam, and its part along the hadron's flight. Bins "
        "are equal in the logarithm; the outer ones hold what lies beyond.",
        figure=figure,
    )


def box_drawing(
    name: str, vertices: FittedVertices, references: Mapping[str, FittedVertices], jets: JetTable
) -> Drawing:
    """Boxes of the pulls of b jets in x and z against multiplicity, pT and decay length."""
    figure = new_figure(11.5, 6.4)
    panels = figure.subplots(len(SHOWN), len(BOXES), sharex="col", sharey=True)
    chosen = flavour_masks(jets)["bjets"]
    fits = {"model": vertices, "perfect": references["perfect"]}
    for offset, (mode, fit) in zip((-0.2, 0.2), fits.items(), strict=True):
        found = vertex_residuals(fit, jets, chosen)
        pulls = found.sandwich_pull if mode == "model" else found.pull
        for column, variable in enumerate(BOXES):
            edges = BINS[variable]
            place = bin_numbers(jets, variable)[found.jets]
            widths = np.diff(edges)
            centres = (edges[:-1] + edges[1:]) / 2 + offset * widths
            for row, axis in enumerate(SHOWN):
                binned = [
                    pulls[(place == number) & np.isfinite(pulls[:, axis]), axis]
                    for number in range(len(widths))
                ]
                values = [one if len(one) >= FEWEST else one[:0] for one in binned]
                look = {"color": SELECTION_LINES[mode].colour, "linewidth": 1.0}
                panels[row, column].boxplot(
                    values,
                    positions=centres,
                    widths=0.34 * widths,
                    whis=(2.5, 97.5),
                    showfliers=False,
                    manage_ticks=False,
                    patch_artist=True,
                    boxprops={**look, "facecolor": "white" if mode == "perfect" else "#cfe3f1"},
                    medianprops=look,
                    whiskerprops={**look, "linestyle": SELECTION_LINES[mode].style},
                    capprops=look,
                    label=SELECTIONS.get(mode, f"{name}, sandwich"),
                )
    for row, axis in zip(panels, SHOWN, strict=True):
        row[0].set_ylabel(f"Pull in ${AXES[axis]}$")
        for axes in row:
            axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
            axes.set_ylim(-RANGE, RANGE)
    for variable, axes in zip(BOXES, panels[-1], strict=True):
        axes.set_xlabel(TITLES[variable])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlim(BINS[variable][0], BINS[variable][-1])
    name_above(figure, panels[0, 0])
    return Drawing(
        name=f"pull_boxes_{name}",
        title=f"Pulls of {name} by kind of jet",
        caption="Pulls of b jets: the box holds half of the jets (−0.67 to 0.67 for a unit Gaussian), the "
        "whiskers 95 % (from −1.96 to 1.96), the line is the median. Of the model with the sandwich "
        "covariance, of the perfect selection with that of the fit. Bins with fewer than ten fits are left "
        "out.",
        figure=figure,
    )


def plane_drawing(name: str, vertices: FittedVertices, jets: JetTable) -> Drawing:
    """Predicted against true x and z of b and c jets, within 50 mm."""
    figure = new_figure(9.0, 8.0)
    flavours = heavy_masks(jets)
    panels = figure.subplots(len(flavours), len(SHOWN), sharex=True, sharey=True)
    for row, (flavour, mask) in zip(panels, flavours.items(), strict=True):
        chosen = mask & vertices.valid
        for axes, axis in zip(row, SHOWN, strict=True):
            true, predicted = jets.hadron_vertex[chosen, axis], vertices.position[chosen, axis]
            counts, _, _ = np.histogram2d(true, predicted, (PLANE, PLANE))
            image = axes.pcolormesh(
                PLANE,
                PLANE,
                np.ma.masked_equal(counts.T, 0),
                cmap="viridis_r",
                norm=LogNorm(1, max(counts.max(), 2)),
                rasterized=True,
            )
            axes.plot(PLANE[[0, -1]], PLANE[[0, -1]], color="black", linewidth=0.7, linestyle="--")
            axes.text(
                0.05, 0.94, f"{flavour_title(flavour)}, ${AXES[axis]}$", transform=axes.transAxes, va="top"
            )
            axes.set_aspect("equal")
            figure.colorbar(image, ax=axes, label="Jets", shrink=0.85)
        row[0].set_ylabel("Predicted [mm]")
    for axes in panels[-1]:
        axes.set_xlabel("True [mm]")
    return Drawing(
        name=f"plane_{name}",
        title=f"Predicted against true vertex of {name}",
        caption="Coordinate of the fitted against that of the true decay vertex, of all jets with a valid "
        "fit; "
        "jets beyond 50 mm are not shown. The dashed line is perfect.",
        figure=figure,
    )
