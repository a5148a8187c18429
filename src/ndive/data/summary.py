"""Sums over the rows of a file that need no more memory for more rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from ndive.data.columns import Rows
from ndive.data.header import Header

MEDIAN_JETS = 16384
"""Medians are of this many jets at most, evenly spread over the file."""


@dataclass(frozen=True)
class FieldSummary:
    """Finite values of one field so far: extremes, how many are not finite, and some evenly spread."""

    minimum: float
    maximum: float
    n_not_finite: int
    spread: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Summary:
    """Jets so far: the fields by dataset and name, jets by flavour and by number of tracks."""

    fields: Mapping[tuple[str, str], FieldSummary]
    flavours: np.ndarray
    multiplicity: np.ndarray


def summary(rows: Rows, first: int, header: Header) -> Summary:
    """Sum up one block of rows that begins at row `first`."""
    step = ceil(header.n_jets / MEDIAN_JETS)
    chosen = slice(-first % step, None, step)
    valid = _of_kind(rows["tracks"].get("valid"), "b")
    fields = {
        (dataset, name): _of_field(values, valid if dataset == "tracks" else None, chosen)
        for dataset, columns in rows.items()
        for name, values in columns.items()
        if values.dtype.kind != "b"
    }
    labels = _of_kind(rows["jets"].get("flavour_label"), "iu")
    n_classes = len(header.class_names)
    known = np.zeros(0, int) if labels is None else labels[(labels >= 0) & (labels < n_classes)]
    n_tracks = np.zeros(0, int) if valid is None else valid.sum(axis=1)
    return Summary(
        fields=fields,
        flavours=np.bincount(known, minlength=n_classes),
        multiplicity=np.bincount(n_tracks, minlength=header.n_slots + 1),
    )


def merged(one: Summary, other: Summary) -> Summary:
    """Two blocks as one."""
    fields = {
        key: FieldSummary(
            minimum=min(field.minimum, other.fields[key].minimum),
            maximum=max(field.maximum, other.fields[key].maximum),
            n_not_finite=field.n_not_finite + other.fields[key].n_not_finite,
            spread=field.spread + other.fields[key].spread,
        )
        for key, field in one.fields.items()
    }
    return Summary(fields, one.flavours + other.flavours, one.multiplicity + other.multiplicity)


def _of_kind(values: np.ndarray | None, kinds: str) -> np.ndarray | None:
    return values if values is not None and values.dtype.kind in kinds else None


def _of_field(values: np.ndarray, valid: np.ndarray | None, chosen: slice) -> FieldSummary:
    real = values if valid is None else values[valid]
    finite = real[np.isfinite(real)]
    some = values[chosen] if valid is None else values[chosen][valid[chosen]]
    return FieldSummary(
        minimum=float(finite.min()) if finite.size else np.inf,
        maximum=float(finite.max()) if finite.size else -np.inf,
        n_not_finite=real.size - finite.size,
        spread=(some[np.isfinite(some)],),
    )
