"""A schema from its YAML: every entry is looked at before it is used."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from ndive.schema.schema import Field, Flavour, Job, Origin, OriginClass, Schema

LARGEST_LABEL = 1_000_000
"""Of an enum; tables are as long as its largest value."""

Named = TypeVar("Named", Flavour, Origin, OriginClass)


def build(tree: Mapping[str, Any]) -> Schema:
    """The schema that a tree of mappings, lists, texts and numbers describes.

    **Raises:** `KeyError`, `TypeError`, `ValueError` or `AttributeError` for the first entry that is wrong.
    """
    factors = {unit: _factor(unit, entry["factor"]) for unit, entry in tree["units"].items()}
    datasets = {
        dataset: MappingProxyType({name: _field(name, entry, factors) for name, entry in fields.items()})
        for dataset, fields in tree["datasets"].items()
    }
    classes = [_origin_class(entry) for entry in tree["origin_classes"]]
    index = {origin_class.name: number for number, origin_class in enumerate(classes)}
    return Schema(
        version=_integer(tree["version"]),
        flavours=_distinct([_flavour(entry) for entry in tree["flavours"]]),
        origin_classes=_distinct(classes),
        origins=_distinct([_origin(entry, index) for entry in tree["origins"]]),
        primary_vertex_index=_integer(tree["vertex_index"]["primary"]),
        unlinked_vertex_index=_integer(tree["vertex_index"]["unlinked"]),
        datasets=MappingProxyType(datasets),
        aliases=MappingProxyType(
            {dataset: _aliases(names, datasets[dataset]) for dataset, names in tree["aliases"].items()}
        ),
        jobs=MappingProxyType({name: _job(name, tree["jobs"], datasets) for name in tree["jobs"]}),
    )


def _flavour(entry: Mapping[str, Any]) -> Flavour:
    return Flavour(truth_label=_integer(entry["truth_label"]), **_texts(entry, "name", "title"))


def _origin_class(entry: Mapping[str, Any]) -> OriginClass:
    return OriginClass(value=_integer(entry["value"]), **_texts(entry, "name", "title"))


def _origin(entry: Mapping[str, Any], classes: Mapping[str, int]) -> Origin:
    value = _integer(entry["value"])
    if value < 0:
        raise ValueError(f"origin {value}, allowed is 0 or more")
    return Origin(value=value, origin_class=classes[entry["class"]], **_texts(entry, "name"))


def _field(name: str, entry: Mapping[str, Any], factors: Mapping[str, float]) -> Field:
    texts, dtype = _texts({"unit": "", **entry}, "unit", "text"), np.dtype(entry["dtype"])
    if dtype.kind not in "fiub" or dtype.shape:
        raise TypeError(f"field '{name}' has dtype {dtype}, allowed are floats, integers and bool")
    return Field(name=name, dtype=dtype, factor=factors.get(texts["unit"], 1.0), **texts)


def _job(name: str, jobs: Mapping[str, Any], datasets: Mapping[str, Mapping[str, Field]]) -> Job:
    """One job with the needs of those it includes, in the order of the schema."""
    wanted: dict[str, set[str]] = {dataset: set() for dataset in datasets}
    included, pending = set(), [name]
    while pending:
        included.add(pending[-1])
        entry = jobs[pending.pop()]
        pending.extend(other for other in entry.get("also", []) if other not in included)
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
    return Job(name=name, needs=MappingProxyType(needs), **_texts(jobs[name], "title"))


def _aliases(names: Mapping[str, str], fields: Mapping[str, Field]) -> Mapping[str, str]:
    unknown = [name for name in names.values() if name not in fields]
    if unknown:
        raise KeyError(", ".join(map(str, unknown)))
    return MappingProxyType(dict(names))


def _factor(unit: str, value: Any) -> float:
    factor = float(value)
    if not 0 < factor < np.inf:
        raise ValueError(f"factor of {unit} is {value}, allowed are numbers above 0")
    return factor


def _distinct(entries: Sequence[Named]) -> tuple[Named, ...]:
    names = [entry.name for entry in entries]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"names {', '.join(names) or '(none)'}, allowed are one or more that differ")
    return tuple(entries)


def _texts(entry: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Some texts of an entry."""
    for name in names:
        if not isinstance(entry[name], str):
            raise TypeError(f"{name} is {entry[name]!r:.50}, allowed is a text")
    return {name: entry[name] for name in names}


def _integer(value: Any) -> int:
    if not isinstance(value, int) or abs(value) > LARGEST_LABEL:
        raise TypeError(f"found {value!r:.50}, allowed is an integer of up to {LARGEST_LABEL}")
    return value
