"""A drawn figure with what a page needs to show it, and its files."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from ndive.files import written_aside

PIXELS_PER_INCH = 160

KINDS = ("png", "pdf")


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One figure. `name` names its files, `caption` says what is seen."""

    name: str
    title: str
    caption: str
    figure: Figure


def figure_files(name: str, directory: Path) -> list[Path]:
    """The files in `directory` of the figure called `name`, PNG and PDF."""
    return [directory / f"{name}.{kind}" for kind in KINDS]


def save_drawing(drawing: Drawing, directory: Path) -> tuple[Path, Path]:
    """Write the figure as PNG and as PDF into `directory`; return both paths.

    **Raises:** `FileAccessError` where a file cannot be written.
    """
    drawing.figure.draw_without_rendering()
    drawing.figure.set_layout_engine("none")  # laid out once, for every format
    png, pdf = figure_files(drawing.name, directory)
    with written_aside(png) as aside:
        drawing.figure.savefig(aside, format="png", dpi=PIXELS_PER_INCH)
    with written_aside(pdf) as aside:
        drawing.figure.savefig(aside, format="pdf", metadata={"CreationDate": None})
    return png, pdf


def as_data_address(drawing: Drawing) -> str:
    """The figure as SVG within a `data:` address, for a page that needs no other file."""
    buffer = io.BytesIO()
    drawing.figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
