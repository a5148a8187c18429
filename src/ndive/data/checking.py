"""Rows that no job may see: what is wrong with them, and where."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ndive.data.columns import Rows
from ndive.data.conversion import origin_classes
from ndive.errors import SampleError
from ndive.schema import Schema
from ndive.schema.perigee import UNCERTAINTIES

Finding = tuple[str, str, np.ndarray, str]
"""Dataset, field, which entries are bad, and what is allowed."""


def check_rows(rows: Rows, *, path: Path, class_names: tuple[str, ...], first: int, schema: Schema) -> None:
    """Refuse rows that are not what the layout promises.

    `rows` are those of the file at `path` from row `first` on; only fields that they have are looked at.
    On a valid track and on every jet, floats are finite; errors are positive; labels are ones that the schema
    or the file's class list knows; no track stands behind padding.

    **Raises:** `SampleError` for the first that is wrong, with file, dataset, field, row and value.
    """
    for dataset, field, bad, allowed in _findings(rows, class_names, schema):
        if bad.any():
            index = np.unravel_index(bad.argmax(), bad.shape)
            row = f"jet {first + index[0]}" + "".join(f", track {slot}" for slot in index[1:])
            found = rows[dataset][field][index]
            raise SampleError(
                f"'{path}': dataset '{dataset}', field '{field}', {row}: found {found}, allowed is {allowed}"
            )


def _findings(rows: Rows, class_names: tuple[str, ...], schema: Schema) -> Iterator[Finding]:
    jets, tracks = rows.get("jets", {}), rows.get("tracks", {})
    for name, values in jets.items():
        if values.dtype.kind == "f":
            yield "jets", name, ~np.isfinite(values), "a finite number"
    if "flavour_label" in jets:
        yield from _flavours(jets["flavour_label"], class_names, schema)
    if "valid" not in tracks:
        return
    valid = tracks["valid"]
    yield "tracks", "valid", _behind_padding(valid), "no track behind padding"
    for name, values in tracks.items():
        if values.dtype.kind == "f":
            yield "tracks", name, valid & ~np.isfinite(values), "a finite number on a valid track"
        if name in UNCERTAINTIES:
            yield "tracks", name, valid & ~(values > 0), "a positive error on a valid track"
    if "ftagTruthOriginLabel" in tracks:
        unknown = origin_classes(tracks["ftagTruthOriginLabel"], schema) < 0
        allowed = ", ".join(str(origin.value) for origin in schema.origins)
        yield "tracks", "ftagTruthOriginLabel", valid & unknown, f"one of {allowed}"
    if "ftagTruthVertexIndex" in tracks:
        index = tracks["ftagTruthVertexIndex"]
        primary, unlinked = schema.primary_vertex_index, schema.unlinked_vertex_index
        wrong = valid & (index < primary) & (index != unlinked)
        allowed = f"{primary} or more, or {unlinked} without a truth link"
        yield "tracks", "ftagTruthVertexIndex", wrong, allowed


def _flavours(labels: np.ndarray, class_names: tuple[str, ...], schema: Schema) -> Iterator[Finding]:
    learnt = [index for index, name in enumerate(class_names) if name in schema.class_names]
    allowed = ", ".join(f"{index} ({class_names[index]})" for index in learnt)
    yield "jets", "flavour_label", ~np.isin(labels, learnt), f"one of {allowed}"


def _behind_padding(valid: np.ndarray) -> np.ndarray:
    """True where a track stands behind a slot that is none."""
    behind = np.zeros_like(valid)
    behind[:, 1:] = valid[:, 1:] & ~valid[:, :-1]
    return behind
