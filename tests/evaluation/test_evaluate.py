"""Models by name, judged once; and the verbs that do it."""

import json

import numpy as np
import pytest

from ndive.cli import main
from ndive.errors import CheckpointError
from ndive.evaluation import evaluate, inference, load_trained, read_held_out, trained_names
from ndive.training import LOSS_NAMES, Epoch
from ndive.training.history import write_history


@pytest.fixture
def epochs():
    def losses(total):
        return {"total": total} | dict.fromkeys(LOSS_NAMES, 0.5)

    return [Epoch(epoch=n, train=losses(1 / n), val=losses(v)) for n, v in ((1, 0.9), (2, 0.4), (3, 0.6))]


def test_a_model_is_read_back_with_its_best_epoch(models, epochs):
    write_history(models / "tagger", epochs)
    trained = load_trained("tagger", models)
    assert trained.epoch == 2
    np.testing.assert_allclose(trained.history["val_total"], [0.9, 0.4, 0.6])
    np.testing.assert_allclose(trained.history["train_total"], [1, 1 / 2, 1 / 3])
    (models / "tagger" / "history.csv").unlink()
    assert load_trained("tagger", models).epoch == 0
    assert trained_names(models) == ["tagger"]


def test_an_unknown_name_is_told_the_nearest(models):
    with pytest.raises(CheckpointError, match=r"no trained model 'tager' .* nearest: tagger"):
        load_trained("tager", models)


def test_no_model_at_all_is_told_how_to_get_one(tmp_path):
    with pytest.raises(CheckpointError, match="ndive train"):
        load_trained("tagger", tmp_path)


def test_nothing_is_predicted_twice(models, sample, held_out, monkeypatch):
    trained = load_trained("tagger", models)
    first = evaluate(trained, held_out)
    monkeypatch.setattr(inference, "sequential_batches", lambda *_: pytest.fail("read again"))
    again = evaluate(trained, read_held_out(sample, models))
    np.testing.assert_array_equal(first.predictions.flavour, again.predictions.flavour)
    assert again.summary == first.summary


def test_the_verb_prints_its_tables_and_writes_the_numbers(models, sample, held_out, capsys):
    assert main(["evaluate", "tagger", "-s", str(sample.paths[0]), "--models", str(models)]) == 0
    printed = capsys.readouterr().out
    assert "light jets at 70%" in printed
    assert "perfect selection" in printed
    metrics = json.loads((models / "tagger" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["models"][0]["n_jets"] == {
        name: int((held_out.jets.flavour == label).sum())
        for label, name in enumerate(("bjets", "cjets", "ujets"))
    }
    assert metrics["sample"]["identity"] == sample.identity


@pytest.mark.parametrize("verb", [["evaluate"], ["report", "-o", "out"]])
@pytest.mark.parametrize(
    ("names", "told"),
    [([], "no model is named"), (["tager"], "nearest: tagger"), (["../x"], "no trained model")],
)
def test_a_wrong_name_is_one_line(verb, names, told, models, sample, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*verb, *names, "-s", str(sample.paths[0]), "--models", str(models)]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_missing_jets_are_one_line(models, capsys, tmp_path):
    assert main(["evaluate", "tagger", "-s", str(tmp_path / "none.h5"), "--models", str(models)]) == 2
    error = capsys.readouterr().err
    assert "none.h5" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [(["--seed", "-1"], "seed is -1, allowed: 0 or more"), (["-o", "file"], "is not a directory")],
)
def test_a_report_is_refused_before_anything_is_computed(
    wrong, told, models, sample, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setattr("ndive.cli.report.evaluated", lambda *_: pytest.fail("computed"))
    output = [] if "-o" in wrong else ["-o", "out"]
    arguments = ["report", "tagger", "-s", str(sample.paths[0]), "--models", str(models), *output, *wrong]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
