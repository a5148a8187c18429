"""`ndive train` as a user calls it: what it leaves, how it goes on, and one line for each mistake."""

import pytest

from ndive.cli import main
from tests.training.samples import write_directory


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_directory(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def models(sample, tmp_path_factory):
    """A directory with a run of two epochs of the smallest model."""
    models = tmp_path_factory.mktemp("models")
    assert main(arguments(sample, models, "-e", "2")) == 0
    return models


def arguments(sample, models, *more):
    return ["train", "-t", "final_ftag_base", "-b", "35", "-s", str(sample), "--models", str(models), *more]


def told(capsys, call):
    """The one line on stderr of a call that ends with status 2."""
    assert main(call) == 2
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert said.out == ""
    assert len(lines) == 1
    assert lines[0].startswith("ndive: ")
    return lines[0]


def test_a_run_leaves_the_model_and_its_history(models):
    left = {path.name for path in (models / "final_ftag_base").iterdir()}
    assert left == {"best.eqx", "history.csv", "checkpoint_0001.eqx", "checkpoint_0002.eqx"}
    assert len((models / "final_ftag_base" / "history.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_a_finished_run_is_reused_and_a_longer_one_goes_on(sample, models, capsys):
    assert main(arguments(sample, models, "-e", "2", "-c")) == 0
    assert "reusing the finished run of 2 epochs" in capsys.readouterr().err
    assert main(arguments(sample, models, "-e", "3", "-c")) == 0
    assert "going on after epoch 2" in capsys.readouterr().err


def test_a_run_is_not_overwritten(sample, models, capsys):
    assert "holds a run of" in told(capsys, arguments(sample, models, "-e", "2"))


def test_another_run_is_not_gone_on_with(sample, models, capsys):
    line = told(capsys, arguments(sample, models, "-e", "4", "-c", "--seed", "7"))
    assert "seed 0 there, 7 here" in line


def test_an_unknown_configuration_has_its_nearest_names(sample, tmp_path, capsys):
    line = told(capsys, ["train", "-t", "final_ftag_bas", "-s", str(sample), "--models", str(tmp_path)])
    assert "'final_ftag_bas'" in line
    assert "final_ftag_base" in line
    assert list(tmp_path.iterdir()) == []


def test_a_missing_sample_is_named(tmp_path, capsys):
    line = told(capsys, arguments(tmp_path / "nowhere", tmp_path / "models"))
    assert "nowhere" in line
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("-b", "0", "batch_size"),
        ("-e", "-1", "num_epochs"),
        ("-l", "nan", "learning_rate"),
        ("-b", "many", "-b"),
    ],
)
def test_a_wrong_value_names_its_option(option, value, said, sample, tmp_path, capsys):
    line = told(capsys, ["train", "-s", str(sample), "--models", str(tmp_path), option, value])
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_models_cannot_lie_in_a_file(sample, tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "file" in told(capsys, arguments(sample, tmp_path / "file", "-e", "1"))
