"""`ndive report` as a user calls it: what it leaves, and one line for each mistake."""

import json

import pytest

from ndive.cli import main
from ndive.cli.evaluating import evaluated
from ndive.evaluation import inference
from ndive.report.catalogue import FIGURES

pytestmark = pytest.mark.usefixtures("quick_compilation", "small_batches")


def arguments(jets, models, output, *names):
    return ["report", *names, "-s", str(jets), "--models", str(models), "-o", str(output)]


def test_it_leaves_a_page_figures_and_numbers_and_is_reused(
    judged, held_out_jets, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(inference, "one_ahead", lambda *_: pytest.fail("predicted again"))
    few = {name: FIGURES[name] for name in ("roc", "flavour_confusion", "pulls")}
    monkeypatch.setattr("ndive.report.sections.FIGURES", few)
    output = tmp_path / "new" / "report"
    call = arguments(held_out_jets, judged, output, "tagger")
    page = output / "report.html"
    assert main(call) == 0
    assert capsys.readouterr().out == f"report: {page}\n"
    assert sorted(path.name for path in output.iterdir()) == [
        "figures",
        "metrics.csv",
        "metrics.json",
        "report.html",
    ]
    figures = {"roc_ujets", "roc_cjets", "flavour_confusion_tagger"}
    assert {path.name for path in (output / "figures").iterdir()} == {
        f"{name}.{kind}" for name in figures for kind in ("png", "pdf", "csv")
    }
    metrics = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["models"][0]["n_jets"] == {"bjets": 15, "cjets": 15, "ujets": 15}
    assert "Judged on 15 b jets, 15 c jets, 15 light jets of toy_test.h5." in page.read_text(encoding="utf-8")

    written = page.stat().st_mtime_ns
    assert main(call) == 0
    said = capsys.readouterr()
    assert said.out == f"report: {page}\n"
    assert said.err.splitlines() == [f"reusing the predictions in '{judged}'", f"reusing '{page}'"]
    assert page.stat().st_mtime_ns == written


def test_all_is_computed_and_drawn_anew_when_told(judged, held_out_jets, tmp_path, monkeypatch):
    asked = []

    def judge(*given, tags, overwrite):
        asked.append(overwrite)
        return evaluated(*given, tags=tags, overwrite=False)

    def write(*_, seed):
        asked.append("drawn")
        return tmp_path / "new.html"

    monkeypatch.setattr("ndive.cli.report.evaluated", judge)
    monkeypatch.setattr("ndive.cli.report.current_report", lambda *_, seed: tmp_path / "kept.html")
    monkeypatch.setattr("ndive.cli.report.write_report", write)
    call = arguments(held_out_jets, judged, tmp_path / "out", "tagger")
    assert main(call) == 0
    assert main([*call, "--overwrite"]) == 0
    assert asked == [False, True, "drawn"]


@pytest.mark.parametrize(
    ("names", "said"),
    [([], "no model is named"), (["tager"], "nearest: tagger"), (["../x"], "no trained model '../x'")],
)
def test_a_wrong_name_is_one_line(names, said, judged, held_out_jets, tmp_path, told):
    assert said in told(arguments(held_out_jets, judged, tmp_path / "out", *names))


def test_missing_jets_are_one_line(judged, tmp_path, told):
    assert "nowhere.h5" in told(arguments(tmp_path / "nowhere.h5", judged, tmp_path / "out", "tagger"))


def test_without_any_model_it_says_how_to_get_one(held_out_jets, tmp_path, told):
    assert "ndive train" in told(arguments(held_out_jets, tmp_path / "none", tmp_path / "out", "tagger"))


def test_the_output_must_be_given(judged, held_out_jets, told):
    assert "--output" in told(["report", "tagger", "-s", str(held_out_jets), "--models", str(judged)])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--seed", "-1"], "seed is -1, allowed: 0 or more"),
        (["--seed", "one"], "--seed"),
        (["-o", "file"], "is not a directory"),
        (["-o", "file/report"], "is not a directory"),
    ],
)
def test_it_is_refused_before_anything_is_computed(
    wrong, said, judged, held_out_jets, tmp_path, told, monkeypatch
):
    monkeypatch.setattr("ndive.cli.report.evaluated", lambda *_, **__: pytest.fail("computed"))
    (tmp_path / "file").touch()
    call = ["report", "tagger", "-s", str(held_out_jets), "--models", str(judged), *wrong]
    assert said in told(call if "-o" in wrong else [*call, "-o", "out"])
