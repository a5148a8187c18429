"""How figures look: mplhep's ATLAS style, colours that the colour-blind tell apart, line styles for grey."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

_ADJUSTED: Any = {
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.size": 12,
    "legend.borderpad": 0.4,
    "legend.fontsize": "small",
    "lines.linewidth": 1.6,
    "xtick.labelsize": "medium",
    "ytick.labelsize": "medium",
    "axes.labelsize": "large",
    "axes.labelpad": 5,
    "ytick.major.size": 8,
    "ytick.minor.size": 4,
    "axes.autolimit_mode": "data",
    "axes.unicode_minus": True,
    "pdf.fonttype": 42,
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """Colour, line style and marker of one curve; any one of the three tells it from the others."""

    colour: str
    style: str | tuple[int, tuple[int, ...]]
    marker: str
    width: float | None = None

    def drawn(self) -> dict[str, Any]:
        """As keywords of matplotlib, without the marker."""
        width = {} if self.width is None else {"linewidth": self.width}
        return {"color": self.colour, "linestyle": self.style, **width}

    def pointed(self) -> dict[str, Any]:
        """As keywords of matplotlib, of points joined by a thin line."""
        return {**self.drawn(), "marker": self.marker, "markersize": 4, "linewidth": 1}


FLAVOUR_LINES = {
    "bjets": Line(colour="#0b4f8a", style="-", marker="o"),
    "cjets": Line(colour="#d55e00", style="--", marker="s"),
    "ujets": Line(colour="#4f9d69", style="-.", marker="^"),
}

MODEL_LINES = (
    Line(colour="#2b2b2b", style="--", marker="s"),
    Line(colour="#0072b2", style="-", marker="o"),
    Line(colour="#d55e00", style="-.", marker="^"),
    Line(colour="#009e73", style=":", marker="D"),
    Line(colour="#cc79a7", style=(0, (5, 1, 1, 1, 1, 1)), marker="v"),
)

SELECTION_LINES = {
    "none": Line(colour="#b3b3b3", style=(0, (1, 2)), marker="P", width=1.8),
    "model": Line(colour="#0072b2", style="-", marker="o"),
    "perfect": Line(colour="#882255", style=(0, (7, 2)), marker="X"),
}


STEPS = {
    3.0: (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    12.0: (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    1e3: (1.0, 2.0, 5.0),
    np.inf: (1.0,),
}
"""Numbers that stand at a logarithmic axis whose ends have less than this ratio."""

FEWEST = 10
"""Entries of a bin below which it is not drawn."""


def model_lines(names: Sequence[str]) -> dict[str, Line]:
    """A line for each model in the order of the report.

    From the sixth on colours come again with other line styles and markers; all repeat after 25.
    """
    return {name: _line(number) for number, name in enumerate(names)}


def _line(number: int) -> Line:
    own = MODEL_LINES[number % len(MODEL_LINES)]
    other = MODEL_LINES[(number + number // len(MODEL_LINES)) % len(MODEL_LINES)]
    return Line(colour=own.colour, style=other.style, marker=other.marker)


@contextmanager
def styled() -> Iterator[None]:
    """Everything drawn and saved within the block has the style of the package."""
    with mpl.rc_context({**mplhep.style.ATLAS, **_ADJUSTED}):
        yield


def new_figure(width: float, height: float) -> Figure:
    """A figure of `width` by `height` inches that no global state knows."""
    return Figure(figsize=(width, height))


def plain_log_scale(axes: Axes) -> None:
    """A logarithmic y axis with plain numbers: 0.5, 1, 2, 5 and so on, the more of them the shorter it is.

    One of more than three decades has powers of ten, as many as there is room for.
    Its limits must be those that it keeps.
    """
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    steps = next(steps for ratio, steps in STEPS.items() if high < ratio * low)
    axes.yaxis.set_major_locator(LogLocator(subs=steps))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def without_minor_ticks(figure: Figure) -> None:
    """Take the minor ticks off small panels: nobody reads them there, and they cost half of the drawing."""
    for axes in figure.axes:
        axes.minorticks_off()


def name_above(figure: Figure, axes: Axes) -> None:
    """Name the curves of `axes`, which all panels share, above the first ones: a phone begins with these."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=3)


def number_curves(
    axes: Axes, numbers: Sequence[str], title: str, corner: Literal["upper left", "upper right"]
) -> None:
    """Write a number of each curve into a corner of its panel; `title` says what they are."""
    handles, _ = axes.get_legend_handles_labels()
    axes.legend(handles[: len(numbers)], numbers, loc=corner, title=title, title_fontsize="small")


def stamp(axes: Axes, text: str) -> None:
    """Say inside the upper left corner what made the figure and what is shown."""
    axes.text(0.04, 0.95, "ndive", transform=axes.transAxes, va="top", weight="bold", style="italic")
    axes.text(0.04, 0.87, text, transform=axes.transAxes, va="top", size="small")
