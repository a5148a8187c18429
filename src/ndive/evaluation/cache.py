"""Arrays kept on disk under everything that they depend on, so that none is computed twice or goes stale.

They are mapped, and read once for their checksums: what nobody looks at takes no memory that the system could
not have back.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from ndive.data import written_hdf5
from ndive.data.hdf5 import attributes_of
from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions

Kept = TypeVar("Kept", JetTable, Predictions)
Tree = TypeVar("Tree", JetTable, Predictions, FittedVertices)

CHECKSUM = "crc32"

NOTHING = h5py.Empty("f4")
"""Stands in the file for an output that the model does not have, so that a missing one is told from it."""


def cached(
    directory: Path,
    key: Mapping[str, str | int],
    kind: type[Kept],
    compute: Callable[[], Kept],
    *,
    overwrite: bool = False,
) -> Kept:
    """What `compute` gives, from `directory` if it was computed before under the same `key`.

    The file is named after the hash of `key`, which it also holds; one that cannot be read, that lacks a part
    or is damaged is made anew, and with `overwrite` any. The arrays are those of the file, read-only.

    **Raises:** `FileAccessError` where the file cannot be written, and what `compute` raises.
    """
    text = json.dumps(dict(key), sort_keys=True)
    path = directory / f"{kind.__name__.lower()}_{hashlib.sha256(text.encode()).hexdigest()[:16]}.h5"
    found = None if overwrite else _read(path, text, kind)
    if found is not None:
        return found
    made = compute()
    with written_hdf5(path) as (file, _):
        file.attrs["key"] = text
        _write(file, made)
    kept = _read(path, text, kind)
    return made if kept is None else kept


def _write(group: h5py.Group, tree: JetTable | Predictions | FittedVertices) -> None:
    for name, value in vars(tree).items():
        if isinstance(value, np.ndarray):
            group.create_dataset(name, data=value).attrs[CHECKSUM] = zlib.crc32(
                np.ascontiguousarray(value).data
            )
        elif value is None:
            group[name] = NOTHING
        else:
            _write(group.create_group(name), value)


def _read(path: Path, key: str, kind: type[Kept]) -> Kept | None:
    """The tree in the file, or None if there is none of this key in one piece."""
    try:
        with attributes_of(path) as file:
            return _build(path, file, kind) if file.attrs.get("key") == key else None
    except (OSError, RuntimeError, ValueError, TypeError, KeyError):
        return None


def _build(path: Path, group: h5py.Group, kind: type[Tree]) -> Tree:
    values: dict[str, Any] = {field.name: _value(path, group[field.name]) for field in fields(kind)}
    return kind(**values)


def _value(path: Path, node: h5py.Group | h5py.Dataset) -> np.ndarray | FittedVertices | None:
    if isinstance(node, h5py.Group):
        return _build(path, node, FittedVertices)
    return None if node.shape is None else _mapped(path, node)


def _mapped(path: Path, node: h5py.Dataset) -> np.ndarray:
    """The array at its place in the file.

    **Raises:** `ValueError` where its bytes are not those that were written.
    """
    array = np.empty(node.shape, node.dtype)
    if array.size:
        array = np.memmap(path, node.dtype, "r", node.id.get_offset(), node.shape).view(np.ndarray)
    if zlib.crc32(array.data) != node.attrs[CHECKSUM]:
        raise ValueError(f"'{node.name}' is damaged")
    return array
