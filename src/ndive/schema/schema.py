"""The layout of a jets file as frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


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
    """One class of track origin that a model learns, and the origin label by which it is written."""

    name: str
    title: str
    value: int


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
