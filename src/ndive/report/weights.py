"""What the learned weights do to the tracks."""

import numpy as np

from ndive.evaluation import (
    FittedVertices,
    JetTable,
    flavour_masks,
    flavour_title,
    heavy_masks,
    relative_weights,
    selection_counts,
)
from ndive.report.figure import Drawing
from ndive.report.histogram import draw_shares
from ndive.report.style import FLAVOUR_LINES, Line, name_above, new_figure, without_minor_ticks

WEIGHTS = np.linspace(0, 1, 41)
COUNTS = np.arange(-0.5, 16.5)
SHARES = np.linspace(0, 1, 11)

KINDS = {
    "from the decay": Line(colour="#0072b2", style="-", marker="o"),
    "other tracks": Line(colour="#d55e00", style="--", marker="s"),
    "ghost track": Line(colour="#6f6f6f", style=":", marker="^"),
}


def weight_drawing(name: str, vertices: FittedVertices, jets: JetTable) -> Drawing:
    """Weights over the jet's largest, of tracks from the decay, of the others, and of the ghost."""
    figure = new_figure(10.5, 4.4)
    masks = flavour_masks(jets)
    panels = figure.subplots(1, len(masks), sharey=True)
    relative = relative_weights(vertices.track_weights, jets.real)
    ghost = None if vertices.ghost_weight is None else np.clip(vertices.ghost_weight, 0, 1)
    for axes, (flavour, chosen) in zip(panels, masks.items(), strict=True):
        of_jets = chosen[:, None] & jets.real
        parts = {
            "from the decay": relative[of_jets & jets.decay],
            "other tracks": relative[of_jets & ~jets.decay],
            "ghost track": np.zeros(0) if ghost is None else ghost[chosen],
        }
        for kind, values in parts.items():
            if len(values):
                draw_shares(axes, values, WEIGHTS, KINDS[kind], kind)
        axes.axvline(0.5, color="0.6", linewidth=0.8, zorder=0)
        axes.set_yscale("log")
        axes.set_ylim(1e-4, 2)
        axes.set_xlim(0, 1)
        axes.set_xlabel("Weight / largest of the jet")
        axes.set_title(flavour_title(flavour), fontsize="medium")
    panels[0].set_ylabel("Fraction of tracks / 0.025")
    name_above(figure, panels[0])
    return Drawing(
        name=f"weights_{name}",
        title=f"Track weights of {name}",
        caption="Weight of each track over the largest of its jet; of the ghost track, where there is one, "
        "the weight itself. Each distribution is normalised to one. Tracks right of the line are selected.",
        figure=figure,
    )


def count_drawing(name: str, vertices: FittedVertices, jets: JetTable) -> Drawing:
    """Nine panels: tracks selected, from the decay, and both, in jets of each flavour."""
    figure = new_figure(10.5, 8.0)
    masks = flavour_masks(jets)
    panels = figure.subplots(3, len(masks), sharex=True, sharey=True)
    counts = selection_counts(vertices.track_weights, jets.real, jets.decay)
    rows = {"selected": counts.selected, "from the decay": counts.decay, "that are both": counts.both}
    for row, (what, found) in zip(panels, rows.items(), strict=True):
        for axes, (flavour, chosen) in zip(row, masks.items(), strict=True):
            draw_shares(axes, found[chosen], COUNTS, FLAVOUR_LINES[flavour], flavour_title(flavour))
            mean = found[chosen].mean() if chosen.any() else float("nan")
            axes.text(0.95, 0.92, f"mean {mean:.2f}", transform=axes.transAxes, ha="right", va="top")
            axes.set_yscale("log")
            axes.set_ylim(1e-4, 2)
        row[0].set_ylabel(f"Tracks {what}\nFraction of jets", fontsize="small")
    for axes, flavour in zip(panels[0], masks, strict=True):
        axes.set_title(flavour_title(flavour), fontsize="medium")
    for axes in panels[-1]:
        axes.set_xlabel("Tracks")
        axes.set_xlim(COUNTS[0], COUNTS[-1])
    without_minor_ticks(figure)
    return Drawing(
        name=f"selection_counts_{name}",
        title=f"Tracks selected by {name}",
        caption="Number of tracks a jet that are selected (weight above half of the largest), that come from "
        "the hadron's decay, and that are both.",
        figure=figure,
    )


def trade_drawing(name: str, vertices: FittedVertices, jets: JetTable) -> Drawing:
    """Selection efficiency against purity of single b and c jets, as a table of shares."""
    figure = new_figure(9.0, 4.2)
    counts = selection_counts(vertices.track_weights, jets.real, jets.decay)
    masks = heavy_masks(jets)
    panels = figure.subplots(1, len(masks), sharey=True, squeeze=False)[0]
    for axes, (flavour, mask) in zip(panels, masks.items(), strict=True):
        chosen = mask & (counts.decay > 0) & (counts.selected > 0)
        efficiency, purity = (
            counts.both[chosen] / counts.decay[chosen],
            counts.both[chosen] / counts.selected[chosen],
        )
        shares, _, _ = np.histogram2d(efficiency, purity, (SHARES, SHARES))
        image = axes.pcolormesh(SHARES, SHARES, shares.T / max(shares.sum(), 1), cmap="Blues", vmin=0)
        axes.set_xlabel("Selection efficiency")
        axes.set_title(flavour_title(flavour), fontsize="medium")
        figure.colorbar(image, ax=axes, label="Share of jets")
    panels[0].set_ylabel("Selection purity")
    return Drawing(
        name=f"efficiency_purity_{name}",
        title=f"Efficiency and purity of {name} jet by jet",
        caption="Share of the jets with a given efficiency and purity of their track selection, of those "
        "that have tracks from a decay and a selected track.",
        figure=figure,
    )
