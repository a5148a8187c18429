"""A drawn figure, its files, and what a page shows of it."""

import base64
import html
import io
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from PIL import Image

from ndive.files import written_aside
from ndive.report.numbers import write_numbers

PIXELS_PER_INCH = 160

BROAD = 8
"""Inches of width beyond which a figure takes the whole width of a page."""

KINDS = ("png", "pdf", "csv")


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One figure. `name` names its files, `caption` says what is seen."""

    name: str
    title: str
    caption: str
    figure: Figure


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawing as a page shows it; `width` in inches, `png` are the bytes of its image, of 256 colours."""

    name: str
    title: str
    caption: str
    width: float
    png: bytes


def figure_files(name: str, directory: Path) -> list[Path]:
    """The files in `directory` of the figure called `name`: PNG, PDF, and its numbers as CSV."""
    return [directory / f"{name}.{kind}" for kind in KINDS]


def save_drawing(drawing: Drawing, directory: Path, name: str | None = None) -> list[Path]:
    """Write the figure as PNG and PDF, and its numbers as CSV, into `directory`; return the paths.

    The files are called `name`, or as the drawing.

    **Raises:** `FileAccessError` where a file cannot be written.
    """
    paths = png, pdf, numbers = figure_files(drawing.name if name is None else name, directory)
    with written_aside(png) as aside:
        aside.write_bytes(png_of(drawing.figure))
    with written_aside(pdf) as aside:
        FigureCanvasPdf(drawing.figure).print_pdf(aside, metadata={"CreationDate": None})
    write_numbers(drawing.figure, numbers)
    return paths


def png_of(figure: Figure) -> bytes:
    """The figure as PNG. It is laid out for this, once for every format."""
    figure.set_dpi(PIXELS_PER_INCH)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    drawn = io.BytesIO()
    FigureCanvasAgg(figure).print_png(drawn)
    return drawn.getvalue()


def picture_of(drawing: Drawing, png: bytes) -> Picture:
    """The drawing for a page, from its PNG."""
    reduced = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(256).save(reduced, format="png")
    return Picture(
        name=drawing.name,
        title=drawing.title,
        caption=drawing.caption,
        width=float(drawing.figure.get_figwidth()),
        png=reduced.getvalue(),
    )


def as_html(picture: Picture) -> str:
    """The picture and its caption as an element of a page that needs no other file.

    A broad one knows its width, so that a page on a narrow screen can let it be moved sideways.
    """
    title = html.escape(picture.title)
    broad = f' class="broad" style="--inches: {picture.width:g}"' if picture.width > BROAD else ""
    address = "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
    return (
        f'<figure id="{html.escape(picture.name)}"{broad}>'
        f'<div class="wide"><img alt="{title}" src="{address}"></div>'
        f"<figcaption><strong>{title}.</strong> {html.escape(picture.caption)}</figcaption></figure>"
    )
