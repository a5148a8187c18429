"""The whole way, on the command line: simulate, inspect, fit, train, evaluate, report, report again."""

import json

import h5py
import numpy as np

from ndive.cli import main
from ndive.report.catalogue import FIGURES

FEW = ("roc", "residuals", "selection", "inputs", "losses")
"""A figure or two of most sections; `tests/report` draws all of them."""


def test_the_files_say_what_they_are(demo_output, capsys):
    assert main(["inspect", f"{demo_output}/samples/ndive_test.h5"]) == 0
    told = capsys.readouterr().out
    assert "bjets" in told
    assert "train a tagger" in told


def test_each_jet_gets_a_vertex(demo_output):
    path = demo_output / "samples" / "ndive_test.h5"
    assert main(["fit", str(path), "--output", f"{demo_output}/vertices.h5"]) == 0
    with h5py.File(demo_output / "vertices.h5") as made, h5py.File(path) as given:
        assert len(made["vertices"]) == len(given["jets"])
        assert made["vertices"]["valid"].mean() > 0.99


def test_the_model_is_judged_and_drawn_once(demo_output, capsys, monkeypatch):
    monkeypatch.setattr("ndive.report.sections.FIGURES", {name: FIGURES[name] for name in FEW})
    arguments = ["final_ftag_ndive", "-s", f"{demo_output}/samples", "--models", f"{demo_output}/models"]
    assert main(["evaluate", *arguments]) == 0
    assert main(["report", *arguments, "-o", f"{demo_output}/report"]) == 0
    metrics = json.loads((demo_output / "report" / "metrics.json").read_text(encoding="utf-8"))
    assert sum(metrics["models"][0]["n_jets"].values()) == 120
    page = demo_output / "report" / "report.html"
    written = page.stat().st_mtime_ns
    capsys.readouterr()
    assert main(["report", *arguments, "-o", f"{demo_output}/report"]) == 0
    assert "reusing" in capsys.readouterr().err
    assert page.stat().st_mtime_ns == written


def test_other_jets_get_the_errors_that_evaluate_found(demo_output):
    samples, models = demo_output / "samples", demo_output / "models"
    numbers = models / "final_ftag_ndive" / "metrics.json"
    assert main(["evaluate", "final_ftag_ndive", "-s", str(samples), "--models", str(models)]) == 0
    predict = ["predict", "final_ftag_ndive", f"{samples}/ndive_val.h5", "--models", str(models)]
    output = demo_output / "scores.h5"
    assert main([*predict, "--errors", str(numbers), "-o", str(output)]) == 0
    factors = {
        (one["predicted"], one["level"]): one["factor"]
        for one in json.loads(numbers.read_text(encoding="utf-8"))["models"][0]["error_factors"]
    }
    with h5py.File(output) as file:
        jets, vertices = file["jets"][:], file["vertices"][:]
    told = np.column_stack([jets[f"final_ftag_ndive_p{flavour}"] for flavour in "bcu"]).argmax(axis=1)
    expected = np.array([factors[name, 0.68] or np.inf for name in ("bjets", "cjets", "ujets")])[told]
    fitted = vertices["valid"]
    found = vertices["error_factor_68"] / vertices["scale_factor"]
    np.testing.assert_allclose(found[fitted], expected[fitted])
