"""Every figure of the catalogue is drawn where its models have it, and what they lack is said."""

import csv
from pathlib import Path

import pytest

from ndive.report.catalogue import FIGURES, drawn, lacking
from ndive.report.numbers import write_numbers

WHERE = {"paper": "paper", "notebooks": "its notebooks", "": "ours"}
"""Where a figure was published -> what the docs say."""

BANDED = {"roc", "roc_c", "fraction_scan", "pull_boxes", "contamination", "calibration"}
"""Figures with bands, boxes or error bars for whatever models."""


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_drawn_and_labelled_and_has_numbers(name, evaluations, held_out, tmp_path):
    drawings = drawn(FIGURES[name], evaluations, held_out)
    assert drawings
    names = [drawing.name for drawing in drawings]
    assert len(set(names)) == len(names)
    for drawing in drawings:
        assert drawing.name.startswith(name)
        assert drawing.caption.endswith(".")
        axes = [axes for axes in drawing.figure.axes if axes.get_visible()]
        assert any(one.get_xlabel() for one in axes)
        assert any(one.get_ylabel() for one in axes)
        write_numbers(drawing.figure, tmp_path / "numbers.csv")
        with (tmp_path / "numbers.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert any(row["y"] for row in rows)
        if name in BANDED:
            assert any(row["y low"] and row["y high"] for row in rows)


def test_the_catalogue_has_the_figures_of_the_paper_and_of_its_notebooks():
    found = {where: {name for name, kind in FIGURES.items() if kind.published == where} for where in WHERE}
    assert found["paper"] == {
        "selection",
        "residuals",
        "pulls",
        "pull_boxes",
        "plane",
        "roc",
        "losses",
        "inputs",
        "discriminant",
        "flavour_confusion",
    }
    assert found["notebooks"] == {
        "predicted_classes",
        "weights",
        "selection_counts",
        "efficiency_purity",
        "vertex_error",
        "fraction_scan",
        "probabilities",
    }


def test_the_docs_list_every_figure_with_its_command():
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    listed = [line for line in page.splitlines() if line.startswith("| `ndive plot NAME ")]
    assert listed == [
        f"| `ndive plot NAME {name} -s JETS` | {kind.text} | {WHERE[kind.published]} |"
        for name, kind in FIGURES.items()
    ]


def test_a_model_that_lacks_what_is_shown_is_left_out_and_named(evaluations, held_out):
    base, _ = evaluations
    assert drawn(FIGURES["pulls"], [base], held_out) == ()
    assert lacking(FIGURES["pulls"], evaluations) == [
        "base fits no vertex, so it has no residuals, no pulls and no weights."
    ]
    assert [drawing.name for drawing in drawn(FIGURES["pulls"], evaluations, held_out)] == ["pulls"]
    assert lacking(FIGURES["roc"], evaluations) == []
