"""Configurations by name, from a YAML file or from a Python file, and as YAML."""

import runpy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from ndive.errors import ConfigError
from ndive.files import reported
from ndive.training.config import NAMELESS, TrainConfig
from ndive.training.fields import check_field, nearest
from ndive.training.presets import preset


def read_config(source: str) -> TrainConfig:
    """The configuration that `source` names: a preset, FILE.yaml, FILE.py:NAME, or none for the defaults.

    **Raises:** `ConfigError` where there is none of that name, with the nearest ones, or the file holds none;
    `FileAccessError` where it cannot be read.
    """
    if source == NAMELESS:
        return TrainConfig()
    path, colon, name = source.rpartition(":")
    if colon and path.endswith(".py"):
        return _from_python(Path(path), name)
    if source.endswith(".py"):
        return _from_python(Path(source), "")
    if source.endswith((".yaml", ".yml")):
        return _from_yaml(Path(source))
    return preset(source)


def config_from(values: Mapping[str, Any]) -> TrainConfig:
    """The configuration of these fields; those that are missing have their defaults.

    A number may be written as text, since YAML takes 1e-4 for text.

    **Raises:** `ConfigError` for an unknown field, with the nearest, and what `TrainConfig` refuses.
    """
    known = {field.name: field for field in fields(TrainConfig)}
    taken = {}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(f"configuration: unknown field '{name}', nearest: {nearest(str(name), known)}")
        taken[name] = _number(value) if isinstance(known[name].default, float) else value
        check_field(known[name], taken[name])
    return TrainConfig(**taken)


def to_yaml(config: TrainConfig) -> str:
    """A configuration as YAML that `read_config` reads back, each field with what it means."""
    lines = []
    for field in fields(config):
        value = yaml.safe_dump(getattr(config, field.name)).removesuffix("...\n").strip()
        lines.append(f"{f'{field.name}: {value}':43}  # {field.metadata['help']}\n")
    return "".join(lines)


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _from_yaml(path: Path) -> TrainConfig:
    with reported(path, "read"):
        content = path.read_bytes()
    try:
        document = yaml.compose(content, Loader=yaml.SafeLoader)
        values = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise ConfigError(f"'{path}' is no YAML: {error}") from error
    if not isinstance(document, yaml.MappingNode):
        raise ConfigError(f"'{path}' is no mapping, takes lines of 'field: value'")
    names = [key.value for key, _ in document.value]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"'{path}': {name} is there {names.count(name)} times, takes it once")
    with _told_of(path):
        return config_from(values)


def _from_python(path: Path, name: str) -> TrainConfig:
    with reported(path, "read"):
        path.read_bytes()
    try:
        with _told_of(path):
            names = runpy.run_path(str(path))
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"'{path}' cannot be run: {type(error).__name__}: {error}") from error
    found = {key: value for key, value in names.items() if isinstance(value, TrainConfig)}
    if name in found:
        return found[name]
    if not found:
        raise ConfigError(f"'{path}' has no TrainConfig, takes FILE.py:NAME where NAME is one")
    what = f"no TrainConfig '{name}'" if name else "which one? takes FILE.py:NAME"
    raise ConfigError(f"'{path}': {what}, nearest: {nearest(name, found)}")


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Let a `ConfigError` of the block say in which file."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"'{path}': {error}") from error
