"""What figures are drawn from: the evaluated models by name, and the jets they are judged on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ndive.evaluation import Evaluation, FittedVertices, HeldOut, Probabilities
from ndive.report.figure import Drawing
from ndive.report.style import Line


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


Draw = Callable[[Material], Sequence[Drawing]]


def of_flavours(draw: Callable[..., Drawing]) -> Draw:
    """One drawing a tagger: `draw(name, probabilities, jets)`."""
    return lambda material: [
        draw(name, flavour, material.held_out.jets) for name, flavour in material.flavours.items()
    ]


def of_taggers(draw: Callable[..., Drawing]) -> Draw:
    """One drawing of all taggers: `draw(probabilities by name, lines, jets)`."""
    return lambda material: [draw(material.flavours, material.lines, material.held_out.jets)]


def of_vertices(draw: Callable[..., Drawing]) -> Draw:
    """One drawing a model with a fit: `draw(name, vertices, jets)`."""
    return lambda material: [
        draw(name, fit, material.held_out.jets) for name, fit in material.vertices.items()
    ]


def of_fits(draw: Callable[..., Drawing]) -> Draw:
    """One drawing of all models with a fit: `draw(vertices by name, lines, references, jets)`."""
    return lambda material: [
        draw(material.vertices, material.lines, material.held_out.references, material.held_out.jets)
    ]


def beside_references(draw: Callable[..., Drawing]) -> Draw:
    """One drawing a model with a fit, beside those without: `draw(name, vertices, references, jets)`."""
    return lambda material: [
        draw(name, fit, material.held_out.references, material.held_out.jets)
        for name, fit in material.vertices.items()
    ]
