"""The whole way, on the command line: simulate, inspect, fit, train, evaluate, report, report again."""

import json

import h5py
import pytest

from ndive.cli import main

pytest.importorskip("pythia8mc", reason="simulates jets: needs the extra 'sim'")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with 600 jets and one model trained on them for an epoch."""
    place = tmp_path_factory.mktemp("line")
    simulate = ["simulate", "--jets", "600", "--output", f"{place}/jets", "--no-underlying-event"]
    assert main([*simulate, "--fractions", "0.6", "0.2", "0.2", "--workers", "1"]) == 0
    train = ["train", "-t", "final_ftag_ndive", "-s", f"{place}/jets", "--models", f"{place}/models"]
    assert main([*train, "-e", "1", "-b", "60", "-l", "1e-3"]) == 0
    return place


def test_the_files_say_what_they_are(place, capsys):
    assert main(["inspect", f"{place}/jets/ndive_test.h5"]) == 0
    told = capsys.readouterr().out
    assert "bjets" in told
    assert "train a tagger" in told


def test_each_jet_gets_a_vertex(place):
    assert main(["fit", f"{place}/jets/ndive_test.h5", "--output", f"{place}/vertices.h5"]) == 0
    with h5py.File(place / "vertices.h5") as made, h5py.File(place / "jets" / "ndive_test.h5") as given:
        assert len(made["vertices"]) == len(given["jets"])
        assert made["vertices"]["valid"].mean() > 0.99


def test_the_model_is_judged_and_drawn_once(place, capsys):
    arguments = ["final_ftag_ndive", "-s", f"{place}/jets", "--models", f"{place}/models"]
    assert main(["evaluate", *arguments]) == 0
    assert main(["report", *arguments, "-o", f"{place}/report"]) == 0
    metrics = json.loads((place / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert sum(metrics["models"][0]["n_jets"].values()) == 120
    page = place / "report" / "report.html"
    written = page.stat().st_mtime_ns
    capsys.readouterr()
    assert main(["report", *arguments, "-o", f"{place}/report"]) == 0
    assert "reusing" in capsys.readouterr().err
    assert page.stat().st_mtime_ns == written
