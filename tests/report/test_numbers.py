"""The numbers written beside a figure are those that it shows."""

import csv

import mplhep
import numpy as np
import pytest
from matplotlib.figure import Figure

from ndive.report.numbers import write_numbers
from ndive.report.style import number_curves


def written(figure, path):
    write_numbers(figure, path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_curves_bars_and_bins(tmp_path):
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.set_xlabel("pT")
    left.plot([1, 2], [3.5, np.nan], label="curve")
    left.plot([0, 9], [0, 9])
    right.errorbar([5], [0.5], yerr=[[0.1], [0.2]], label="points")
    mplhep.histplot([0.25, 0.75], [0, 1, 3], ax=right, label="shares", flow="none", edges=False)
    rows = written(figure, tmp_path / "numbers.csv")
    keys = ("panel", "curve", "x", "x high", "y", "y low", "y high")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("0", "curve", "1", "", "3.5", "", ""),
        ("0", "curve", "2", "", "", "", ""),
        ("1", "points", "5", "", "0.5", "0.4", "0.7"),
        ("1", "shares", "0", "1", "0.25", "", ""),
        ("1", "shares", "1", "3", "0.75", "", ""),
    ]
    assert rows[0]["x axis"] == "pT"


def test_panels_that_share_an_axis_share_its_label(tmp_path):
    figure = Figure()
    panels = figure.subplots(2, 2, sharex="col")
    for axes in panels.flat:
        axes.plot([1], [2], label="curve")
    for axes, label in zip(panels[1], ("pT", "eta"), strict=True):
        axes.set_xlabel(label)
    panels[0, 0].set_ylabel("share")
    rows = written(figure, tmp_path / "numbers.csv")
    assert [(row["x axis"], row["y axis"]) for row in rows] == [
        ("pT", "share"),
        ("eta", ""),
        ("pT", ""),
        ("eta", ""),
    ]


def shown(rows):
    return [tuple(row[key] for key in ("curve", "x", "y", "y low", "y high")) for row in rows]


def test_a_point_at_nan_and_an_error_that_is_nan_have_no_ends(tmp_path):
    figure = Figure()
    values, errors = [1, np.nan, 3, 4], [[0.5, 0.5, np.nan, 0.5], [0.5, 0.5, np.nan, np.nan]]
    figure.subplots().errorbar([1, 2, 3, 4], values, yerr=errors, label="m")
    assert shown(written(figure, tmp_path / "numbers.csv")) == [
        ("m", "1", "1", "0.5", "1.5"),
        ("m", "2", "", "", ""),
        ("m", "3", "3", "", ""),
        ("m", "4", "4", "", ""),
    ]


def test_each_curve_has_the_ends_of_its_own_band(tmp_path):
    figure = Figure()
    axes = figure.subplots()
    for name, height in (("one", 2.0), ("other", 5.0)):
        values = np.array([height, np.nan, height + 1])
        axes.plot([0, 1, 2], values, label=name)
        axes.fill_between([0, 1, 2], values - 1, values + 0.5, label=f"_{name}")
    axes.plot([0], [7], label="without")
    assert shown(written(figure, tmp_path / "numbers.csv")) == [
        ("one", "0", "2", "1", "2.5"),
        ("one", "1", "", "", ""),
        ("one", "2", "3", "2", "3.5"),
        ("other", "0", "5", "4", "5.5"),
        ("other", "1", "", "", ""),
        ("other", "2", "6", "5", "6.5"),
        ("without", "0", "7", "", ""),
    ]


def test_boxes_have_their_median_quartiles_and_whiskers(tmp_path):
    figure = Figure()
    axes = figure.subplots()
    percent = np.arange(101.0)
    look = {"whis": (5, 95), "showfliers": False, "patch_artist": True}
    axes.boxplot([percent, []], positions=[1, 2], label="of all", **look)
    axes.axhline(0)
    axes.boxplot([2 * percent], positions=[3], label="doubled", **look)
    assert shown(written(figure, tmp_path / "numbers.csv")) == [
        ("of all, quartiles", "1", "50", "25", "75"),
        ("of all, whiskers", "1", "50", "5", "95"),
        ("of all, quartiles", "2", "", "", ""),
        ("of all, whiskers", "2", "", "", ""),
        ("doubled, quartiles", "3", "100", "50", "150"),
        ("doubled, whiskers", "3", "100", "10", "190"),
    ]


def test_the_number_of_each_curve_in_a_titled_legend(tmp_path):
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0], [1], label="one")
    axes.plot([0], [2], label="other")
    number_curves(axes, ["0.5", "0.7"], "σ [mm]", "upper right")
    axes.plot([0], [3], label="drawn later")
    assert shown(written(figure, tmp_path / "numbers.csv"))[3:] == [
        ("one, σ [mm]", "", "0.5", "", ""),
        ("other, σ [mm]", "", "0.7", "", ""),
    ]


@pytest.mark.parametrize("kind", ["imshow", "pcolormesh"])
def test_cells(kind, tmp_path):
    figure = Figure()
    axes = figure.subplots()
    if kind == "imshow":
        image = axes.imshow([[1, 2], [3, 4]])
    else:
        image = axes.pcolormesh([0, 1, 2], [0, 10, 20], np.array([[1, 0], [3, 4]]))
    figure.colorbar(image, ax=axes)
    rows = written(figure, tmp_path / "numbers.csv")
    found = [(row["curve"], row["x"], row["y"]) for row in rows if row["panel"] == "0"]
    assert found == (
        [("row 0", "0", "1"), ("row 0", "1", "2"), ("row 1", "0", "3"), ("row 1", "1", "4")]
        if kind == "imshow"
        else [("0 to 10", "0", "1"), ("10 to 20", "0", "3"), ("10 to 20", "1", "4")]
    )
