"""Whether the flavour probabilities are what they say."""

from collections.abc import Mapping

import numpy as np

from ndive.evaluation import JetTable, Probabilities, flavour_masks, flavour_title, reliability, two_digits
from ndive.report.figure import Drawing
from ndive.report.style import FEWEST, Line, name_above, new_figure, number_curves


def calibration_drawing(
    taggers: Mapping[str, Probabilities], lines: Mapping[str, Line], jets: JetTable
) -> Drawing:
    """Share of jets of each flavour against its predicted probability, for all taggers."""
    figure = new_figure(10.5, 4.6)
    masks = flavour_masks(jets)
    panels = figure.subplots(1, len(masks), sharey=True)
    for number, (axes, (flavour, right)) in enumerate(zip(panels, masks.items(), strict=True)):
        axes.plot([0, 1], [0, 1], color="0.5", linewidth=0.8, zorder=0)
        distances = []
        for name, probabilities in taggers.items():
            found = reliability(probabilities[:, number].astype(float), right)
            distances.append(two_digits(found.error))
            kept = found.count >= FEWEST
            axes.errorbar(
                found.predicted[kept],
                found.observed[kept],
                yerr=[(found.observed - found.low)[kept], (found.high - found.observed)[kept]],
                **lines[name].pointed(),
                label=name,
            )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.25)
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.set_xlabel(f"Probability of {flavour_title(flavour)}")
        number_curves(axes, distances, "mean distance", "upper left")
    panels[0].set_ylabel("Share of that flavour")
    name_above(figure, panels[0])
    return Drawing(
        name="calibration",
        title="Calibration",
        caption=(
            "Share of the jets that are of the flavour, in 15 bins of its predicted probability, with 68 % "
            "Clopper–Pearson intervals, where there are ten jets or more. The diagonal is perfect; in each "
            "panel stands the distance from it, averaged over the jets. The shares depend on the mix of "
            "flavours, that of the test jets."
        ),
        figure=figure,
    )
