"""The layout of a jets file as frozen dataclasses, read from versioned YAML."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import yaml

from ndive.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a dataset: name, dtype and unit on file, and factor to the program's unit."""

    name: str
    dtype: np.dtype
    unit: str
    factor: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Flavour:
    """One jet class: its name, its truth label, and how it is called in figures."""

    name: str
    truth_label: int
    title: str


@dataclass(frozen=True, kw_only=True)
class OriginClass:
    """One class of track origin that a model learns."""

    name: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One value of the origin label, and the index of its class."""

    value: int
    name: str
    origin_class: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one job needs of a file: dataset -> names of fields."""

    name: str
    title: str
    needs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A file layout: datasets and their fields, class order, enums, aliases, and what each job needs."""

    version: int
    flavours: tuple[Flavour, ...]
    origin_classes: tuple[OriginClass, ...]
    origins: tuple[Origin, ...]
    primary_vertex_index: int
    unlinked_vertex_index: int
    datasets: Mapping[str, Mapping[str, Field]]
    aliases: Mapping[str, Mapping[str, str]]
    jobs: Mapping[str, Job]

    def dtype(self, dataset: str) -> np.dtype:
        """Structured dtype of a whole dataset, fields in the order of the schema."""
        return np.dtype([(field.name, field.dtype) for field in self.datasets[dataset].values()])

    @property
    def class_names(self) -> tuple[str, ...]:
        """The flavour names in the order of `flavour_label`."""
        return tuple(flavour.name for flavour in self.flavours)

    def origin_value(self, name: str) -> int:
        """The value of `ftagTruthOriginLabel` called `name`."""
        return next(origin.value for origin in self.origins if origin.name == name)


def load_schema(path: str | Path | None = None) -> Schema:
    """Read a schema: the package's own, or a user's YAML file at `path`.

    **Raises:** `ConfigError` where the file cannot be read or lacks a part.
    """
    return _built_in() if path is None else _parse(_read(Path(path)), str(path))


@cache
def _built_in() -> Schema:
    text = resources.files("ndive.schema").joinpath("ftag_v1.yaml").read_text(encoding="utf-8")
    return _parse(yaml.safe_load(text), "ftag_v1.yaml")


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"schema '{path}': {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"schema '{path}': not YAML: {' '.join(str(error).split())}") from error


def _parse(tree: Any, where: str) -> Schema:
    try:
        return _build(tree)
    except KeyError as error:
        raise ConfigError(f"schema '{where}': missing or unknown name {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"schema '{where}': {' '.join(str(error).split())}") from error


def _build(tree: Mapping[str, Any]) -> Schema:
    factors = {unit: float(entry["factor"]) for unit, entry in tree["units"].items()}
    datasets = {
        dataset: MappingProxyType({name: _field(name, entry, factors) for name, entry in fields.items()})
        for dataset, fields in tree["datasets"].items()
    }
    classes = tuple(OriginClass(**entry) for entry in tree["origin_classes"])
    index = {origin_class.name: number for number, origin_class in enumerate(classes)}
    return Schema(
        version=int(tree["version"]),
        flavours=tuple(Flavour(**entry) for entry in tree["flavours"]),
        origin_classes=classes,
        origins=tuple(
            Origin(value=entry["value"], name=entry["name"], origin_class=index[entry["class"]])
            for entry in tree["origins"]
        ),
        primary_vertex_index=tree["vertex_index"]["primary"],
        unlinked_vertex_index=tree["vertex_index"]["unlinked"],
        datasets=MappingProxyType(datasets),
        aliases=MappingProxyType(
            {dataset: MappingProxyType(names) for dataset, names in tree["aliases"].items()}
        ),
        jobs=MappingProxyType({name: _job(name, tree["jobs"], datasets) for name in tree["jobs"]}),
    )


def _field(name: str, entry: Mapping[str, str], factors: Mapping[str, float]) -> Field:
    unit = entry.get("unit", "")
    return Field(
        name=name,
        dtype=np.dtype(entry["dtype"]),
        unit=unit,
        factor=factors.get(unit, 1.0),
        text=entry["text"],
    )


def _job(name: str, jobs: Mapping[str, Any], datasets: Mapping[str, Mapping[str, Field]]) -> Job:
    """One job with the needs of those it includes, in the order of the schema."""
    wanted: dict[str, set[str]] = {dataset: set() for dataset in datasets}
    pending = [name]
    while pending:
        entry = jobs[pending.pop()]
        pending.extend(entry.get("also", []))
        for dataset in datasets:
            names = entry.get(dataset, [])
            unknown = set(names) - set(datasets[dataset])
            if unknown:
                raise KeyError(", ".join(sorted(unknown)))
            wanted[dataset].update(names)
    needs = {
        dataset: tuple(field for field in datasets[dataset] if field in names)
        for dataset, names in wanted.items()
    }
    return Job(name=name, title=jobs[name]["title"], needs=MappingProxyType(needs))
