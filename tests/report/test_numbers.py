"""The numbers written beside a figure are those that it shows."""

import csv

import mplhep
import numpy as np
import pytest
from matplotlib.figure import Figure

from ndive.report.numbers import write_numbers


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
