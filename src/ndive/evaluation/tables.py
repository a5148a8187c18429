"""The summary as tables of text: the same for a terminal and for a page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ndive.evaluation.binning import Measurement
from ndive.evaluation.discriminant import B_TAG, C_TAG, Tag
from ndive.evaluation.ellipsoids import ALL, LEVELS, percent
from ndive.evaluation.inference import SELECTIONS
from ndive.evaluation.mean import Mean
from ndive.evaluation.resolution import AXES
from ndive.evaluation.summary import Rejection, Resolution, Summary
from ndive.schema import load_schema


@dataclass(frozen=True, kw_only=True)
class Table:
    """Column heads and rows of text; `note` says what the numbers are.

    The first `labels` columns say what a row is of.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    labels: int = 1


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
        c_rejection_table(summaries),
        calibration_table(summaries),
        grouping_table(summaries),
        finding_table(summaries),
        selection_table(summaries),
        resolution_table([none, *models, perfect]),
        coverage_table(summaries),
        error_table(summaries),
        chi2_table(summaries),
        clean_table(summaries),
    ]


def rejection_table(summaries: Sequence[Summary]) -> Table:
    """Rejection of each background at each b efficiency by all taggers."""
    return _rejections(
        "Rejection",
        B_TAG,
        [(one.name, one.tagging.rejections) for one in summaries if one.tagging is not None],
    )


def c_rejection_table(summaries: Sequence[Summary]) -> Table:
    """Rejection of b and light jets at each c efficiency by all taggers."""
    return _rejections(
        "Rejection by the c-tag",
        C_TAG,
        [(one.name, one.tagging.c_rejections) for one in summaries if one.tagging is not None],
    )


def calibration_table(summaries: Sequence[Summary]) -> Table:
    """Accuracy and calibration of the flavour probabilities."""
    return Table(
        title="Flavour",
        columns=("model", "accuracy", "calibration error"),
        rows=tuple(
            (
                one.name,
                measured(one.tagging.accuracy, one.tagging.accuracy_error),
                two_digits(one.tagging.calibration_error),
            )
            for one in summaries
            if one.tagging is not None
        ),
        note="Share of jets whose most probable flavour is true; mean distance of its probability from that "
        "share in 15 bins (ECE).",
    )


def grouping_table(summaries: Sequence[Summary]) -> Table:
    """How well the pairing head shares out the tracks among vertices."""
    columns = {
        "ARI": "adjusted_rand_index",
        "one-sided": "one_sided_rand_index",
        "RI": "rand_index",
        "F1": "pair_f1",
    }
    return _by_flavour(
        "Tracks shared out among vertices",
        columns,
        summaries,
        "Means over jets with two tracks or more: adjusted Rand index, the same against any partition "
        "(one-sided), Rand index, F1 of the pairs.",
    )


def finding_table(summaries: Sequence[Summary]) -> Table:
    """Which secondary vertices are found."""
    columns = {"efficiency": "vertex_efficiency", "purity": "vertex_purity", "fakes": "vertex_fakes"}
    return _by_flavour(
        "Secondary vertices",
        columns,
        summaries,
        "Matched as in puma: recall 0.65, purity 0.5. Fakes: share of the jets without a true one in which "
        "one is found.",
    )


def coverage_table(summaries: Sequence[Summary]) -> Table:
    """How often the ellipsoids of the fits hold the true vertex."""
    columns = {
        f"{level:.0%}, {which}": f"{which}_coverage_{percent(level)}"
        for which in ("sandwich", "scaled", "calibrated")
        for level in LEVELS
    }
    return _by_flavour(
        "Coverage",
        columns,
        summaries,
        "Share of the fits whose 68 and 95 % ellipsoid holds the true vertex: in jets with two tracks from "
        "there, with the sandwich covariance and with that scaled by chi2 over its degrees of freedom; in "
        "all jets, with the latter calibrated, each half of the jets by the factors of the other.",
    )


def error_table(summaries: Sequence[Summary]) -> Table:
    """The factors of the scaled errors for other jets."""
    rows = []
    for one in summaries:
        for predicted in dict.fromkeys(found.predicted for found in one.error_factors):
            of_kind = [found for found in one.error_factors if found.predicted == predicted]
            factors = (f"{found.factor:.3g}" if found.factor < math.inf else "–" for found in of_kind)
            rows.append((one.name, flavour_title(predicted), f"{of_kind[0].count:,}", *factors))
    return Table(
        title="Factors of the errors",
        columns=("model", "most probable flavour", "fits", *(f"{level:.0%} ellipsoid" for level in LEVELS)),
        rows=tuple(rows),
        note="With its scaled errors multiplied by these, the ellipsoid of another jet of the same most "
        "probable flavour holds the true vertex with the probability that it claims.",
        labels=2,
    )


def chi2_table(summaries: Sequence[Summary]) -> Table:
    """How well the tracks of the fits agree."""
    columns = {"mean": "chi2_probability", "below 5 %": "chi2_probability_below_5_percent"}
    return _by_flavour(
        "Chi2 probability",
        columns,
        summaries,
        "Probability of a larger chi2 in 2 Σ w - 3 degrees of freedom, with weights over the jet's largest. "
        "Of right tracks with weights of 0 and 1 it is 1/2 on average, and below 5 % in 5 % of the jets; "
        "weights between make it smaller.",
    )


def clean_table(summaries: Sequence[Summary]) -> Table:
    """The pulls of the fits whose weight lies on tracks from the true vertex alone."""
    columns = {"share of the fits": "clean_selection"}
    columns |= {f"pull σ, {axis}": f"clean_sandwich_pull_width_{axis}" for axis in AXES}
    return _by_flavour(
        "Pulls of clean selections",
        columns,
        summaries,
        "Fits in which tracks from elsewhere have less than 0.1 % of the weight, with the sandwich "
        "covariance.",
    )


def _by_flavour(title: str, columns: Mapping[str, str], summaries: Sequence[Summary], note: str) -> Table:
    """One row a model and flavour and one of all flavours, of the figures of merit over all jets."""
    rows = []
    for one in summaries:
        found = {(entry.metric, entry.flavour): entry for entry in one.measurements if not entry.variable}
        for flavour in (*one.n_jets, ALL):
            cells = [found.get((metric, flavour)) for metric in columns.values()]
            if any(cells):
                rows.append((one.name, flavour_title(flavour), *map(_cell, cells)))
    return Table(title=title, columns=("model", "jets", *columns), rows=tuple(rows), note=note, labels=2)


def _cell(entry: Measurement | None) -> str:
    return "–" if entry is None else measured(entry.value, (entry.down + entry.up) / 2)


def _rejections(title: str, tag: Tag, points: Sequence[tuple[str, Sequence[Rejection]]]) -> Table:
    heads = [
        f"{flavour_title(background)} at {efficiency:.0%}"
        for background in tag.backgrounds
        for efficiency in tag.points
    ]
    one = flavour_title(tag.signal).removesuffix(" jets")
    return Table(
        title=title,
        columns=("model", *heads),
        rows=tuple((name, *(measured(found.value, found.error) for found in row)) for name, row in points),
        note=f"Background jets for each one kept, at three {one} efficiencies; errors are one standard "
        f"deviation, from the number of background jets and of {one} jets.",
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
        labels=2,
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
        labels=2,
    )


def flavour_title(name: str) -> str:
    """The flavour as tables name it; `all` as it is."""
    return {flavour.name: flavour.title for flavour in load_schema().flavours}.get(name, name)


def _three(values: tuple[float, float, float]) -> str:
    return ", ".join(two_digits(value) for value in values)
