"""A trained model as one file: a line of JSON that says what it is, then its arrays."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import equinox as eqx
import jax

from ndive.errors import CheckpointError, ConfigError
from ndive.files import reported, written_aside
from ndive.models.build import Model, build_model
from ndive.models.config import ModelConfig
from ndive.models.normalisation import identity_normalisation
from ndive.schema import load_schema

FORMAT = "ndive-model-1"


def save_model(path: str | Path, model: Model, config: ModelConfig) -> None:
    """Write `model`, its configuration, its normalisation and the version of the schema, aside and renamed.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    header = {"format": FORMAT, "schema": load_schema().version, "model": asdict(config)}
    with written_aside(path) as aside, aside.open("wb") as file:
        file.write(json.dumps(header).encode() + b"\n")
        eqx.tree_serialise_leaves(file, model)


def load_model(path: str | Path) -> tuple[Model, ModelConfig]:
    """Read what `save_model` wrote.

    **Raises:** `FileAccessError` where the file cannot be read, `CheckpointError` where it is damaged or not
    such a file, `ConfigError` where its configuration is not one of this version.
    """
    with reported(path, "read"), Path(path).open("rb") as file:
        config = _config(path, file.readline())
        skeleton = eqx.filter_eval_shape(build_model, config, identity_normalisation(), key=jax.random.key(0))
        try:
            return eqx.tree_deserialise_leaves(file, skeleton), config
        except (RuntimeError, ValueError, EOFError) as error:
            raise CheckpointError(f"model '{path}': its arrays are damaged") from error


def _config(path: str | Path, line: bytes) -> ModelConfig:
    try:
        header: dict[str, Any] = json.loads(line)
        if header["format"] != FORMAT:
            raise KeyError
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"model '{path}': not a model file of ndive") from error
    version = load_schema().version
    if header["schema"] != version:
        raise CheckpointError(f"model '{path}': made for schema {header['schema']}, this is schema {version}")
    try:
        return ModelConfig(**header["model"])
    except TypeError as error:
        raise ConfigError(f"model '{path}': {error}") from error
