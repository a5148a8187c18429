"""Distributions of the b-tagging discriminant."""

import numpy as np

from ndive.evaluation import B_TAG, JetTable, Probabilities, Tag, flavour_masks, flavour_title
from ndive.report.figure import Drawing
from ndive.report.histogram import draw_shares
from ndive.report.style import FLAVOUR_LINES, name_above, new_figure, stamp

EDGES = np.linspace(-6, 10, 65)
"""The range of arXiv:2310.12804; what lies outside is counted in the outer bins."""

SHARES = np.linspace(0, 1, 41)

WORKING_POINT = 0.7


def discriminant_drawing(tagger: str, flavour: Probabilities, jets: JetTable, tag: Tag = B_TAG) -> Drawing:
    """D_b of b, c and light jets by one tagger, each normalised to one, with the cut of 70 % b efficiency."""
    figure = new_figure(5.8, 4.4)
    axes = figure.subplots()
    score = tag.score(flavour)
    masks = flavour_masks(jets)
    for name, chosen in masks.items():
        draw_shares(axes, score[chosen], EDGES, FLAVOUR_LINES[name], flavour_title(name))
    if masks["bjets"].any():
        cut = float(np.quantile(score[masks["bjets"]], 1 - WORKING_POINT))
        axes.axvline(cut, ymax=0.74, color="0.35", linewidth=1)
        axes.text(cut, 0.7, "  70 % b efficiency", transform=axes.get_xaxis_transform(), size="small")
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * 20)
    axes.set_xlim(EDGES[0], EDGES[-1])
    axes.set_xlabel("$D_b$")
    axes.set_ylabel("Fraction of jets / 0.25")
    axes.legend(loc="upper right")
    stamp(axes, tagger)
    return Drawing(
        name=f"discriminant_{tagger}",
        title=f"Discriminant of {tagger}",
        caption=(
            f"D_b = log(p_b / (f_c p_c + (1 − f_c) p_u)) with f_c = {tag.fraction:g}, each flavour "
            "normalised to one. The outer bins hold what lies beyond. The vertical line is the cut that "
            "keeps 70 % of the b jets."
        ),
        figure=figure,
    )


def probability_drawing(tagger: str, flavour: Probabilities, jets: JetTable) -> Drawing:
    """The probabilities of b, c and light for jets of each flavour, each normalised to one."""
    figure = new_figure(10.5, 4.2)
    masks = flavour_masks(jets)
    panels = figure.subplots(1, len(masks), sharey=True)
    for number, (axes, told) in enumerate(zip(panels, masks, strict=True)):
        for name, chosen in masks.items():
            values = np.asarray(flavour[chosen, number], float)
            draw_shares(axes, values, SHARES, FLAVOUR_LINES[name], flavour_title(name))
        axes.set_yscale("log")
        axes.set_ylim(1e-4, 2)
        axes.set_xlim(0, 1)
        axes.set_xlabel(f"Probability of {flavour_title(told)}")
    panels[0].set_ylabel("Fraction of jets / 0.025")
    name_above(figure, panels[0])
    return Drawing(
        name=f"probabilities_{tagger}",
        title=f"Flavour probabilities of {tagger}",
        caption="Predicted probability of each flavour, of the jets of each true flavour; each curve is "
        "normalised to one.",
        figure=figure,
    )
