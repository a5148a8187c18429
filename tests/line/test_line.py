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
    alone, two = (str(demo_output / name) for name in ("scores.h5", "by_a_worker.h5"))
    assert main([*predict, "-o", alone]) == 0
    assert main([*predict, "--errors", str(numbers), "-o", alone, "--overwrite"]) == 0
    assert main([*predict, "--errors", str(numbers), "-o", two, "--workers", "1"]) == 0
    factors = {
        (one["predicted"], one["level"]): one["factor"] or np.inf
        for one in json.loads(numbers.read_text(encoding="utf-8"))["models"][0]["error_factors"]
    }
    with h5py.File(alone) as file, h5py.File(two) as other:
        jets, vertices = file["jets"][:], file["vertices"][:]
        np.testing.assert_allclose(other["vertices"]["scale_factor"], vertices["scale_factor"], rtol=1e-3)
        assert set(vertices.dtype.names) == set(other["vertices"].dtype.names)
    told = np.column_stack([jets[f"final_ftag_ndive_p{flavour}"] for flavour in "bcu"]).argmax(axis=1)
    fitted = vertices["valid"]
    for level, name in ((0.68, "sandwich_factor_68"), (0.95, "sandwich_factor_95")):
        expected = np.array([factors[flavour, level] for flavour in ("bjets", "cjets", "ujets")])[told]
        np.testing.assert_allclose((vertices[name] / vertices["scale_factor"])[fitted], expected[fitted])
        assert np.isfinite(expected[fitted]).any()
