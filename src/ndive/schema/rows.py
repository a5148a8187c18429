"""Rows of a jets file as structured arrays, from columns in the units of the program."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int

from ndive.schema.loading import load_schema


def structured(dataset: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """A structured array with those fields of `dataset` that `columns` has, in the order of the schema."""
    fields = [field for name, field in load_schema().datasets[dataset].items() if name in columns]
    result = np.empty(len(columns[fields[0].name]), [(field.name, field.dtype) for field in fields])
    for field in fields:
        values = columns[field.name]
        result[field.name] = values if field.factor == 1 else values / field.factor
    return result


def rank_within(group: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Place of each element within its group, from 0; the elements of a group stand together."""
    opens = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(opens, np.diff(opens, append=len(group)))


def in_slots(tracks: np.ndarray, counts: Int[np.ndarray, " jets"], slots: int) -> np.ndarray:
    """Tracks of jets one after another, laid out as `[jets, slots]`; padding is NaN, -1 and not valid."""
    result = np.empty((len(counts), slots), dtype=tracks.dtype)
    for name in tracks.dtype.names or ():
        kind = tracks.dtype[name].kind
        result[name] = np.nan if kind == "f" else -1 if kind == "i" else False
    result[np.arange(slots) < counts[:, None]] = tracks
    return result
