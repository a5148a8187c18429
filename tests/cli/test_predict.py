"""`ndive predict` as a user calls it: what it leaves, and one line for each mistake."""

import h5py
import numpy as np
import pytest

from ndive.cli import main
from ndive.evaluation import scoring

pytestmark = pytest.mark.usefixtures("quick_compilation", "small_batches")


def arguments(models, *files, output="scores.h5", model="tagger"):
    return ["predict", model, *map(str, files), "--output", str(output), "--models", str(models)]


def test_it_leaves_the_scores_and_is_reused(judged, held_out_jets, tmp_path, capsys, monkeypatch):
    output = tmp_path / "new" / "scores.h5"
    call = arguments(judged, held_out_jets / "toy_test.h5", output=output)
    assert main(call) == 0
    assert capsys.readouterr().out.startswith("scores of 45 jets by 'tagger' in ")
    with h5py.File(output) as file, h5py.File(held_out_jets / "toy_test.h5") as given:
        np.testing.assert_array_equal(file["jets"]["pt"], given["jets"]["pt"])
        assert np.isfinite(file["jets"]["tagger_pu"]).all()
        assert list(file["jets"].attrs["flavour_label"]) == ["bjets", "cjets", "ujets"]
        assert file.attrs["model"] == "tagger"
    monkeypatch.setattr(scoring, "predict", lambda *_: pytest.fail("predicted again"))
    assert main(call) == 0
    assert capsys.readouterr().err == f"reusing '{output}'\n"


def test_scores_of_something_else_are_replaced_only_if_asked(judged, held_out_jets, tmp_path, told):
    output = tmp_path / "scores.h5"
    call = arguments(judged, held_out_jets / "toy_test.h5", output=output)
    assert main(call) == 0
    assert f"output '{output}' is there" in told([*call, "--name", "other"])
    assert main([*call, "--name", "other", "--overwrite"]) == 0
    with h5py.File(output) as file:
        assert "other_pb" in file["jets"].dtype.names


def test_a_model_file_serves_under_any_name(judged, held_out_jets, tmp_path):
    output = tmp_path / "scores.h5"
    call = ["predict", str(judged / "tagger" / "best.eqx"), str(held_out_jets), "-o", str(output)]
    assert main([*call, "--name", "GN"]) == 0
    with h5py.File(output) as file:
        assert {"GN_pb", "GN_pc", "GN_pu"} <= set(file["jets"].dtype.names)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--copy", "3"], "'tagger' in"),
        (["--epoch", "7"], "epochs kept: none"),
        (["--name", "a b"], "name is 'a b'"),
        (["--workers", "0"], "workers is 0"),
        (["--scheduler", "here"], "scheduler is 'here'"),
    ],
)
def test_a_wrong_option_is_one_line(wrong, said, judged, held_out_jets, told):
    assert said in told([*arguments(judged, held_out_jets), *wrong])


def test_errors_of_another_model_or_of_none_are_one_line(judged, held_out_jets, told):
    call = arguments(judged, held_out_jets / "toy_test.h5")
    assert "it is of other" in told([*call, "--errors", str(judged / "other" / "metrics.json")])
    assert "'tagger' fits no vertex" in told([*call, "--errors", str(judged / "tagger" / "metrics.json")])
    assert "nowhere.json" in told([*call, "--errors", "nowhere.json"])


def test_a_wrong_place_is_one_line(judged, held_out_jets, told):
    jets = held_out_jets / "toy_test.h5"
    assert "is an input" in told(arguments(judged, jets, output=jets))
    assert "is a directory" in told(arguments(judged, jets, output=judged))
    assert "nearest: tagger" in told(arguments(judged, jets, model="tager"))
    assert "list of files is empty" in told(arguments(judged))
    assert "nowhere.h5" in told(arguments(judged, "nowhere.h5"))
    assert "leave out --epoch" in told([*arguments(judged, jets, model="x.eqx"), "--epoch", "3"])
