"""The summary as tables of text: the same for a terminal and for a page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ndive.evaluation.inference import SELECTIONS
from ndive.evaluation.selection import Mean
from ndive.evaluation.summary import WORKING_POINTS, Rejection, Resolution, Summary, backgrounds
from ndive.schema import load_schema


@dataclass(frozen=True, kw_only=True)
class Table:
    """Column heads and rows of text; `note` says what the numbers are."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


def measured(value: float, error: float) -> str:
    """`value ± error`, rounded to two digits of the error; a dash where there is none."""
    if math.isinf(value):
        return "no jet left"
    if math.isnan(value):
        return "–"
    if not 0 < error < math.inf:
        return f"{value:.3g}"
    decimals = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"


def two_digits(value: float) -> str:
    """`value` rounded to two significant digits, without an exponent from 0.001 on; a dash if not finite."""
    if not math.isfinite(value):
        return "–"
    decimals = 1 - math.floor(math.log10(abs(value))) if value else 1
    return f"{value:.{max(0, decimals)}f}" if decimals < 5 else f"{value:.1e}"


def summary_tables(
    summaries: Sequence[Summary], references: Mapping[str, Sequence[Resolution]]
) -> list[Table]:
    """Rejection, track selection and vertex resolution of all models.

    `references` are the resolutions of the fits without a network, by selection; the vertices of the models
    stand between that of all tracks and that of the true ones.
    """
    models = [(summary.name, summary.resolution) for summary in summaries]
    none, perfect = ((SELECTIONS[name], references[name]) for name in ("none", "perfect"))
    return [
        rejection_table(summaries),
        selection_table(summaries),
        resolution_table([none, *models, perfect]),
    ]


def rejection_table(summaries: Sequence[Summary]) -> Table:
    """Rejection of each background at each b efficiency by all taggers."""
    heads = [
        f"{flavour_title(background)} at {efficiency:.0%}"
        for background in backgrounds()
        for efficiency in WORKING_POINTS
    ]
    return Table(
        title="Rejection",
        columns=("model", *heads),
        rows=tuple(
            (summary.name, *(measured(point.value, point.error) for point in summary.tagging.rejections))
            for summary in summaries
            if summary.tagging is not None
        ),
        note="Background jets for each one kept, at 60, 70 and 80 % b efficiency; errors are one standard "
        "deviation, from the number of background jets and of b jets.",
    )


def ratio_table(first: str, ratios: Sequence[tuple[str, tuple[Rejection, ...]]]) -> Table:
    """Rejections of models over those of the `first`."""
    columns = rejection_table([]).columns
    return Table(
        title=f"Rejection over that of {first}",
        columns=columns,
        rows=tuple(
            (name, *(measured(point.value, point.error) for point in points)) for name, points in ratios
        ),
        note="On the same jets: what they share does not enter the error.",
    )


def selection_table(summaries: Sequence[Summary]) -> Table:
    """Efficiency and purity of the track selection."""

    def text(mean: Mean) -> str:
        return measured(mean.value, mean.error)

    return Table(
        title="Track selection",
        columns=("model", "jets", "efficiency", "purity"),
        rows=tuple(
            (summary.name, flavour_title(chosen.flavour), text(chosen.efficiency), text(chosen.purity))
            for summary in summaries
            for chosen in summary.selection
        ),
        note="Means over jets with tracks from the hadron's decay (purity: that have a selected track, too). "
        "Selected: weight above half of the jet's largest.",
    )


def resolution_table(resolutions: Sequence[tuple[str, Sequence[Resolution]]]) -> Table:
    """Vertex resolution by model (or selection) and flavour."""
    return Table(
        title="Vertex",
        columns=(
            "tracks weighed by",
            "jets",
            "valid fits",
            "mean distance [mm]",
            "median [mm]",
            "σ x, y, z [mm]",
            "pull σ x, y, z",
            "sandwich pull σ",
        ),
        rows=tuple(
            (
                name,
                flavour_title(found.flavour),
                f"{found.valid_fraction:.1%} of {found.n_jets:,}",
                measured(found.mean_distance, found.mean_distance_error),
                two_digits(found.median_distance),
                _three(found.half_width),
                _three(found.pull_width),
                _three(found.sandwich_pull_width),
            )
            for name, flavours in resolutions
            for found in flavours
        ),
        note="Fitted against true decay vertex of the hadron, in jets with at least two tracks from "
        "there and a valid fit (light jets: the primary vertex). σ is half of the central 68 % "
        "interval.",
    )


def flavour_title(name: str) -> str:
    """The flavour as tables name it."""
    return next(flavour.title for flavour in load_schema().flavours if flavour.name == name)


def _three(values: tuple[float, float, float]) -> str:
    return ", ".join(two_digits(value) for value in values)
