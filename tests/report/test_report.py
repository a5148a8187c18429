"""The report as a whole: complete, self-contained, and drawn by a browser without a network."""

import io
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ndive.errors import FileAccessError
from ndive.evaluation import compared, tags_with
from ndive.report import current_report, report, sections, write_report
from ndive.report.catalogue import FIGURES
from ndive.report.figure import Drawing, picture_of, png_of
from ndive.report.page import Section
from tests.report.browser import opened_page

PIXELS_AN_INCH = """[...document.querySelectorAll("figure.broad")].map(
    figure => figure.querySelector("img").clientWidth / figure.style.getPropertyValue("--inches")
)"""
"""How large the broad figures are drawn: text of 12 points needs 70 to be read."""

FEW = ("roc", "origin_confusion", "plane", "b_tag_binned", "losses")
"""Figures of every make; that all are drawn is told in test_catalogue.py."""


@pytest.fixture(scope="module")
def written(evaluations, held_out, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sections, "FIGURES", {name: FIGURES[name] for name in FEW})
        return write_report(evaluations, held_out, tmp_path_factory.mktemp("report"), seed=1)


def test_the_page_needs_nothing_else(written):
    page = written.read_text(encoding="utf-8")
    outside = re.findall(r"""<(?:img|script|link|iframe)[^>]+(?:src|href)=["'](?!data:)[^"']+""", page)
    assert outside == []
    assert written.stat().st_size < 15e6
    assert page.count("<figure") == len(list((written.parent / "figures").glob("*.png")))


def test_a_report_is_current_until_what_it_shows_changes(written, evaluations, held_out):
    where = written.parent
    assert current_report(evaluations, held_out, where, seed=1) == written
    assert current_report(evaluations, held_out, where, seed=2) is None
    assert current_report(evaluations[:1], held_out, where, seed=1) is None
    assert current_report(evaluations, held_out, where / "figures", seed=1) is None


@pytest.mark.parametrize(
    "lost", ["figures/losses.png", "figures/roc_ujets.pdf", "figures", "metrics.json", "report.html"]
)
def test_a_report_that_lacks_a_part_is_not_current(written, evaluations, held_out, tmp_path, lost):
    where = shutil.copytree(written.parent, tmp_path / "copy")
    assert current_report(evaluations, held_out, where, seed=1) == where / "report.html"
    shutil.rmtree(where / lost) if lost == "figures" else (where / lost).unlink()
    assert current_report(evaluations, held_out, where, seed=1) is None


def test_a_redraw_that_breaks_off_leaves_no_page(written, evaluations, held_out, tmp_path, monkeypatch):
    where = shutil.copytree(written.parent, tmp_path / "copy")

    def full(*_):
        raise FileAccessError("the disk is full")

    monkeypatch.setattr(report, "save_drawing", full)
    with pytest.raises(FileAccessError):
        write_report(evaluations, held_out, where, seed=2)
    left = {path.name for path in where.iterdir()} - {"figures"}
    assert left == {"metrics.json", "metrics.csv"}
    assert current_report(evaluations, held_out, where, seed=1) is None


def test_figures_of_earlier_models_go_and_those_of_others_stay(evaluations, held_out, tmp_path, monkeypatch):
    drawn = dict(zip(("base", "with_vertex"), evaluations, strict=True))
    monkeypatch.setattr(report, "draw_sections", one_section)
    write_report([drawn["base"]], held_out, tmp_path)
    (tmp_path / "figures" / "mine.png").touch()
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "of_base.png",
        "of_base.pdf",
        "of_base.csv",
        "mine.png",
    }
    write_report([drawn["with_vertex"]], held_out, tmp_path)
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "of_with_vertex.png",
        "of_with_vertex.pdf",
        "of_with_vertex.csv",
        "mine.png",
    }


def test_a_report_that_cannot_be_finished_leaves_nothing(evaluations, held_out, tmp_path, monkeypatch):
    def full(*_):
        raise FileAccessError("the disk is full")

    monkeypatch.setattr(report, "draw_sections", one_section)
    monkeypatch.setattr(report, "write_metrics", full)
    with pytest.raises(FileAccessError):
        write_report(evaluations[:1], held_out, tmp_path / "new" / "report")
    assert list(tmp_path.iterdir()) == []


def one_section(evaluations, _, shown):
    """A section with one empty figure, named after the first model."""
    name = f"of_{evaluations[0].summary.name}"
    figure = Figure(figsize=(1, 1))
    figure.subplots()
    drawing = Drawing(name=name, title="", caption="", figure=figure)
    return [Section(title=name, pictures=[shown(drawing)])]


def test_every_figure_is_there_with_its_numbers(written):
    names = {path.stem for path in (written.parent / "figures").glob("*.png")}
    for kind in ("pdf", "csv"):
        assert names == {path.stem for path in (written.parent / "figures").glob(f"*.{kind}")}
    assert names == {
        "roc_cjets",
        "roc_ujets",
        "origin_confusion_base",
        "origin_confusion_with_vertex",
        "plane_with_vertex",
        "b_tag_binned",
        "losses",
    }


def test_the_summary_says_the_verdict_and_what_is_missing(written):
    page = written.read_text(encoding="utf-8")
    assert "At 70% b efficiency the rejection by with_vertex over that by base is" in page
    assert "base fits no vertex" in page
    assert "generator" in page


def test_metrics_are_the_same_numbers(written, evaluations):
    metrics = json.loads((written.parent / "metrics.json").read_text(encoding="utf-8"))
    point = metrics["models"][0]["tagging"]["rejections"][1]
    assert point["efficiency"] == 0.7
    assert point["value"] == evaluations[0].summary.tagging.rejections[1].value


def test_a_browser_draws_it_without_a_network(written):
    with opened_page(written, 390, 800) as page:
        traces = "document.querySelector('.js-plotly-plot').data.filter(trace => trace.visible).length"
        assert page.evaluate(traces) > 4
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert min(page.evaluate(PIXELS_AN_INCH)) > 70
        page.evaluate("document.querySelectorAll('img').forEach(image => { image.loading = 'eager' })")
        page.wait_for_function("[...document.images].every(image => image.complete)")
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 100)")


def test_a_picture_is_its_figure_in_fewer_colours():
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot(range(200), color="#d55e00")
    png = png_of(figure)
    picture = picture_of(Drawing(name="n", title="t", caption="c", figure=figure), png)
    whole, few = (np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int) for data in (png, picture.png))
    assert whole.shape == few.shape == (160, 320, 3)
    assert np.abs(whole - few).max() < 40
    assert np.abs(whole - few).mean() < 0.5
    assert len(picture.png) < len(png)


def test_ratios_are_those_of_the_discriminant_that_is_asked_for(evaluations, held_out):
    base, other = (one.predictions.flavour for one in evaluations)
    tags = tags_with(0.9, 0.2)
    ((name, points),) = report._ratios(evaluations, replace(held_out, tags=tags))
    assert name == "with_vertex"
    assert points == compared(other, base, held_out.jets, tags[0])
    assert points != compared(other, base, held_out.jets)


def test_of_copies_the_first_is_spoken_of(evaluations, held_out):
    base, other = evaluations
    copies = [
        replace(
            other,
            trained=replace(other.trained, configuration="twice", copy=copy, name=f"twice_model_{copy}"),
            summary=replace(other.summary, name=f"twice_model_{copy}"),
        )
        for copy in (0, 1)
    ]
    made = report._page([base, *copies], held_out, [], 0)
    assert made.title == "base and twice"
    assert "twice_model_0 over that by base" in made.verdict[1]
    assert not any("twice_model_1" in sentence for sentence in made.verdict)
    assert made.verdict[-1].startswith("Of the copies of twice the sentences above")
    assert not any("copies" in told for told in report._page([base, other], held_out, [], 0).verdict)
    assert made.tables[1].rows[0][0] == "twice, 2 copies"
    assert [row[0] for row in made.tables[2].rows] == ["base", "twice_model_0", "twice_model_1"]
