"""Which figures the evaluated models have."""

from collections.abc import Mapping, Sequence

from ndive.evaluation import Evaluation, HeldOut, by_configuration
from ndive.report.confusion import flavour_confusion_drawing, origin_confusion_drawing
from ndive.report.discriminant import discriminant_drawing
from ndive.report.figure import Drawing
from ndive.report.losses import loss_drawing
from ndive.report.page import Section
from ndive.report.residuals import pull_drawing, residual_drawing
from ndive.report.roc import roc_drawing
from ndive.report.selection import selection_drawing
from ndive.report.style import Line, model_lines

DECAYING = ("bjets", "cjets")


def draw_sections(evaluations: Sequence[Evaluation], held_out: HeldOut) -> list[Section]:
    """All figures, by what they are about; a section with none says why."""
    names = [one.summary.name for one in evaluations]
    lines = model_lines(list(by_configuration(evaluations))) | model_lines(names)
    return [
        _tagging(evaluations, held_out, lines),
        _vertex(evaluations, held_out),
        _selection(evaluations, held_out, lines),
        _training(evaluations, lines),
    ]


def _tagging(evaluations: Sequence[Evaluation], held_out: HeldOut, lines: Mapping[str, Line]) -> Section:
    jets = held_out.jets
    flavours = {
        one.summary.name: one.predictions.flavour
        for one in evaluations
        if one.predictions.flavour is not None
    }
    if not flavours:
        return Section(title="Tagging", drawings=(), missing=("None of the models tells the flavour.",))
    copies = {
        name: [one.predictions.flavour for one in group if one.predictions.flavour is not None]
        for name, group in by_configuration(evaluations).items()
    }
    taggers = {name: group for name, group in copies.items() if group}
    drawings = [
        roc_drawing(taggers, lines, jets, background, tag)
        for tag in held_out.tags
        for background in tag.backgrounds
    ]
    drawings += [discriminant_drawing(name, flavour, jets) for name, flavour in flavours.items()]
    drawings += [flavour_confusion_drawing(name, flavour, jets) for name, flavour in flavours.items()]
    drawings += [
        origin_confusion_drawing(one.summary.name, one.predictions.origin, jets)
        for one in evaluations
        if one.predictions.origin is not None
    ]
    return Section(title="Tagging", drawings=drawings)


def _vertex(evaluations: Sequence[Evaluation], held_out: HeldOut) -> Section:
    drawings: list[Drawing] = []
    missing = []
    for one in evaluations:
        name, vertices = one.summary.name, one.predictions.vertices
        if vertices is None:
            missing.append(f"{name} fits no vertex, so it has no residuals and no pulls.")
            continue
        drawings.append(residual_drawing(name, vertices, held_out.references, held_out.jets))
        drawings.append(pull_drawing(name, vertices, held_out.references, held_out.jets))
    return Section(title="Vertex", drawings=drawings, missing=missing)


def _selection(evaluations: Sequence[Evaluation], held_out: HeldOut, lines: Mapping[str, Line]) -> Section:
    fits = {
        one.summary.name: one.predictions.vertices
        for one in evaluations
        if one.predictions.vertices is not None
    }
    if not fits:
        return Section(title="Track selection", drawings=(), missing=("None of the models weighs tracks.",))
    drawings = [selection_drawing(fits, lines, held_out.jets, flavour) for flavour in DECAYING]
    return Section(title="Track selection", drawings=drawings)


def _training(evaluations: Sequence[Evaluation], lines: Mapping[str, Line]) -> Section:
    histories = {
        one.summary.name: one.trained.history for one in evaluations if len(one.trained.history["epoch"])
    }
    missing = [
        f"{one.summary.name} has no loss history beside it."
        for one in evaluations
        if one.summary.name not in histories
    ]
    drawings = [loss_drawing(histories, lines)] if histories else []
    return Section(title="Training", drawings=drawings, missing=missing)
