"""`ndive evaluate` as a user calls it: what it prints and leaves, and one line for each mistake."""

import json
import shutil

import equinox as eqx
import h5py
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from ndive.cli import main
from ndive.data import open_sample, write_sample
from ndive.evaluation import inference, trained
from ndive.models import load_model
from tests.data.samples import make_rows, without
from tests.training.samples import write_jets

pytestmark = pytest.mark.usefixtures("quick_compilation", "small_batches")


@pytest.fixture
def models(judged, tmp_path):
    """A copy of the judged models that a test may change."""
    return shutil.copytree(judged, tmp_path / "models")


def arguments(jets, models, *names):
    return ["evaluate", *names, "-s", str(jets), "--models", str(models)]


def metrics(models, name="tagger"):
    return json.loads((models / name / "metrics.json").read_text(encoding="utf-8"))


def test_predictions_and_numbers_lie_beside_each_model(judged):
    for name in ("tagger", "other"):
        left = sorted(path.name for path in (judged / name).iterdir())
        assert left == ["best.eqx", "metrics.csv", "metrics.json", "predictions"]
        assert len(list((judged / name / "predictions").glob("*.h5"))) == 1
        assert [model["name"] for model in metrics(judged, name)["models"]] == [name]
    kept = sorted(path.name.partition("_")[0] for path in (judged / "reference_fits").iterdir())
    assert kept == ["jettable", "predictions", "predictions"]


def test_the_accuracy_is_that_of_the_model_applied_jet_by_jet(judged, held_out_jets):
    with h5py.File(held_out_jets / "toy_test.h5") as file:
        flavour = file["jets"]["flavour_label"]
    model, _ = load_model(judged / "tagger" / "best.eqx")
    batch = open_sample(held_out_jets, split="test").read(0, len(flavour))
    predicted = np.argmax(eqx.filter_jit(eqx.filter_vmap(model))(batch.jet).flavour_logits, axis=1)
    found = metrics(judged)["models"][0]
    assert found["n_jets"] == {"bjets": 15, "cjets": 15, "ujets": 15}
    assert found["tagging"]["accuracy"] == pytest.approx(accuracy_score(flavour, predicted))


def test_called_again_it_prints_the_same_numbers_and_computes_nothing(
    judged, held_out_jets, capsys, monkeypatch
):
    monkeypatch.setattr(inference, "one_ahead", lambda *_: pytest.fail("read again"))
    before = metrics(judged)
    assert main(arguments(held_out_jets, judged, "other", "tagger", "other")) == 0
    said = capsys.readouterr()
    files = [judged / name / file for name in ("other", "tagger") for file in ("metrics.json", "metrics.csv")]
    assert said.err.splitlines() == [
        f"reusing the predictions in '{judged}'",
        *(f"numbers: {path}" for path in files),
    ]
    lines = said.out.splitlines()
    titles = [line.strip() for line in lines if line.strip() in ("Rejection", "Track selection", "Vertex")]
    assert titles == ["Rejection", "Vertex"]
    rows = [line.split()[0] for line in lines if line.startswith(("  tagger", "  other"))]
    assert rows[:2] == ["other", "tagger"]
    accuracy = before["models"][0]["tagging"]["accuracy"]
    assert metrics(judged)["models"][0]["tagging"]["accuracy"] == accuracy


def test_jets_that_trained_the_model_are_told(judged, held_out_jets, capsys, monkeypatch):
    identity = open_sample(held_out_jets, job="evaluate").identity
    monkeypatch.setattr(trained, "described_in", lambda _: {"train_identity": identity})
    assert main(arguments(held_out_jets, judged, "tagger")) == 0
    assert "note: 'tagger' was trained on these very jets" in capsys.readouterr().err


def test_json_has_the_numbers_of_all_models_and_quiet_says_nothing_else(judged, held_out_jets, capsys):
    assert main([*arguments(held_out_jets, judged, "other", "tagger"), "--json", "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    printed = json.loads(said.out, parse_constant=pytest.fail)
    kept = [metrics(judged, name) for name in ("other", "tagger")]
    assert printed["models"] == [one["models"][0] for one in kept]
    assert printed["sample"] == kept[0]["sample"]


def test_the_fits_without_a_network_are_printed_with_their_units(judged, held_out_jets, capsys):
    assert main(arguments(held_out_jets, judged, "tagger")) == 0
    out = capsys.readouterr().out
    for head in ("mean distance [mm]", "median [mm]", "σ x, y, z [mm]"):
        assert head in out
    assert out.count("  no selection ") == out.count("  perfect selection ") == 3
    assert out.index("no selection") < out.index("perfect selection")


def test_other_jets_are_predicted_anew(models, tmp_path, capsys):
    write_jets(tmp_path / "jets.h5", 30, seed=8)
    assert main(arguments(tmp_path / "jets.h5", models, "tagger")) == 0
    assert "reusing" not in capsys.readouterr().err
    assert metrics(models)["models"][0]["n_jets"] == {"bjets": 10, "cjets": 10, "ujets": 10}
    assert len(list((models / "tagger" / "predictions").glob("*.h5"))) == 2


def test_damaged_predictions_are_made_anew(models, held_out_jets, capsys):
    before = metrics(models)
    (kept,) = (models / "tagger" / "predictions").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert main(arguments(held_out_jets, models, "tagger")) == 0
    assert "reusing" not in capsys.readouterr().err
    assert metrics(models) == before


def test_what_is_kept_is_computed_anew_when_told(models, held_out_jets, capsys):
    before = metrics(models)
    times = {path: path.stat().st_mtime_ns for path in models.rglob("*.h5")}
    assert main([*arguments(held_out_jets, models, "tagger"), "--overwrite"]) == 0
    assert "reusing" not in capsys.readouterr().err
    made = {path for path, time in times.items() if path.stat().st_mtime_ns != time}
    assert made == {path for path in times if "other" not in path.parts}
    assert metrics(models) == before


def test_models_are_found_where_the_environment_says(judged, held_out_jets, monkeypatch, capsys):
    monkeypatch.setenv("NDIVE_MODEL_PATH", str(judged))
    assert main(["evaluate", "tagger", "-s", str(held_out_jets)]) == 0
    assert "tagger" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no model is named"),
        (["tager"], "nearest: tagger"),
        (["tagger", "../x"], "no trained model '../x'"),
    ],
)
def test_a_wrong_name_is_one_line(names, said, judged, held_out_jets, told):
    assert said in told(arguments(held_out_jets, judged, *names))


def test_without_any_model_it_says_how_to_get_one(held_out_jets, tmp_path, told):
    assert "ndive train" in told(arguments(held_out_jets, tmp_path, "tagger"))


def test_a_damaged_model_is_one_line(models, held_out_jets, told):
    path = models / "tagger" / "best.eqx"
    path.write_bytes(path.read_bytes()[:-1])
    assert "tagger/best.eqx" in told(arguments(held_out_jets, models, "tagger"))


def test_missing_jets_are_one_line(judged, tmp_path, told):
    assert "nowhere.h5" in told(arguments(tmp_path / "nowhere.h5", judged, "tagger"))


def test_a_directory_without_a_test_file_is_one_line(judged, tmp_path, told):
    write_jets(tmp_path / "toy_train.h5", 10, seed=1)
    assert "_test.h5" in told(arguments(tmp_path, judged, "tagger"))


def test_jets_without_truth_are_one_line(judged, tmp_path, told):
    rows = without(make_rows(10), "tracks", "ftagTruthOriginLabel")
    write_sample(tmp_path / "jets.h5", [rows], {})
    assert "ftagTruthOriginLabel" in told(arguments(tmp_path / "jets.h5", judged, "tagger"))


def test_jets_must_be_given(judged, told):
    assert "--samples" in told(["evaluate", "tagger", "--models", str(judged)])
