"""The state of a trained model for PyTorch: arrays by name in a safetensors file, and what they belong to.

The format holds numbers and texts alone, so that nothing is unpickled, whoever a file is from.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ndive.errors import CheckpointError, ConfigError, MissingExtraError
from ndive.export.program import check_reads_no_truth
from ndive.files import reported, written_aside
from ndive.models import Model, ModelConfig
from ndive.schema import load_schema

FORMAT = "ndive-torch-1"


def write_torch_state(path: str | Path, model: Model, config: ModelConfig) -> None:
    """Write the arrays of `model` under the names of its PyTorch module, with its configuration.

    **Raises:** `ArgumentError` where the model reads the truth; `FileAccessError` where the place cannot be
    written; `MissingExtraError` without the extra `torch`.
    """
    safetensors = _library()
    check_reads_no_truth(model)
    header = {"format": FORMAT, "schema": load_schema().version, "model": asdict(config)}
    with written_aside(path) as aside:
        aside.write_bytes(safetensors.numpy.save(state_of(model), {"ndive": json.dumps(header)}))


def read_torch_state(path: str | Path) -> tuple[Mapping[str, Any], ModelConfig]:
    """The tensors that `write_torch_state` wrote, and the configuration.

    **Raises:** `FileAccessError` where the file cannot be read, `CheckpointError` where it is damaged or not
    such a file, `ConfigError` where its configuration is not one of this version; `MissingExtraError`
    without the extra `torch`.
    """
    safetensors = _library()
    with reported(path, "read"), Path(path).open("rb"):
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                header = json.loads(file.metadata()["ndive"])
                tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
            ours = (header["format"], header["schema"]) == (FORMAT, load_schema().version)
        except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"state '{path}': not a file of 'ndive export --format pytorch'") from error
    if not ours:
        raise CheckpointError(
            f"state '{path}': {header['format']} for schema {header['schema']}, this is {FORMAT} for schema "
            f"{load_schema().version}"
        )
    try:
        return tensors, ModelConfig(**header["model"])
    except (TypeError, KeyError) as error:
        raise ConfigError(f"state '{path}': {error}") from error


def state_of(model: Model) -> dict[str, np.ndarray]:
    """The arrays of a model by their path in it; weights become `[outputs, inputs]`, as PyTorch has them."""
    leaves = jax.tree_util.tree_leaves_with_path(eqx.filter(model, eqx.is_array))
    named = {jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(x) for path, x in leaves}
    return {
        name: np.ascontiguousarray(array.T) if array.ndim == 2 else array for name, array in named.items()
    }


def _library() -> Any:
    """safetensors, which the fit in PyTorch does without."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise MissingExtraError("torch", "the format pytorch") from error
    return safetensors
