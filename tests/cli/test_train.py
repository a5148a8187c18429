"""`ndive train` as a user calls it: what it leaves, how it goes on, and one line for each mistake."""

import os
import signal
import subprocess
import sys
import time

import jax
import pytest

from ndive.cli import main
from tests.training.samples import write_directory


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_directory(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A place for compiled programs, so that each is compiled once here and none is left with the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
    jax.config.update("jax_compilation_cache_dir", None)


@pytest.fixture(scope="module")
def models(sample, cache, quick_compilation, tmp_path_factory):
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


def test_a_wrong_seed_removes_no_run(sample, models, capsys):
    told(capsys, arguments(sample, models, "-e", "2", "--overwrite", "--seed", "-1"))
    assert (models / "final_ftag_base" / "best.eqx").exists()


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
        ("--seed", "-1", "seed is -1, allowed: 0 to 4294967295"),
    ],
)
def test_a_wrong_value_names_its_option(option, value, said, sample, tmp_path, capsys):
    line = told(capsys, ["train", "-s", str(sample), "--models", str(tmp_path), option, value])
    assert said in line
    assert list(tmp_path.iterdir()) == []


def test_models_cannot_lie_in_a_file(sample, tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "is not a directory" in told(capsys, arguments(sample, tmp_path / "file"))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_models_cannot_lie_where_nothing_may_be_written(sample, tmp_path, capsys):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "no permission" in told(capsys, arguments(sample, tmp_path / "closed" / "models"))
    assert list((tmp_path / "closed").iterdir()) == []


def test_nothing_to_go_on_from_is_said_and_the_run_starts(sample, models, tmp_path, capsys):
    assert main(arguments(sample, tmp_path, "-e", "2", "-c")) == 0
    assert "nothing to go on from" in capsys.readouterr().err
    made, asked = (place / "final_ftag_base" / "checkpoint_0002.eqx" for place in (tmp_path, models))
    assert made.read_bytes() == asked.read_bytes()


def test_ctrl_c_keeps_the_last_epoch_and_c_goes_on(sample, models, tmp_path, capsys):
    call = [sys.executable, "-m", "ndive", *arguments(sample, tmp_path, "-e", "100000")]
    quick = os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    process = subprocess.Popen(call, stderr=subprocess.PIPE, text=True, env=quick)
    while not list(tmp_path.glob("*/checkpoint_0003.eqx")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    *epochs, last = process.communicate(timeout=60)[1].splitlines()
    assert process.returncode == 130
    assert all(line.startswith("epoch ") for line in epochs)
    done = max(int(path.stem[-4:]) for path in tmp_path.glob("*/checkpoint_*.eqx"))
    assert (
        last
        == f"ndive: interrupted; epoch {done} is kept in '{tmp_path}/final_ftag_base', -c goes on from there"
    )
    assert not list(tmp_path.glob("*/.*"))
    assert main(arguments(sample, tmp_path, "-e", str(done + 1), "-c")) == 0
    assert f"going on after epoch {done} in" in capsys.readouterr().err
