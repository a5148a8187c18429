"""The file of a trained model."""

import json
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import CheckpointError, ConfigError, FileAccessError
from ndive.models import (
    Model,
    ModelConfig,
    Normalisation,
    build_model,
    identity_normalisation,
    load_model,
    save_model,
)

CONFIG = ModelConfig(model="FTAG", vertexer="none")


@pytest.fixture(scope="module")
def model() -> Model:
    normalisation = Normalisation(
        mean=jnp.arange(18.0), scale=jnp.arange(1.0, 19.0), vertex_scale=jnp.array([1.0, 2.0, 3.0])
    )
    return build_model(CONFIG, normalisation, key=jax.random.key(5))


@pytest.fixture
def path(model: Model, tmp_path: Path) -> Path:
    save_model(tmp_path / "model.eqx", model, CONFIG)
    return tmp_path / "model.eqx"


def test_all_that_is_saved_comes_back(model: Model, path: Path) -> None:
    loaded, config = load_model(path)
    assert config == CONFIG
    assert eqx.tree_equal(loaded, model)
    np.testing.assert_array_equal(loaded.normalisation.mean, np.arange(18.0))
    assert sorted(file.name for file in path.parent.iterdir()) == ["model.eqx"]


def test_first_line_tells_what_it_is(path: Path) -> None:
    header = json.loads(path.read_bytes().partition(b"\n")[0])
    assert header["schema"] == 1
    assert header["dtype"] == "float32"
    assert header["model"]["vertexer"] == "none"


def test_a_truncated_file_is_damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(path)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n", b'{"format": "other"}\n', b"[1]\n"])
def test_another_file_is_no_model(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a model file"):
        load_model(path)


def test_a_field_of_another_version_is_named(path: Path) -> None:
    line, _, payload = path.read_bytes().partition(b"\n")
    header = json.loads(line)
    header["model"]["colour"] = "red"
    path.write_bytes(json.dumps(header).encode() + b"\n" + payload)
    with pytest.raises(ConfigError, match="colour"):
        load_model(path)


def test_a_model_of_another_precision_is_not_damaged(path: Path) -> None:
    with (
        jax.enable_x64(True),
        pytest.raises(CheckpointError, match=r"model\.eqx': made in float32, this process uses float64"),
    ):
        load_model(path)


def test_a_model_of_float64_comes_back(tmp_path: Path) -> None:
    with jax.enable_x64(True):
        model = build_model(CONFIG, identity_normalisation(), key=jax.random.key(5))
        save_model(tmp_path / "model.eqx", model, CONFIG)
        assert eqx.tree_equal(load_model(tmp_path / "model.eqx")[0], model)
    with pytest.raises(CheckpointError, match="made in float64, this process uses float32"):
        load_model(tmp_path / "model.eqx")


def test_a_model_that_does_not_tell_its_precision_is_of_float32(model: Model, path: Path) -> None:
    line, _, payload = path.read_bytes().partition(b"\n")
    header = json.loads(line)
    del header["dtype"]
    path.write_bytes(json.dumps(header).encode() + b"\n" + payload)
    assert eqx.tree_equal(load_model(path)[0], model)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"nowhere\.eqx"):
        load_model(tmp_path / "nowhere.eqx")


def test_a_full_disk_is_said_and_leaves_the_old_file(model: Model, path: Path) -> None:
    before = path.read_bytes()
    program = (
        "import resource, sys; from ndive.models import load_model, save_model\n"
        "model, config = load_model(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))\n"
        "try: save_model(sys.argv[1], model, config)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert run.stdout == f"FileAccessError cannot write '{path}': File too large\n"
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
