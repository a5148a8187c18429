"""A trained model as one file: a line of JSON that says what it is, then its arrays."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from ndive.errors import CheckpointError, ConfigError
from ndive.files import reported, written_aside
from ndive.models.build import Model, build_model
from ndive.models.config import ModelConfig
from ndive.models.normalisation import identity_normalisation
from ndive.schema import load_schema

FORMAT = "ndive-model-1"


def save_model(path: str | Path, model: Model, config: ModelConfig) -> None:
    """Write `model`, its configuration, its normalisation, their dtype and the version of the schema.

    The file is written aside and renamed.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    header = {
        "format": FORMAT,
        "schema": load_schema().version,
        "dtype": float_dtype(model),
        "model": asdict(config),
    }
    write_with_header(path, header, serialised(model))


def load_model(path: str | Path) -> tuple[Model, ModelConfig]:
    """Read what `save_model` wrote.

    **Raises:** `FileAccessError` where the file cannot be read, `CheckpointError` where it is damaged, not
    such a file or of another dtype than this process computes in, `ConfigError` where its configuration is
    not one of this version.
    """
    with reported(path, "read"), Path(path).open("rb") as file:
        config = _config(path, file.readline())
        skeleton = eqx.filter_eval_shape(build_model, config, identity_normalisation(), key=jax.random.key(0))
        try:
            return eqx.tree_deserialise_leaves(file, skeleton), config
        except (RuntimeError, ValueError, EOFError) as error:
            raise CheckpointError(f"model '{path}': its arrays are damaged") from error


def serialised(tree: PyTree) -> bytes:
    """The arrays of `tree` as bytes."""
    buffer = io.BytesIO()
    eqx.tree_serialise_leaves(buffer, tree)
    return buffer.getvalue()


def write_with_header(path: str | Path, header: dict[str, Any], payload: bytes) -> None:
    """Write `header` as a line of JSON and `payload` behind it, aside and renamed.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    with written_aside(path) as aside:
        aside.write_bytes(json.dumps(header).encode() + b"\n" + payload)


def float_dtype(tree: PyTree) -> str:
    """The dtype of the floats among the arrays of `tree`, the widest where they differ."""
    floats = jax.tree.leaves(eqx.filter(tree, eqx.is_inexact_array))
    return jnp.result_type(*(array.dtype for array in floats)).name


def check_dtype(what: str, header: dict[str, Any]) -> None:
    """Refuse arrays of another dtype than this process computes in; a header without one is of float32.

    **Raises:** `CheckpointError`, which begins with `what`.
    """
    made, here = header.get("dtype", "float32"), jnp.result_type(float).name
    if made != here:
        raise CheckpointError(f"{what}: made in {made}, this process uses {here} (see JAX_ENABLE_X64)")


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
    check_dtype(f"model '{path}'", header)
    try:
        return ModelConfig(**header["model"])
    except TypeError as error:
        raise ConfigError(f"model '{path}': {error}") from error
