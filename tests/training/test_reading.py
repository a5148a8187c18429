"""Configurations from names and files, and what is said of wrong ones."""

from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
import yaml

from ndive.errors import ConfigError, FileAccessError
from ndive.training import TrainConfig, preset, read_config
from ndive.training.presets import DIFFERENCES
from ndive.training.reading import to_yaml

PYTHON = """
from dataclasses import replace
from ndive import preset
mine = replace(preset("final_ftag_base"), config_name="mine", num_epochs=3)
other = 5
"""


@pytest.mark.parametrize("name", DIFFERENCES)
def test_what_is_printed_is_read_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(to_yaml(preset(name)), encoding="utf-8")
    assert read_config(str(path)) == preset(name) == read_config(name)


def test_each_field_is_a_line_with_its_meaning() -> None:
    lines = to_yaml(TrainConfig()).splitlines()
    for field, line in zip(fields(TrainConfig), lines, strict=True):
        assert line.startswith(f"{field.name}: ")
        assert line.endswith(f"# {field.metadata['help']}")
    assert yaml.safe_load("\n".join(lines)) == asdict(TrainConfig())


def test_none_are_the_defaults() -> None:
    assert read_config("none") == TrainConfig()


def test_missing_fields_have_their_defaults_and_yaml_numbers_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "few.yml"
    path.write_text("learning_rate: 1e-4\nuse_adam: yes\n", encoding="utf-8")
    assert isinstance(yaml.safe_load(path.read_bytes())["learning_rate"], str)
    assert read_config(str(path)) == TrainConfig(learning_rate=1e-4, use_adam=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batchsize: 5", "unknown field 'batchsize', nearest: batch_size"),
        ("batch_size: many", "batch_size is 'many', takes a whole number, 1 or more"),
        ("learning_rate: fast", "learning_rate is 'fast', takes a positive number"),
        ("use_adam: maybe", "use_adam is 'maybe', takes true or false"),
        ("model_name: FTAG\nvertexer: none", "vertex_loss is true with vertexer 'none'"),
        ("use_adam: true\nuse_adam: false", "use_adam is there 2 times, takes it once"),
        ("- a\n- b", "is no mapping"),
        ("", "is no mapping"),
        ("a: [1", "is no YAML"),
        ("a: !!python/object/apply:os.getcwd []", "is no YAML"),
        ("\x00", "is no YAML"),
    ],
)
def test_a_wrong_file_is_told_with_its_name(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_config(str(path))
    assert said in str(error.value)
    assert "wrong.yaml'" in str(error.value)


def test_a_configuration_of_a_python_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PYTHON, encoding="utf-8")
    expected = replace(preset("final_ftag_base"), config_name="mine", num_epochs=3)
    assert read_config(f"{path}:mine") == expected
    assert [one.name for one in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (PYTHON, ":mien", "no TrainConfig 'mien', nearest: mine"),
        (PYTHON, ":other", "no TrainConfig 'other'"),
        (PYTHON, "", "which one? takes FILE.py:NAME, nearest: mine"),
        ("x = 1", ":x", "has no TrainConfig"),
        ("1 / 0", ":x", "cannot be run: ZeroDivisionError"),
        ("from ndive import TrainConfig\nx = TrainConfig(batch_size=0)", ":x", "batch_size is 0"),
    ],
)
def test_a_wrong_python_file(text: str, name: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_config(f"{path}{name}")
    assert said in str(error.value)
    assert "mine.py'" in str(error.value)


@pytest.mark.parametrize("source", ["nowhere.yaml", "nowhere.py:mine"])
def test_a_file_that_is_not_there(source: str, tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"nowhere.*No such file"):
        read_config(f"{tmp_path}/{source}")


def test_an_unknown_name_has_its_nearest() -> None:
    with pytest.raises(
        ConfigError, match="unknown configuration 'final_ftag_nidve', nearest: final_ftag_ndive"
    ):
        read_config("final_ftag_nidve")
