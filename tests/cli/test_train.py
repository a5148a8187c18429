"""`ndive train` as a user calls it: what it leaves, how it goes on, and one line for each mistake."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import h5py
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


@pytest.fixture
def no_new_programs(cache):
    """No compiled program is written: it is larger than the files of a model."""
    name = "jax_persistent_cache_min_compile_time_secs"
    before = getattr(jax.config, name)
    jax.config.update(name, 1e9)
    yield
    jax.config.update(name, before)


def arguments(sample, models, *more):
    options = ["-t", "final_ftag_base", "-b", "35", "-n", "0", "-s", str(sample), "--models", str(models)]
    return ["train", *options, *more]


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
    line = told(capsys, arguments(sample, models, "-e", "2"))
    assert "holds a run up to epoch" in line
    assert line.endswith(": -c goes on with it, --overwrite makes it anew")


@pytest.mark.parametrize(
    ("split", "options", "said"),
    [
        ("*", ["--seed", "-1"], "seed is -1"),
        ("*", ["-b", "71"], "batch size 71; allowed is 1 to the 70 jets"),
        ("*", ["-c"], "give one of the two"),
        ("*", ["-l", "1e30"], "not finite in batch 2 of epoch 1"),
        ("*_train", [], "matches '*_val.h5'"),
        ("*_val", [], "matches '*_train.h5'"),
    ],
)
def test_a_run_that_cannot_start_removes_none(split, options, said, sample, models, tmp_path, capsys):
    for path in sample.glob(f"{split}.h5"):
        (tmp_path / path.name).symlink_to(path)
    run = models / "final_ftag_base"
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    call = ["train", "-t", "final_ftag_base", "-n", "0", "-s", str(tmp_path), "--models", str(models)]
    batch = [] if "-b" in options else ["-b", "35"]
    assert said in told(capsys, [*call, "--overwrite", "-e", "2", *batch, *options])
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_damaged_row_of_the_validation_jets_removes_no_run(sample, models, tmp_path, capsys):
    shutil.copytree(sample, tmp_path / "sample")
    with h5py.File(tmp_path / "sample" / "toy_val.h5", "r+") as file:
        rows = file["jets"][:]
        rows["pt"][3] = float("nan")
        file["jets"][:] = rows
    before = (models / "final_ftag_base" / "best.eqx").read_bytes()
    assert main(arguments(tmp_path / "sample", models, "--overwrite", "-e", "2")) == 2
    assert "jet 3: found nan" in capsys.readouterr().err
    assert (models / "final_ftag_base" / "best.eqx").read_bytes() == before


def test_overwrite_starts_anew(sample, models, tmp_path):
    shutil.copytree(models, tmp_path / "models")
    assert main(arguments(sample, tmp_path / "models", "-e", "1", "--overwrite")) == 0
    left = {path.name for path in (tmp_path / "models" / "final_ftag_base").iterdir()}
    assert left == {"best.eqx", "history.csv", "checkpoint_0001.eqx"}


@pytest.mark.parametrize("name", ["toy_train.h5", "*_train.h5"])
def test_training_jets_do_not_serve_to_validate(name, sample, tmp_path, capsys):
    line = told(capsys, arguments(sample / name, tmp_path, "-e", "2"))
    assert "is in the training and in the validation sample" in line
    assert "give a directory with *_train.h5 and *_val.h5" in line
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_diverges_is_told_and_leaves_its_last_good_state(sample, models, tmp_path, capsys):
    line = told(capsys, arguments(sample, tmp_path, "-e", "2", "-l", "1e30"))
    assert (
        "not finite in batch 2 of epoch 1: loss flavour, origin, pairing of 35 of its 35 jets, first jet"
        in line
    )
    assert line.endswith("toy_train.h5'; take a learning rate below 1e+30")
    left = [path.name for path in (tmp_path / "final_ftag_base").iterdir()]
    assert left == ["checkpoint_0000_000001.eqx"]


def test_help_says_where_models_go(capsys):
    main(["train", "--help"])
    said = "".join(capsys.readouterr().out.split())
    assert "$NDIVE_MODEL_PATH" in said
    assert "~/.local/share/ndive/models" in said.replace("││", "")


def test_another_run_is_not_gone_on_with(sample, models, capsys):
    line = told(capsys, arguments(sample, models, "-e", "4", "-c", "--seed", "7"))
    assert "seed 0 there, 7 here" in line


@pytest.mark.parametrize(("split", "name"), [("train", "training"), ("val", "validation")])
def test_a_sample_that_changed_since_is_told(split, name, sample, models, tmp_path, capsys):
    changed = shutil.copytree(sample, tmp_path / "sample") / f"toy_{split}.h5"
    with h5py.File(changed, "r+") as file:
        rows = file["jets"][:]
        rows["pt"][5] *= 1.01
        file["jets"][:] = rows
    line = told(capsys, arguments(tmp_path / "sample", models, "-e", "4", "-c"))
    assert f"run: the {name} sample is another one or has changed since, here '{changed}'; " in line


@pytest.mark.parametrize(("room", "left"), [(1000, set()), (200_000, {"best.eqx", "history.csv"})])
def test_a_full_disk_leaves_nothing_half_written(
    room, left, sample, models, no_new_programs, tmp_path, capsys
):
    """A limit to the size of a file stands for it: the checkpoint is the largest."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        line = told(capsys, arguments(sample, tmp_path / "models", "-e", "2"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    written = "checkpoint_0001.eqx" if left else "best.eqx"
    place = tmp_path / "models" / "final_ftag_base"
    assert line == f"ndive: cannot write '{place / written}': File too large"
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == left
    assert main(arguments(sample, tmp_path / "models", "-e", "2")) == 0
    made, asked = (one / "final_ftag_base" / "checkpoint_0002.eqx" for one in (place.parent, models))
    assert made.read_bytes() == asked.read_bytes()


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


def test_ctrl_c_keeps_the_last_step_and_c_goes_on(sample, models, tmp_path, capsys):
    """Two batches make an epoch of one step, after which, or after whose validation, it stops."""
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
    newest = max(path.stem for path in tmp_path.glob("*/checkpoint_*.eqx"))
    done = int(newest[11:15])
    assert newest in (f"checkpoint_{done:04d}", f"checkpoint_{done:04d}_000002")
    kept = f"batch 2 of epoch {done + 1}" if newest.endswith("_000002") else f"epoch {done}"
    place = tmp_path / "final_ftag_base"
    assert last == f"ndive: interrupted; {kept} is kept in '{place}', -c goes on from there"
    assert not list(tmp_path.glob("*/.*"))
    assert main(arguments(sample, tmp_path, "-e", str(done + 1), "-c")) == 0
    assert f"going on after {kept} in" in capsys.readouterr().err
