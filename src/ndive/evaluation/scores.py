"""Predictions as rows of HDF5, under the names by which puma and the ATLAS tools find them."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool

from ndive.data.columns import read_columns
from ndive.data.header import Header
from ndive.data.vertices import vertex_rows
from ndive.evaluation.ellipsoids import ErrorFactor, error_columns
from ndive.evaluation.grouping import NO_TRACK
from ndive.evaluation.predictions import FittedVertices, Predictions
from ndive.schema import load_schema

KEPT_TRACK_FIELDS = ("valid", "ftagTruthOriginLabel", "ftagTruthVertexIndex")
"""Fields of the tracks that stand beside the predictions, where the input has them."""

Rows = dict[str, np.ndarray]
"""Dataset -> structured array of its rows."""

Copied = Mapping[str, tuple[str, ...]]
"""Dataset -> names of the fields that are taken over from the input."""


def copied_fields(headers: Sequence[Header], name: str) -> Copied:
    """The fields that all files share, less those that predictions called `name` would bear.

    All fields of jets; of tracks those that tell which are real and what is true of them.
    """
    first, *others = (header.columns for header in headers)

    def shared(dataset: str, field: str) -> bool:
        dtype = first[dataset][field].dtype
        return all(field in columns[dataset] and columns[dataset][field].dtype == dtype for columns in others)

    return {
        "jets": tuple(
            field for field in first["jets"] if shared("jets", field) and field not in probability_names(name)
        ),
        "tracks": tuple(
            field for field in KEPT_TRACK_FIELDS if field in first["tracks"] and shared("tracks", field)
        ),
    }


def probability_names(name: str) -> tuple[str, ...]:
    """The fields of the flavour probabilities: `<name>_pb`, `_pc`, `_pu`."""
    return tuple(f"{name}_p{flavour.removesuffix('jets')}" for flavour in load_schema().class_names)


def score_rows(
    name: str,
    predictions: Predictions,
    header: Header,
    copied: Copied,
    rows: range,
    factors: Sequence[ErrorFactor] = (),
) -> Rows:
    """Rows `rows` of one file: what is copied from it, and beside it the `predictions` called `name`.

    `jets` has the flavour probabilities, `tracks` the origin (as a value of `ftagTruthOriginLabel`), the
    vertex index and the weight of each track, `vertices` the fitted vertices as `ndive fit` writes them and
    the `error_columns` by `factors`. What the model does not give is left out.
    """
    (kept,) = read_columns(header, {**copied}, [(rows.start, rows.stop)])
    jets, tracks = dict(kept["jets"]), dict(kept["tracks"])
    valid = tracks["valid"]
    if predictions.flavour is not None:
        jets |= dict(zip(probability_names(name), predictions.flavour.astype(np.float32).T, strict=True))
    if predictions.origin is not None:
        tracks[f"{name}_aux_TrackOrigin"] = _origin_values(predictions.origin, valid)
    if predictions.vertex_index is not None:
        tracks[f"{name}_aux_VertexIndex"] = predictions.vertex_index.astype(np.int32)
    made = {}
    if predictions.vertices is not None:
        weights = np.where(valid, predictions.vertices.track_weights, np.nan)
        tracks[f"{name}_aux_TrackWeight"] = weights.astype(np.float32)
        fitted = _vertex_rows(predictions.vertices)
        errors = error_columns(predictions, valid, factors)
        made["vertices"] = _structured({name: fitted[name] for name in fitted.dtype.names or ()} | errors)
    return {"jets": _structured(jets), "tracks": _structured(tracks), **made}


def _origin_values(origin: np.ndarray, valid: Bool[np.ndarray, "jets slots"]) -> np.ndarray:
    """The label that stands for the most probable class of each track."""
    values = np.array([origin_class.value for origin_class in load_schema().origin_classes], np.int32)
    return np.where(valid, values[origin.argmax(axis=-1)], np.int32(NO_TRACK))


def _vertex_rows(vertices: FittedVertices) -> np.ndarray:
    return vertex_rows(
        position=vertices.position,
        covariance=vertices.covariance,
        sandwich_covariance=vertices.sandwich_covariance,
        chi2=vertices.chi2,
        ndf=np.asarray(vertices.ndf, int),
        n_tracks=np.count_nonzero(vertices.track_weights > 0, axis=-1),
        iterations=vertices.iterations,
        status=vertices.status,
        valid=vertices.valid,
    )


def _structured(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Columns of one shape as a structured array."""
    shape = next(iter(columns.values())).shape
    rows = np.empty(shape, [(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        rows[name] = values
    return rows
