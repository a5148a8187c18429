"""Every figure by its name: what it needs of a model, and what draws it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ndive.evaluation import Evaluation, FittedVertices, HeldOut, Probabilities, by_configuration
from ndive.report.binned import BINNED_FIGURES, binned_drawing
from ndive.report.calibration import calibration_drawing
from ndive.report.confusion import flavour_confusion_drawing, origin_confusion_drawing
from ndive.report.discriminant import discriminant_drawing, probability_drawing
from ndive.report.figure import Drawing
from ndive.report.fractions import fraction_scan_drawing
from ndive.report.inputs import input_drawing
from ndive.report.losses import loss_drawing
from ndive.report.residuals import pull_drawing, residual_drawing
from ndive.report.roc import roc_drawing
from ndive.report.selection import selection_drawing
from ndive.report.spatial import box_drawing, distance_drawing, plane_drawing
from ndive.report.style import Line, model_lines
from ndive.report.weights import count_drawing, trade_drawing, weight_drawing

DECAYING = ("bjets", "cjets")

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
class Material:
    """The models that a figure shows, copies apart, with their lines; and the jets they are judged on."""

    groups: Mapping[str, Sequence[Evaluation]]
    lines: Mapping[str, Line]
    held_out: HeldOut

    @property
    def firsts(self) -> dict[str, Evaluation]:
        """One model of each name: of copies the first."""
        return {name: copies[0] for name, copies in self.groups.items()}

    @property
    def flavours(self) -> dict[str, Probabilities]:
        """Flavour probabilities of those that give them."""
        return {
            name: one.predictions.flavour
            for name, one in self.firsts.items()
            if one.predictions.flavour is not None
        }

    @property
    def vertices(self) -> dict[str, FittedVertices]:
        """Vertices of those that fit one."""
        return {
            name: one.predictions.vertices
            for name, one in self.firsts.items()
            if one.predictions.vertices is not None
        }


@dataclass(frozen=True, kw_only=True)
class FigureKind:
    """A figure: the section that it stands in, what it needs, what is seen, and how it is drawn."""

    section: str
    needs: str
    text: str
    draw: Callable[[Material], Sequence[Drawing]]


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


def _origins(material: Material) -> list[Drawing]:
    return [
        origin_confusion_drawing(name, one.predictions.origin, material.held_out.jets)
        for name, one in material.firsts.items()
        if one.predictions.origin is not None
    ]


def _of_flavours(draw: Callable[..., Drawing]) -> Callable[[Material], list[Drawing]]:
    """One drawing a tagger."""

    def drawings(material: Material) -> list[Drawing]:
        jets = material.held_out.jets
        return [draw(name, flavour, jets) for name, flavour in material.flavours.items()]

    return drawings


def _of_vertices(draw: Callable[..., Drawing]) -> Callable[[Material], list[Drawing]]:
    """One drawing a model with a fit, with the fits that need no network."""

    def drawings(material: Material) -> list[Drawing]:
        held_out = material.held_out
        return [
            draw(name, fit, held_out.references, held_out.jets) for name, fit in material.vertices.items()
        ]

    return drawings


def _losses(material: Material) -> list[Drawing]:
    return [
        loss_drawing({name: one.trained.history for name, one in material.firsts.items()}, material.lines)
    ]


def _selections(material: Material) -> list[Drawing]:
    jets = material.held_out.jets
    return [selection_drawing(material.vertices, material.lines, jets, flavour) for flavour in DECAYING]


def _binned(name: str) -> Callable[[Material], list[Drawing]]:
    def drawings(material: Material) -> list[Drawing]:
        found = {model: one.summary.measurements for model, one in material.firsts.items()}
        return [binned_drawing(name, found, material.lines)]

    return drawings


FIGURES: Mapping[str, FigureKind] = {
    "roc": FigureKind(
        section="Tagging",
        needs="flavour",
        text="rejection of light and c jets against b efficiency, with ratio",
        draw=lambda material: _rocs(material, 0),
    ),
    "roc_c": FigureKind(
        section="Tagging",
        needs="flavour",
        text="rejection of light and b jets against c efficiency, with ratio",
        draw=lambda material: _rocs(material, 1),
    ),
    "discriminant": FigureKind(
        section="Tagging",
        needs="flavour",
        text="D_b of b, c and light jets",
        draw=_of_flavours(discriminant_drawing),
    ),
    "probabilities": FigureKind(
        section="Tagging",
        needs="flavour",
        text="probabilities of b, c and light",
        draw=_of_flavours(probability_drawing),
    ),
    "fraction_scan": FigureKind(
        section="Tagging",
        needs="flavour",
        text="rejections against f_c at 60 and 85 % b efficiency",
        draw=lambda material: [
            fraction_scan_drawing(material.flavours, material.lines, material.held_out.jets)
        ],
    ),
    "calibration": FigureKind(
        section="Tagging",
        needs="flavour",
        text="reliability of the flavour probabilities",
        draw=lambda material: [
            calibration_drawing(material.flavours, material.lines, material.held_out.jets)
        ],
    ),
    "flavour_confusion": FigureKind(
        section="Tagging",
        needs="flavour",
        text="true against predicted flavour",
        draw=_of_flavours(flavour_confusion_drawing),
    ),
    "origin_confusion": FigureKind(
        section="Tagging", needs="origin", text="true against predicted origin of tracks", draw=_origins
    ),
    "residuals": FigureKind(
        section="Vertex",
        needs="vertex",
        text="predicted minus true x, y, z",
        draw=_of_vertices(residual_drawing),
    ),
    "pulls": FigureKind(
        section="Vertex", needs="vertex", text="residual over its error", draw=_of_vertices(pull_drawing)
    ),
    "distances": FigureKind(
        section="Vertex",
        needs="vertex",
        text="distance in 3D, across the beam and along the flight",
        draw=_of_vertices(distance_drawing),
    ),
    "pull_boxes": FigureKind(
        section="Vertex",
        needs="vertex",
        text="spread of the pulls against multiplicity, pT and decay length",
        draw=_of_vertices(box_drawing),
    ),
    "plane": FigureKind(
        section="Vertex",
        needs="vertex",
        text="predicted against true x and z",
        draw=_of_vertices(plane_drawing),
    ),
    "selection": FigureKind(
        section="Track selection",
        needs="vertex",
        text="efficiency and purity against multiplicity, pT and decay length",
        draw=_selections,
    ),
    "weights": FigureKind(
        section="Track selection",
        needs="vertex",
        text="weights of decay tracks, others and the ghost",
        draw=_of_vertices(weight_drawing),
    ),
    "selection_counts": FigureKind(
        section="Track selection",
        needs="vertex",
        text="tracks selected, from the decay, and both",
        draw=_of_vertices(count_drawing),
    ),
    "efficiency_purity": FigureKind(
        section="Track selection",
        needs="vertex",
        text="efficiency against purity of the selection, jet by jet",
        draw=_of_vertices(trade_drawing),
    ),
    **{
        name: FigureKind(section=found.section, needs=found.needs, text=found.title, draw=_binned(name))
        for name, found in BINNED_FIGURES.items()
    },
    "inputs": FigureKind(
        section="Training",
        needs="nothing",
        text="the 18 inputs of the networks",
        draw=lambda material: [input_drawing(material.held_out)],
    ),
    "losses": FigureKind(
        section="Training", needs="history", text="losses by epoch, total and components", draw=_losses
    ),
}
"""Name -> figure, in the order of the report."""
