"""Every figure by its name: what it needs of a model, and what draws it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ndive.evaluation import Evaluation, HeldOut, by_configuration
from ndive.report.binned import binned_drawing
from ndive.report.binned_figures import BINNED_FIGURES, BinnedFigure
from ndive.report.calibration import calibration_drawing
from ndive.report.confusion import flavour_confusion_drawing, origin_confusion_drawing
from ndive.report.contamination import contamination_drawing
from ndive.report.discriminant import discriminant_drawing, probability_drawing
from ndive.report.figure import Drawing
from ndive.report.fractions import fraction_scan_drawing
from ndive.report.inputs import input_drawing
from ndive.report.losses import loss_drawing
from ndive.report.material import (
    Draw,
    Material,
    beside_references,
    of_fits,
    of_flavours,
    of_taggers,
    of_vertices,
)
from ndive.report.residuals import pull_drawing, residual_drawing
from ndive.report.roc import roc_drawing
from ndive.report.spatial import box_drawing, distance_drawing, plane_drawing
from ndive.report.style import model_lines
from ndive.report.weights import count_drawing, trade_drawing, weight_drawing

NEEDS: Mapping[str, tuple[Callable[[Evaluation], bool], str]] = {
    "flavour": (lambda one: one.predictions.flavour is not None, "does not tell the flavour"),
    "origin": (lambda one: one.predictions.origin is not None, "does not tell the origin of tracks"),
    "pairing": (lambda one: one.predictions.vertex_index is not None, "does not pair tracks"),
    "vertex": (
        lambda one: one.predictions.vertices is not None,
        "fits no vertex, so it has no residuals, no pulls and no weights",
    ),
    "nothing": (lambda _: True, ""),
    "history": (lambda one: len(one.trained.history["epoch"]) > 0, "has no loss history beside it"),
}
"""What a figure needs of a model, and what is said of a model without it."""


@dataclass(frozen=True, kw_only=True)
class FigureKind:
    """A figure: the section that it stands in, what it needs, what is seen, and how it is drawn.

    `published` says where arXiv:2310.12804 has it: "paper", "notebooks", or "" for a figure of our own.
    """

    section: str
    needs: str
    published: str
    text: str
    draw: Draw


def lacking(kind: FigureKind, evaluations: Sequence[Evaluation]) -> list[str]:
    """A sentence for each model that has nothing to show in this figure."""
    has, reason = NEEDS[kind.needs]
    return [
        f"{name} {reason}." for name, copies in by_configuration(evaluations).items() if not has(copies[0])
    ]


def drawn(kind: FigureKind, evaluations: Sequence[Evaluation], held_out: HeldOut) -> Sequence[Drawing]:
    """The drawings of one kind: one with all models, or one for each; none where no model has it."""
    has, _ = NEEDS[kind.needs]
    groups = by_configuration(evaluations)
    lines = model_lines(list(groups))
    chosen = {name: copies for name, copies in groups.items() if has(copies[0])}
    if not chosen:
        return ()
    return kind.draw(Material(groups=chosen, lines=lines, held_out=held_out))


def _rocs(material: Material, place: int) -> list[Drawing]:
    tag = material.held_out.tags[place]
    taggers = {
        name: [one.predictions.flavour for one in copies if one.predictions.flavour is not None]
        for name, copies in material.groups.items()
    }
    jets = material.held_out.jets
    return [roc_drawing(taggers, material.lines, jets, against, tag) for against in tag.backgrounds]


def _discriminants(material: Material) -> list[Drawing]:
    b_tag, _ = material.held_out.tags
    jets = material.held_out.jets
    return [discriminant_drawing(name, flavour, jets, b_tag) for name, flavour in material.flavours.items()]


def _origins(material: Material) -> list[Drawing]:
    return [
        origin_confusion_drawing(name, one.predictions.origin, material.held_out.jets)
        for name, one in material.firsts.items()
        if one.predictions.origin is not None
    ]


def _losses(material: Material) -> list[Drawing]:
    return [
        loss_drawing({name: one.trained.history for name, one in material.firsts.items()}, material.lines)
    ]


def _binned(name: str, kind: BinnedFigure) -> FigureKind:
    def drawings(material: Material) -> list[Drawing]:
        found = {model: one.summary.measurements for model, one in material.firsts.items()}
        return [binned_drawing(name, found, material.lines)]

    return FigureKind(
        section=kind.section, needs=kind.needs, published=kind.published, text=kind.title, draw=drawings
    )


FIGURES: Mapping[str, FigureKind] = {
    "roc": FigureKind(
        section="Tagging",
        needs="flavour",
        published="paper",
        text="rejection of light and c jets against b efficiency, with ratio",
        draw=lambda material: _rocs(material, 0),
    ),
    "roc_c": FigureKind(
        section="Tagging",
        needs="flavour",
        published="",
        text="rejection of light and b jets against c efficiency, with ratio",
        draw=lambda material: _rocs(material, 1),
    ),
    "discriminant": FigureKind(
        section="Tagging",
        needs="flavour",
        published="paper",
        text="D_b of b, c and light jets",
        draw=_discriminants,
    ),
    "probabilities": FigureKind(
        section="Tagging",
        needs="flavour",
        published="notebooks",
        text="probabilities of b, c and light",
        draw=of_flavours(probability_drawing),
    ),
    "fraction_scan": FigureKind(
        section="Tagging",
        needs="flavour",
        published="notebooks",
        text="rejections against f_c at 60 and 85 % b efficiency",
        draw=of_taggers(fraction_scan_drawing),
    ),
    "calibration": FigureKind(
        section="Tagging",
        needs="flavour",
        published="",
        text="reliability of the flavour probabilities",
        draw=of_taggers(calibration_drawing),
    ),
    "flavour_confusion": FigureKind(
        section="Tagging",
        needs="flavour",
        published="paper",
        text="true against predicted flavour",
        draw=of_flavours(flavour_confusion_drawing),
    ),
    "origin_confusion": FigureKind(
        section="Tagging",
        needs="origin",
        published="",
        text="true against predicted origin of tracks",
        draw=_origins,
    ),
    "residuals": FigureKind(
        section="Vertex",
        needs="vertex",
        published="paper",
        text="predicted minus true x, y, z, by what selects the tracks",
        draw=of_fits(residual_drawing),
    ),
    "pulls": FigureKind(
        section="Vertex",
        needs="vertex",
        published="paper",
        text="residual over its error, by what selects the tracks",
        draw=of_fits(pull_drawing),
    ),
    "distances": FigureKind(
        section="Vertex",
        needs="vertex",
        published="",
        text="distance in 3D, across the beam and along the flight",
        draw=of_fits(distance_drawing),
    ),
    "pull_boxes": FigureKind(
        section="Vertex",
        needs="vertex",
        published="paper",
        text="spread of the pulls of b jets against multiplicity, pT and decay length",
        draw=beside_references(box_drawing),
    ),
    "contamination": FigureKind(
        section="Vertex",
        needs="vertex",
        published="",
        text="pulls and coverage against the weight on tracks from elsewhere",
        draw=lambda material: [
            contamination_drawing(material.vertices, material.lines, material.held_out.jets)
        ],
    ),
    "plane": FigureKind(
        section="Vertex",
        needs="vertex",
        published="paper",
        text="predicted against true x and z",
        draw=of_vertices(plane_drawing),
    ),
    "weights": FigureKind(
        section="Track selection",
        needs="vertex",
        published="notebooks",
        text="weights of decay tracks, others and the ghost",
        draw=of_vertices(weight_drawing),
    ),
    "selection_counts": FigureKind(
        section="Track selection",
        needs="vertex",
        published="notebooks",
        text="tracks selected, from the decay, and both",
        draw=of_vertices(count_drawing),
    ),
    "efficiency_purity": FigureKind(
        section="Track selection",
        needs="vertex",
        published="notebooks",
        text="efficiency against purity of the selection, jet by jet",
        draw=of_vertices(trade_drawing),
    ),
    **{name: _binned(name, kind) for name, kind in BINNED_FIGURES.items()},
    "inputs": FigureKind(
        section="Training",
        needs="nothing",
        published="paper",
        text="the 18 inputs of the networks",
        draw=lambda material: [input_drawing(material.held_out)],
    ),
    "losses": FigureKind(
        section="Training",
        needs="history",
        published="paper",
        text="losses by epoch, total and components",
        draw=_losses,
    ),
}
"""Name -> figure; a report has the sections, and the figures in each, in this order."""
