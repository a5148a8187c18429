"""The options of `ndive train`: the published ones, every field, copies, files, devices."""

import shutil
from dataclasses import asdict, fields

import jax
import pytest

from ndive.cli import main, train
from ndive.cli.devices import chosen_devices, device_notice
from ndive.cli.switches import joined
from ndive.errors import ArgumentError
from ndive.training import TrainConfig, load_checkpoint, preset
from ndive.training.presets import DIFFERENCES
from tests.training.samples import write_directory

HASHED = "1d87c0"
"""Of the settings in `test_a_nameless_file_in_copies_with_tensorboard`."""

FTAG = {"model_name": "FTAG"}
LONG = {"batch_size": 7, "num_epochs": 9}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_directory(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Call it with options: the configuration and the runs that they ask for, without the runs."""

    def asked(*options):
        found = []
        monkeypatch.setattr(train, "made_ready", lambda config, samples, models: config)
        monkeypatch.setattr(
            train, "run_training", lambda ready, copy, **how: found.append((ready, copy, how))
        )
        call = ["train", "-s", "nowhere", "--models", str(tmp_path), *options]
        assert main(call) == 0
        return found

    return asked


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ([], {}),
        (["-m", "FTAG", "-b", "7", "-e", "9", "-l", "0.1"], FTAG | LONG | {"learning_rate": 0.1}),
        (["--model", "FTAG", "--batch_size", "7", "--epochs", "9"], FTAG | LONG),
        (["--learning_rate", "0.1", "--num_epochs", "9"], {"learning_rate": 0.1, "num_epochs": 9}),
        (["-m", "FTAG", "-p"], FTAG | {"pretrained_NDIVE": True}),
        (["-m", "FTAG", "--pretrained_NDIVE", "True"], FTAG | {"pretrained_NDIVE": True}),
        (["-m", "FTAG", "-p", "False"], FTAG),
        (["--use_adam", "true", "--no-use_ghost_track"], {"use_adam": True, "use_ghost_track": False}),
        (["--batch-size", "7"], {"batch_size": 7}),
    ],
)
def test_published_options_alone(options, changes, asked):
    ((config, _, _),) = asked(*options)
    assert config == TrainConfig(**changes)


@pytest.mark.parametrize("field", [field.name for field in fields(TrainConfig)])
def test_every_field_can_be_given_on_top_of_a_configuration(field, asked):
    base = "ftag_ndive_all_loss"
    values = {
        "config_name": "mine",
        "model_name": "NDIVE",
        "vertexer": "true_vertex",
        "track_weight_activation": "softmax",
        "pretrained_from": "ndive_only/model_2",
        "num_attention_heads": 4,
    }
    before = getattr(preset(base), field)
    value = values.get(field, (not before) if isinstance(before, bool) else before * 2)
    ((config, _, _),) = asked("-t", base, f"--{field}", str(value))
    assert asdict(config) == asdict(preset(base)) | {field: value}


def test_the_defaults_that_are_no_fields(asked):
    ((_, copy, how),) = asked()
    assert copy.seed == 0
    assert copy.directory.name == TrainConfig().name
    assert how["existing"] == "refuse"


@pytest.mark.parametrize(
    ("option", "minutes"), [([], 10), (["--save-every", "2.5"], 2.5), (["--save_every", "0"], 0)]
)
def test_minutes_between_checkpoints(option, minutes, asked):
    ((_, _, how),) = asked(*option)
    assert how["save_every"] == minutes


@pytest.mark.parametrize("option", [["-c"], ["--cont"], ["-c", "True"], ["--cont", "true"]])
def test_going_on(option, asked):
    ((_, _, how),) = asked(*option)
    assert how["existing"] == "resume"


@pytest.mark.parametrize("option", [["-c", "False"], ["--cont", "false"], ["-c=false"]])
def test_not_going_on(option, asked):
    ((_, _, how),) = asked(*option)
    assert how["existing"] == "refuse"


def test_copies_are_runs_of_their_own(asked, tmp_path):
    runs = asked("-t", "ndive_only", "--train_count", "3", "-c")
    assert [copy.directory for _, copy, _ in runs] == [
        tmp_path / "ndive_only" / f"model_{k}" for k in range(3)
    ]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_configuration_can_be_named(name, asked):
    ((config, _, _),) = asked("-t", name)
    assert config == preset(name)


def test_a_python_file(asked, tmp_path):
    (tmp_path / "mine.py").write_text("from ndive import TrainConfig\nit = TrainConfig(batch_size=3)\n")
    ((config, _, _),) = asked("-t", f"{tmp_path}/mine.py:it", "-e", "2")
    assert config == TrainConfig(batch_size=3, num_epochs=2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--vertexer", "avr"], "vertexer is 'avr', takes one of ndive, none, true_vertex"),
        (["-t", "final_ftag_base", "--vertex_loss"], "vertex_loss is true with vertexer 'none'"),
        (["--train_count", "-1"], "train_count is -1, allowed: 0 or more"),
        (["--batch_siz", "3"], "Did you mean --batch_size?"),
        (["-p"], "pretrained_NDIVE is true with model_name 'NDIVE', takes FTAG"),
        (["-m", "FTAG", "-p", "-b", "35"], "pretrained_from is 'final_ndive_only', but there is no '"),
        (["-b", "35", "-n", "-2"], "num_gpus is -2, allowed: 0 (the CPU) or more"),
        (
            ["-b", "35", "--save_every", "-1"],
            "save_every is -1.0, allowed: 0 (after each step) or more minutes",
        ),
        (["-t", "nowhere.yaml"], "cannot read 'nowhere.yaml'"),
    ],
)
def test_what_is_refused(options, said, sample, told, tmp_path):
    line = told(["train", "-s", str(sample), "--models", str(tmp_path), *options])
    assert said in line


@pytest.mark.parametrize(
    ("asked_for", "found", "said"),
    [
        (0, 0, None),
        (0, 4, None),
        (1, 1, None),
        (2, 0, "-n asks for 2 GPUs, none is here: training on the CPU"),
        (1, 0, "-n asks for 1 GPU, none is here: training on the CPU"),
        (2, 1, "-n asks for 2 GPUs, 1 is here: training on it"),
        (4, 2, "-n asks for 4 GPUs, 2 are here: training on them"),
        (2, 4, None),
        (1, 4, None),
        (None, 0, "no GPU here: training on the CPU"),
        (None, 1, "1 GPU here: training on it"),
        (None, 2, None),
    ],
)
def test_what_is_said_of_devices(asked_for, found, said):
    assert device_notice(asked_for, found) == said


def test_a_number_of_devices(monkeypatch):
    with chosen_devices(0):
        assert jax.numpy.zeros(1).device.platform == "cpu"
    with pytest.raises(ArgumentError, match="num_gpus is -1"), chosen_devices(-1):
        pass


def test_words_behind_switches_are_joined():
    given = ["train", "-s", "false", "-c", "False", "--use_adam", "-t", "x", "--b=1", "true"]
    assert joined(given) == ["train", "-s=false", "-c=False", "--use_adam", "-t", "x", "--b=1", "true"]


def test_a_nameless_file_in_copies_with_tensorboard(sample, quick_compilation, tmp_path, monkeypatch, capsys):
    """From YAML to two models; where there is no GPU, the default of two is said once."""
    monkeypatch.setenv("NDIVE_MODEL_PATH", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = (
        "model_name: FTAG\nvertexer: none\nvertex_loss: false\nnum_attention_layers: 0\nbatch_size: 35\n"
    )
    (tmp_path / "mine.yaml").write_text(options + "num_epochs: 1\nlearning_rate: 1e-3\n", encoding="utf-8")
    call = ["train", "-t", f"{tmp_path}/mine.yaml", "-s", str(sample), "--train_count", "2"]
    assert main([*call, "--tensorboard"]) == 0
    said = capsys.readouterr().err.splitlines()
    jax.config.update("jax_compilation_cache_dir", None)
    assert [line for line in said if "GPU" in line] == ["no GPU here: training on the CPU"]
    assert said[1].startswith("epoch    1/1  train ")
    assert "  right:  flavour " in said[1]
    for copy in ("model_0", "model_1"):
        place = tmp_path / "models" / HASHED / copy
        assert {path.name for path in place.iterdir()} >= {"best.eqx", "history.csv", "tensorboard"}
        assert load_checkpoint(place / "checkpoint_0001.eqx")[1].num_attention_layers == 0
    shutil.rmtree(tmp_path / "models" / HASHED / "model_1")
    assert main([*call, "-c"]) == 0
    told = capsys.readouterr().err
    assert "reusing the finished run of 1 epochs" in told
    assert "nothing to go on from" in told
    assert main([*call, "-c", "-e", "2"]) == 0
    assert capsys.readouterr().err.count("going on after epoch 1 in") == 2
