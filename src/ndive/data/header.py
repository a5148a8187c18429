"""What one jets file says of itself, read without touching its rows, and the hash of its content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np

from ndive.data.hdf5 import attributes_of, odd_fields, opened, read_rows
from ndive.errors import SampleError
from ndive.files import reported
from ndive.schema import Schema
from ndive.schema.perigee import CORRELATIONS

FINGERPRINT_JETS = 1024
"""Jets at either end that enter a file's identity beside its bytes, since its datasets may be virtual."""

DEFAULT_FIELD = 2.0
"""Tesla along +z, in files that do not say."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One field as the file has it: its name there and its dtype."""

    name: str
    dtype: np.dtype


@dataclass(frozen=True, kw_only=True)
class Header:
    """The layout of one file.

    **Attributes:** `columns` maps dataset and name in the schema (or the file's own name, where the schema
    has none) to the column; `class_names` is the ordered class list, empty where the file has none;
    `field` is in tesla along +z, the attribute `field` of the root or 2; `attributes` are those of the root.
    """

    path: Path
    n_jets: int
    n_slots: int
    columns: Mapping[str, Mapping[str, Column]]
    class_names: tuple[str, ...]
    field: float
    attributes: Mapping[str, Any]


def read_header(path: Path, schema: Schema) -> Header:
    """Read the header of the file at `path`.

    **Raises:** `FileAccessError`, or `SampleError` where it is no HDF5 file, has no jets or no track slots,
    or lacks the datasets `jets` `(N,)` and `tracks` `(N, slots)` with named fields.
    """
    with opened(path) as file, attributes_of(path) as described:
        n_jets = _structured(file, "jets", 1).shape[0]
        tracks = _structured(file, "tracks", 2)
        if tracks.shape[0] != n_jets:
            raise SampleError(
                f"'{path}': dataset 'tracks' has {tracks.shape[0]} rows, dataset 'jets' has {n_jets}; "
                "allowed is one row a jet in both"
            )
        if n_jets == 0:
            raise SampleError(f"'{path}' has no jets")
        if tracks.shape[1] == 0:
            raise SampleError(f"'{path}': dataset 'tracks' has 0 track slots a jet, allowed is 1 or more")
        return Header(
            path=path,
            n_jets=n_jets,
            n_slots=tracks.shape[1],
            columns=MappingProxyType({name: _columns(file, name, schema) for name in ("jets", "tracks")}),
            class_names=_class_names(described["jets"]),
            field=_field(described.attrs, path),
            attributes=MappingProxyType(
                {_plain(name): _plain(value) for name, value in described.attrs.items()}
            ),
        )


def fingerprint(path: Path) -> str:
    """A hash of the whole content of the file at `path`, its attributes and its layout; it reads all of it.

    **Raises:** `FileAccessError` and `SampleError` as `read_header`.
    """
    with reported(path, "read"), path.open("rb") as content:
        of_bytes, size = hashlib.file_digest(content, "sha256").digest(), content.tell()
    with opened(path) as file, attributes_of(path) as described:
        jets, tracks = _structured(file, "jets", 1), _structured(file, "tracks", 2)
        attributes = sorted((name, repr(_plain(value))) for name, value in described.attrs.items())
        layout = [(name, node.shape, str(node.dtype)) for name, node in (("jets", jets), ("tracks", tracks))]
        digest = hashlib.sha256(repr((size, attributes, _class_names(described["jets"]), layout)).encode())
        edge = min(FINGERPRINT_JETS, len(jets))
        digest.update(read_rows(jets, 0, edge).tobytes())
        digest.update(read_rows(jets, len(jets) - edge, len(jets)).tobytes())
    digest.update(of_bytes)
    return digest.hexdigest()


def correlations(header: Header) -> tuple[str, ...]:
    """The correlations of track parameters that a file has."""
    return tuple(name for name in CORRELATIONS.values() if name in header.columns["tracks"])


def _structured(file: h5py.File, name: str, rank: int) -> h5py.Dataset:
    dataset = file.get(name)
    if dataset is None:
        if "vertices" in file and "jets" not in file:
            raise SampleError(
                f"'{file.filename}' holds vertices as 'ndive fit' writes them, in dataset 'vertices', "
                "and no jets; name the jets file that they are of"
            )
        found = ", ".join(f"'{key}'" for key in file) or "nothing"
        raise SampleError(f"'{file.filename}': no dataset '{name}'; found {found}")
    if not isinstance(dataset, h5py.Dataset):
        kind = type(dataset).__name__.lower()
        raise SampleError(f"'{file.filename}': '{name}' is a {kind}; allowed is a dataset with named fields")
    if dataset.dtype.names is None or dataset.ndim != rank:
        raise SampleError(
            f"'{file.filename}': dataset '{name}' has shape {dataset.shape} and dtype {dataset.dtype}; "
            f"allowed are {rank} axes and named fields"
        )
    odd = odd_fields(dataset)
    if odd:
        raise SampleError(
            f"'{file.filename}': dataset '{name}', field '{odd[0]}' has a number format of its own; "
            "allowed are the usual floats and integers"
        )
    return dataset


def _columns(file: h5py.File, dataset: str, schema: Schema) -> Mapping[str, Column]:
    dtype = file[dataset].dtype
    aliases = schema.aliases.get(dataset, {})
    named = {name: Column(name=name, dtype=dtype[name]) for name in dtype.names}
    known = {aliases[name]: column for name, column in named.items() if name in aliases}
    return MappingProxyType(known | {name: column for name, column in named.items() if name not in aliases})


def _field(attributes: h5py.AttributeManager, path: Path) -> float:
    value = _plain(attributes.get("field", DEFAULT_FIELD))
    if not isinstance(value, int | float) or not 0 < abs(value) < np.inf:
        raise SampleError(
            f"'{path}': attribute 'field' is {value!r}, allowed is a number of tesla other than 0"
        )
    return float(value)


def _class_names(jets: h5py.Dataset) -> tuple[str, ...]:
    values = np.atleast_1d(np.asarray(jets.attrs.get("flavour_label", ())))
    return tuple(str(_plain(value)) for value in values)


def _plain(value: Any) -> Any:
    """An attribute as a plain Python value."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, str):  # what is no UTF-8 comes as lone surrogates
        return value.encode(errors="surrogateescape").decode(errors="replace")
    if isinstance(value, np.ndarray):
        return [_plain(entry) for entry in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value
