"""Confusion matrices of jet flavour and of track origin."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from ndive.evaluation import JetTable, Probabilities, confusion_counts, confusion_fractions
from ndive.report.figure import Drawing
from ndive.report.style import new_figure
from ndive.schema import load_schema


def flavour_confusion_drawing(tagger: str, flavour: Probabilities, jets: JetTable) -> Drawing:
    """True against most probable flavour of the jets."""
    flavours = load_schema().flavours
    counts = confusion_counts(jets.flavour, flavour.argmax(axis=-1), len(flavours))
    return _matrix(
        f"flavour_confusion_{tagger}",
        f"Jet flavour by {tagger}",
        counts,
        [known.title for known in flavours],
        "flavour",
        "jets",
    )


def origin_confusion_drawing(
    tagger: str, origin: Float[np.ndarray, "jets slots 4"], jets: JetTable
) -> Drawing:
    """True against most probable origin of the tracks."""
    classes = load_schema().origin_classes
    predicted = origin.argmax(axis=-1)
    counts = confusion_counts(jets.origin[jets.real], predicted[jets.real], len(classes))
    return _matrix(
        f"origin_confusion_{tagger}",
        f"Track origin by {tagger}",
        counts,
        [origin.title for origin in classes],
        "origin",
        "tracks",
    )


def _matrix(
    name: str,
    title: str,
    counts: Int[np.ndarray, "classes classes"],
    labels: Sequence[str],
    kind: str,
    entries: str,
) -> Drawing:
    """Rows are the truth and sum to one; each cell says its fraction and its count."""
    figure = new_figure(5.0, 4.3)
    axes = figure.subplots()
    fractions = confusion_fractions(counts)
    image = axes.imshow(fractions, vmin=0, vmax=1, cmap="Blues")
    for row, column in np.ndindex(*fractions.shape):
        value = fractions[row, column]
        text = f"{value:.3f}\n({counts[row, column]:,})" if np.isfinite(value) else f"no {entries}"
        shade = "white" if value > 0.55 else "black"
        axes.text(column, row, text, ha="center", va="center", color=shade, size="small")
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(which="both", length=0)
    axes.minorticks_off()
    axes.set_xlabel(f"Predicted {kind}")
    axes.set_ylabel(f"True {kind}")
    figure.colorbar(image, ax=axes, label=f"Fraction of true {entries}", shrink=0.82)
    return Drawing(
        name=name,
        title=title,
        caption=f"Share of the {entries} of each true {kind} (row) by most probable {kind}; rows sum to one. "
        "In brackets the counts.",
        figure=figure,
    )
