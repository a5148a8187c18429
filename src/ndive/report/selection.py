"""Efficiency and purity of the track selection by weight."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ndive.evaluation import (
    BinnedFraction,
    FittedVertices,
    JetTable,
    binned_fraction,
    flavour_masks,
    flavour_title,
    selection_counts,
)
from ndive.report.figure import Drawing
from ndive.report.style import Line, new_figure, stamp

VARIABLES = (
    ("n_tracks", "Tracks in the jet", np.arange(0.5, 16.5)),
    ("pt", "Jet $p_T$ [GeV]", np.linspace(20, 200, 13)),
    ("decay_length", "Decay length [mm]", np.linspace(0, 40, 11)),
)
"""What it is drawn against, and the bins of arXiv:2310.12804."""


def selection_drawing(
    vertexers: Mapping[str, FittedVertices], lines: Mapping[str, Line], jets: JetTable, flavour: str
) -> Drawing:
    """Pooled efficiency (above) and purity (below) of all models that weigh tracks, for one flavour."""
    figure = new_figure(10.5, 6.2)
    panels = figure.subplots(2, len(VARIABLES), sharex="col", sharey="row")
    chosen = flavour_masks(jets)[flavour]
    for model, vertices in vertexers.items():
        counts = selection_counts(vertices.track_weights, jets.real, jets.decay).of(chosen)
        for column, (name, _, edges) in enumerate(VARIABLES):
            variable = np.asarray(getattr(jets, name)[chosen], float)
            for row, whole in enumerate((counts.decay, _where_decays(counts.selected, counts.decay))):
                binned = binned_fraction(variable, counts.both, whole, edges)
                _draw(panels[row, column], binned, lines[model], model)
    for (_, label, edges), axes in zip(VARIABLES, panels[1], strict=True):
        axes.set_xlabel(label)
        axes.set_xlim(edges[0], edges[-1])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    for axes, label in zip(panels[:, 0], ("Efficiency", "Purity"), strict=True):
        axes.set_ylim(0, 1.25)
        axes.set_ylabel(f"Selection {label.lower()}")
    stamp(panels[0, 0], flavour_title(flavour))
    panels[0, -1].legend(loc="upper right")
    return Drawing(
        name=f"selection_{flavour}",
        title=f"Track selection in {flavour_title(flavour)}",
        caption=(
            "Efficiency: selected tracks from the hadron's decay over all such tracks. Purity: the same "
            "over all selected tracks. A track is selected where its weight exceeds half of the jet's "
            "largest. Counts are pooled in each bin, over jets that have decay tracks; bars are 68 % "
            "Clopper–Pearson intervals."
        ),
        figure=figure,
    )


def _where_decays(selected: np.ndarray, decay: np.ndarray) -> np.ndarray:
    """Selected tracks of the jets that have decay tracks: in the others purity says nothing of the model."""
    return np.where(decay > 0, selected, 0)


def _draw(axes: Axes, binned: BinnedFraction, line: Line, label: str) -> None:
    filled = binned.total > 0
    centres = (binned.edges[:-1] + binned.edges[1:]) / 2
    widths = np.diff(binned.edges) / 2
    axes.errorbar(
        centres[filled],
        binned.value[filled],
        xerr=widths[filled],
        yerr=[(binned.value - binned.low)[filled], (binned.high - binned.value)[filled]],
        color=line.colour,
        marker=line.marker,
        markersize=4,
        linestyle="none",
        label=label,
    )
