"""Figures by name, as the command and notebooks ask for them; a notebook shows them below the cell."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from ndive.errors import ArgumentError
from ndive.evaluation import Evaluation, HeldOut
from ndive.report.catalogue import FIGURES, FigureKind, drawn, lacking
from ndive.report.figure import Drawing, as_html, picture_of, png_of, save_drawing
from ndive.report.style import styled


class Drawings(tuple[Drawing, ...]):
    """Figures that were drawn together; the last value of a cell, they are shown with their captions."""

    __slots__ = ()

    def save(self, directory: str | Path) -> list[Path]:
        """Write each as PNG and PDF, and its numbers as CSV, into `directory`, which is there.

        **Raises:** `FileAccessError` where a file cannot be written.
        """
        with styled():
            return [path for drawing in self for path in save_drawing(drawing, Path(directory))]

    def _repr_html_(self) -> str:
        with styled():
            return "".join(as_html(picture_of(drawing, png_of(drawing.figure))) for drawing in self)


def figure_named(name: str) -> FigureKind:
    """The figure of the catalogue.

    **Raises:** `ArgumentError` for a name that none has, with those near it.
    """
    if name in FIGURES:
        return FIGURES[name]
    if name == "display":
        raise ArgumentError("no figure 'display'; 'ndive display JETS --jet I --model NAME' shows jets in 3D")
    near = ", ".join(difflib.get_close_matches(name, FIGURES, n=3, cutoff=0))
    raise ArgumentError(f"no figure '{name}'; nearest: {near}; 'ndive plot' lists all")


def draw(name: str, evaluations: Sequence[Evaluation], held_out: HeldOut) -> Drawings:
    """The drawings of one figure of the catalogue, by its name (`ndive plot` lists them).

    A figure that shows one model is drawn for each, one that shows all of them once.

    **Raises:** `ArgumentError` for a name that no figure has, or where no model has what it shows.
    """
    kind = figure_named(name)
    with styled():
        drawings = Drawings(drawn(kind, evaluations, held_out))
    if not drawings:
        raise ArgumentError(" ".join(lacking(kind, evaluations)))
    return drawings
