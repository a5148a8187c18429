"""Schemas from YAML: the package's own, and what a user's file says otherwise."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ndive.errors import ConfigError
from ndive.schema.building import build
from ndive.schema.schema import Schema


def load_schema(path: str | Path | None = None) -> Schema:
    """Read a schema: the package's own, or the same with what a user's YAML file at `path` says otherwise.

    **Raises:** `ConfigError` where the file cannot be read, or makes no schema that serves the jobs.
    """
    if path is None:
        return _built_in()
    own = _read(Path(path))
    try:
        schema = build(_merged(_tree(), own))
        _check_jobs(schema)
        return schema
    except KeyError as error:
        raise ConfigError(f"schema '{path}': missing or unknown name {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"schema '{path}': {' '.join(str(error).split())[:200]}") from error


@cache
def _built_in() -> Schema:
    return build(_tree())


def _tree() -> Any:
    text = resources.files("ndive.schema").joinpath("ftag_v1.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"schema '{path}': {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"schema '{path}': not YAML: {' '.join(str(error).split())[:200]}") from error


def _merged(base: Any, own: Any) -> Any:
    """`base` with what `own` says otherwise: mappings entry by entry, all else as a whole."""
    if not isinstance(base, Mapping):
        return own
    if not isinstance(own, Mapping):
        raise TypeError(f"found {own!r:.50}, allowed is a mapping with {', '.join(map(str, base))}")
    return {**base, **{name: _merged(base[name], own[name]) if name in base else own[name] for name in own}}


def _check_jobs(schema: Schema) -> None:
    """Refuse a schema that the program cannot read by: its jobs need what they always need, in its kind."""
    for name, job in _built_in().jobs.items():
        for dataset, fields in job.needs.items():
            missing = sorted(set(fields) - set(schema.jobs[name].needs[dataset]))
            if missing:
                raise ValueError(f"job '{name}' must need {', '.join(missing)} of '{dataset}'")
    for dataset, known in _built_in().datasets.items():
        for field in known.values():
            if schema.datasets[dataset][field.name].dtype.kind != field.dtype.kind:
                raise ValueError(f"field '{field.name}' of '{dataset}' has another kind than {field.dtype}")
