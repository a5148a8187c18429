"""Which figures of merit are drawn in bins of pT, |eta|, tracks and decay length."""

from collections.abc import Mapping
from dataclasses import dataclass

from ndive.evaluation import AXES


@dataclass(frozen=True, kw_only=True)
class BinnedFigure:
    """The metrics that it shows, a row of panels each, with the label of its axis; `levels` are lines,
    `scale` that of the axis.

    `section`, `needs` and `published` are those of the catalogue.
    """

    section: str
    needs: str
    published: str
    title: str
    metrics: Mapping[str, str]
    caption: str
    levels: tuple[float, ...] = ()
    scale: str = "linear"


BINNED_FIGURES: Mapping[str, BinnedFigure] = {
    "b_tag_binned": BinnedFigure(
        section="Tagging",
        needs="flavour",
        published="",
        title="b-tag in bins",
        metrics={"b_tag_efficiency": "Share above the cut"},
        caption="Share of the jets of each flavour above the cut on D_b that keeps 70 % of all b jets.",
    ),
    "c_tag_binned": BinnedFigure(
        section="Tagging",
        needs="flavour",
        published="",
        title="c-tag in bins",
        metrics={"c_tag_efficiency": "Share above the cut"},
        caption="Share of the jets of each flavour above the cut on D_c that keeps 70 % of all c jets.",
    ),
    "predicted_classes": BinnedFigure(
        section="Tagging",
        needs="flavour",
        published="notebooks",
        title="Predicted flavour in bins",
        metrics={
            "predicted_bjets": "Predicted b",
            "predicted_cjets": "Predicted c",
            "predicted_ujets": "Predicted light",
        },
        caption="Share of the jets of each true flavour whose most probable flavour is the one of the row.",
    ),
    "grouping": BinnedFigure(
        section="Tracks in vertices",
        needs="pairing",
        published="",
        title="Partition of the tracks in bins",
        metrics={
            "adjusted_rand_index": "Adjusted Rand index",
            "one_sided_rand_index": "the same, one-sided",
            "rand_index": "Rand index",
            "pair_f1": "F1 of pairs",
        },
        caption="Means over jets with two tracks or more, of the vertices that the pairing head makes.",
    ),
    "vertex_finding": BinnedFigure(
        section="Tracks in vertices",
        needs="pairing",
        published="",
        title="Secondary vertices in bins",
        metrics={
            "vertex_efficiency": "Efficiency",
            "vertex_purity": "Purity",
            "vertex_fakes": "Jets with a fake",
        },
        caption="Secondary vertices matched over true ones and over found ones, by the rules of puma (recall "
        "0.65, purity 0.5); below, the share of the jets without a true secondary vertex in which one is "
        "found.",
    ),
    "vertex_error": BinnedFigure(
        section="Vertex",
        needs="vertex",
        published="notebooks",
        title="Mean vertex error in bins",
        metrics={
            "distance_mm": "Distance [mm]",
            "distance_over_decay_length": "Distance / decay length",
            "distance_along_flight_mm": "Along the flight [mm]",
            "transverse_distance_mm": "Across the beam [mm]",
        },
        caption="Mean distance of the fitted from the true vertex, in jets with two tracks from there and a "
        "valid fit; in the second row divided by the decay length, or by 1 mm where that is shorter.",
    ),
    "pull_widths": BinnedFigure(
        section="Vertex",
        needs="vertex",
        published="",
        title="Width of the pulls in bins",
        metrics={f"pull_width_{axis}": f"Pull σ, {axis}" for axis in AXES}
        | {f"sandwich_pull_width_{axis}": f"Sandwich, {axis}" for axis in AXES},
        caption="Half of the central 68 % interval of residual over its error, with the covariance of the "
        "weighted fit and with its sandwich covariance: 1, the horizontal line, where errors are right.",
        levels=(1.0,) * 2 * len(AXES),
        scale="log",
    ),
    "coverage": BinnedFigure(
        section="Vertex",
        needs="vertex",
        published="",
        title="Coverage in bins",
        metrics={
            "coverage_68": "68 %, fit",
            "coverage_95": "95 %, fit",
            "sandwich_coverage_68": "68 %, sandwich",
            "sandwich_coverage_95": "95 %, sandwich",
            "calibrated_coverage_68": "68 %, calibrated",
            "calibrated_coverage_95": "95 %, calibrated",
        },
        caption="Share of the fits whose ellipsoid holds the true vertex: in jets with two tracks from "
        "there, with the covariance of the weighted fit and with its sandwich covariance; in all jets, with "
        "the latter scaled by chi2 over its degrees of freedom and calibrated, each half of the jets by the "
        "other. The horizontal line is the content that the ellipsoid claims.",
        levels=(0.68, 0.95) * 3,
    ),
    "selection": BinnedFigure(
        section="Track selection",
        needs="vertex",
        published="paper",
        title="Track selection in bins",
        metrics={"selection_efficiency": "Selection efficiency", "selection_purity": "Selection purity"},
        caption="Selected tracks from the hadron's decay over all such tracks (efficiency), and over all "
        "selected tracks of jets that have one (purity), pooled in each bin. A track is selected where its "
        "weight exceeds half of the jet's largest.",
    ),
}
"""Name -> figure; the metrics are those of `metrics.csv`."""
