"""A drawn figure with what a page needs to show it, and its files."""

import base64
import html
import io
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from ndive.files import written_aside
from ndive.report.numbers import write_numbers

PIXELS_PER_INCH = 160

LARGEST_SVG = 150_000
"""Bytes beyond which a page gets a figure as PNG."""

KINDS = ("png", "pdf", "csv")


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One figure. `name` names its files, `caption` says what is seen."""

    name: str
    title: str
    caption: str
    figure: Figure


def figure_files(name: str, directory: Path) -> list[Path]:
    """The files in `directory` of the figure called `name`: PNG, PDF, and its numbers as CSV."""
    return [directory / f"{name}.{kind}" for kind in KINDS]


def save_drawing(drawing: Drawing, directory: Path, name: str | None = None) -> list[Path]:
    """Write the figure as PNG and PDF, and its numbers as CSV, into `directory`; return the paths.

    The files are called `name`, or as the drawing.

    **Raises:** `FileAccessError` where a file cannot be written.
    """
    for _ in range(2):  # the first time the ticks are not known yet, for which there must be room
        drawing.figure.draw_without_rendering()
    drawing.figure.set_layout_engine("none")  # laid out once, for every format
    paths = png, pdf, numbers = figure_files(drawing.name if name is None else name, directory)
    with written_aside(png) as aside:
        drawing.figure.savefig(aside, format="png", dpi=PIXELS_PER_INCH)
    with written_aside(pdf) as aside:
        drawing.figure.savefig(aside, format="pdf", metadata={"CreationDate": None})
    write_numbers(drawing.figure, numbers)
    return paths


def as_html(drawing: Drawing) -> str:
    """The figure and its caption as an element of a page."""
    title = html.escape(drawing.title)
    wide = ' class="broad"' if drawing.figure.get_figwidth() > 8 else ""
    return (
        f'<figure id="{html.escape(drawing.name)}"{wide}>'
        f'<img alt="{title}" src="{as_data_address(drawing)}">'
        f"<figcaption><strong>{title}.</strong> {html.escape(drawing.caption)}</figcaption></figure>"
    )


def as_data_address(drawing: Drawing) -> str:
    """The figure within a `data:` address, for a page that needs no other file: SVG where that is small.

    A figure of very many lines comes as PNG of 256 colours.
    """
    buffer = io.BytesIO()
    drawing.figure.savefig(buffer, format="svg", metadata={"Date": None})
    kind = "svg+xml"
    if buffer.tell() > LARGEST_SVG:
        buffer, kind = _few_colours(drawing.figure), "png"
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _few_colours(figure: Figure) -> io.BytesIO:
    drawn, reduced = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=PIXELS_PER_INCH)
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(256).save(reduced, format="png", optimize=True)
    return reduced
