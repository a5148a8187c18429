"""The report as one page that needs no other file and no network."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from ndive.evaluation import Table
from ndive.files import reported
from ndive.report.figure import Picture, as_html
from ndive.report.provenance import fingerprint

_DISPLAY_CAPTION = (
    "Jets taken at random, in a frame whose first axis lies along the jet, with one scale for all axes. "
    "Tracks are coloured by their true origin and fade with the weight in the first fit, over the largest. "
    "Ellipsoids are one standard deviation of each fitted vertex, by its sandwich covariance. Choose a jet "
    "in the menu, turn with the mouse or a finger, click in the legend to hide."
)

HEAD = 2000
"""The characters of a page within which its fingerprint stands."""

_STEP_BACK = """
if (window.innerWidth < 640) Plotly.relayout("{plot_id}", {"scene.camera.eye": {x: 0.15, y: -3, z: 1.1}});
"""
"""On a narrow screen the whole scene is seen from farther away."""

_PLOTLY_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,
    "plotlyServerURL": "",
}


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, what is said below it, its figures as pictures, and what is missing and why."""

    title: str
    pictures: Sequence[Picture]
    missing: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that the report shows, in its order; `provenance` is a list of names and values."""

    title: str
    verdict: Sequence[str]
    tables: Sequence[Table]
    sections: Sequence[Section]
    display: go.Figure | None
    provenance: Sequence[tuple[str, str]]


def render(page: Page) -> str:
    """The page as HTML, with its pictures inside."""
    room = resources.files("ndive.report")
    anchors = [_anchor(section.title) for section in page.sections]
    return Template(room.joinpath("page.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(page.title),
        fingerprint=fingerprint(page.provenance),
        style=room.joinpath("page.css").read_text(encoding="utf-8"),
        navigation=_navigation(page),
        verdict="".join(f"<p>{html.escape(sentence)}</p>" for sentence in page.verdict),
        tables="".join(_table(table) for table in page.tables if table.rows),
        sections="".join(
            _section(section, anchor) for section, anchor in zip(page.sections, anchors, strict=True)
        ),
        display=_display(page.display),
        provenance="".join(
            f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in page.provenance
        ),
    )


def is_page_of(path: Path, made_of: str) -> bool:
    """Whether the page at `path` was rendered from facts with the fingerprint `made_of`."""
    with reported(path, "read"), path.open(encoding="utf-8", errors="replace") as file:
        return made_of in file.read(HEAD)


def named_figures(path: Path) -> set[str]:
    """The names of the figures that the page at `path` shows; none where there is no page."""
    if not path.is_file():
        return set()
    with reported(path, "read"):
        text = path.read_text(encoding="utf-8", errors="replace")
    return {html.unescape(name) for name in re.findall(r'<figure id="([^"]+)"', text)}


def _navigation(page: Page) -> str:
    titles = ["Summary", *(section.title for section in page.sections)]
    titles += ["Jets in 3D"] if page.display is not None else []
    return "".join(
        f'<a href="#{_anchor(title)}">{html.escape(title)}</a>' for title in [*titles, "Provenance"]
    )


def _anchor(title: str) -> str:
    return "-".join(title.lower().split())


def _table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_breakable(text)}</td>" for text in row) + "</tr>" for row in table.rows
    )
    return (
        f"<h3>{html.escape(table.title)}</h3>"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="note">{html.escape(table.note)}</p>'
    )


def _breakable(text: str) -> str:
    """The text as HTML; a long name may be broken after an underscore."""
    return html.escape(text).replace("_", "_<wbr>")


def _section(section: Section, anchor: str) -> str:
    figures = "".join(map(as_html, section.pictures))
    missing = "".join(f'<p class="note">{html.escape(reason)}</p>' for reason in section.missing)
    return (
        f'<section id="{anchor}"><h2>{html.escape(section.title)}</h2>{missing}'
        f'<div class="figures">{figures}</div></section>'
    )


def _display(figure: go.Figure | None) -> str:
    if figure is None:
        return ""
    scene = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id="display",
        config=_PLOTLY_CONFIG,
        default_width="100%",
        post_script=_STEP_BACK,
    )
    return (
        f'<section id="jets-in-3d"><h2>Jets in 3D</h2><p>{html.escape(_DISPLAY_CAPTION)}</p>'
        f"<script>{get_plotlyjs()}</script>{scene}</section>"
    )
