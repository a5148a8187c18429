"""The numbers that a figure shows, panel by panel and curve by curve, for a script to read."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, QuadMesh
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, StepPatch

from ndive.files import written_aside

COLUMNS = ("panel", "x axis", "y axis", "curve", "x", "x high", "y", "y low", "y high")
"""`x high` is the upper edge of a bin; `y low` and `y high` are the ends of an error bar, of a band, of a box
or of its whiskers, whose `y` is the median."""

Row = tuple[str | float, ...]
Ends = Mapping[float, tuple[float, float]]
"""x -> lower and upper end."""


def write_numbers(figure: Figure, path: Path) -> None:
    """Write what `figure` shows as CSV: curves, bands, error bars, boxes, bin contents, cells of a matrix.

    A band belongs to the curve of its panel whose label it has after an underscore. A legend with a title
    has a number of each curve.

    **Raises:** `FileAccessError` where it cannot be written.
    """
    with written_aside(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number, axes in enumerate(figure.axes):
            labels = _label(axes, "x"), _label(axes, "y")
            writer.writerows([number, *labels, *map(_text, row)] for row in _rows(axes))


def _label(axes: Axes, axis: Literal["x", "y"]) -> str:
    """The label of an axis, or the only one of the panels that share it."""
    panels = getattr(axes, f"get_shared_{axis}_axes")().get_siblings(axes)
    own, *others = (getattr(panel, f"get_{axis}label")() for panel in (axes, *panels))
    given = {*others} - {""}
    return own or (given.pop() if len(given) == 1 else "")


def _rows(axes: Axes) -> Iterator[Row]:
    barred = {
        id(container.lines[0]) for container in axes.containers if isinstance(container, ErrorbarContainer)
    }
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            yield from _of_errorbars(container)
    bands = {
        str(band.get_label()).removeprefix("_"): _ends(band)
        for band in axes.collections
        if isinstance(band, FillBetweenPolyCollection)
    }
    for line in axes.lines:
        label = str(line.get_label())
        if id(line) not in barred and not label.startswith("_"):
            yield from _of_line(line, bands.get(label, {}))
    yield from _of_legend(axes)
    yield from _of_boxes(axes)
    for patch in axes.patches:
        if isinstance(patch, StepPatch):
            values, edges, _ = patch.get_data()
            for low, high, value in zip(edges[:-1], edges[1:], values, strict=True):
                yield str(patch.get_label()), low, high, value, "", ""
    for image in axes.images:
        yield from _of_image(image)
    for mesh in axes.collections:
        if isinstance(mesh, QuadMesh) and axes.get_label() != "<colorbar>":
            yield from _of_mesh(mesh)


def _of_errorbars(container: ErrorbarContainer) -> Iterator[Row]:
    line, _, bars = container.lines
    segments = bars[-1].get_segments() if bars else []
    for number, (x, y) in enumerate(_points(line)):
        drawn = number < len(segments) and len(segments[number]) == 2  # no end where it would be at NaN
        low, high = segments[number][:, 1] if drawn else ("", "")
        yield str(container.get_label()), x, "", y, low, high


def _of_line(line: Line2D, band: Ends) -> Iterator[Row]:
    for x, y in _points(line):
        yield str(line.get_label()), x, "", y, *band.get(x, ("", ""))


def _of_legend(axes: Axes) -> Iterator[Row]:
    legend = axes.get_legend()
    title = legend.get_title().get_text() if legend is not None else ""
    if legend is not None and title:
        _, labels = axes.get_legend_handles_labels()
        for label, number in zip(labels, legend.get_texts(), strict=False):
            yield f"{label}, {title}", "", "", number.get_text(), "", ""


def _ends(band: FillBetweenPolyCollection) -> Ends:
    ends: dict[float, tuple[float, float]] = {}
    for path in band.get_paths():
        for x, y in np.asarray(path.vertices, float).tolist():
            low, high = ends.get(x, (y, y))
            ends[x] = min(low, y), max(high, y)
    return ends


def _of_boxes(axes: Axes) -> Iterator[Row]:
    """Quartiles and whiskers: each box is followed by two whiskers, their caps and the median.

    Of the boxes of one call the first alone has a label.
    """
    artists, label = axes.get_children(), ""
    for place, box in enumerate(artists):
        if type(box) is PathPatch:
            label = str(box.get_label()) or label
            below, above, _, _, median = cast(list[Line2D], artists[place + 1 : place + 6])
            (x, first), (_, low) = _points(below)
            (_, third), (_, high) = _points(above)
            middle = _points(median)[0][1]
            yield f"{label}, quartiles", x, "", middle, first, third
            yield f"{label}, whiskers", x, "", middle, low, high


def _points(line: Line2D) -> list[tuple[float, float]]:
    x, y = (np.asarray(values, float) for values in line.get_data())
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _of_image(image: AxesImage) -> Iterator[Row]:
    values = np.asarray(image.get_array())
    for (row, column), value in np.ndenumerate(values):
        yield f"row {row}", float(column), "", float(value), "", ""


def _of_mesh(mesh: QuadMesh) -> Iterator[Row]:
    corners = np.asarray(mesh.get_coordinates())
    values = np.ma.MaskedArray(mesh.get_array()).filled(0)
    for (row, column), value in np.ndenumerate(values):
        if value:
            low, high = corners[row, column], corners[row + 1, column + 1]
            yield f"{low[1]:g} to {high[1]:g}", float(low[0]), float(high[0]), float(value), "", ""


def _text(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.6g}" if np.isfinite(value) else ""
