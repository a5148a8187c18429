"""A model as ATLAS software calls it: two arrays of features in, named outputs, and metadata that says so."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import combinations_with_replacement

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ndive.export.columns import JET_COLUMNS, TRACK_COLUMNS, jets_of
from ndive.export.grouping import NO_TRACK, vertex_indices
from ndive.export.program import Arrays, Program, check_reads_no_truth
from ndive.export.shapes import Axes
from ndive.models import Model, TaggerOutput
from ndive.schema import load_schema
from ndive.vertexing import Vertex

BATCH_INPUTS: dict[str, Axes] = {
    "jet_features": ("b", len(JET_COLUMNS)),
    "track_features": ("b", "n", len(TRACK_COLUMNS)),
}
"""Those of `named_program`."""

JET_INPUTS: dict[str, Axes] = {
    "jet_features": (1, len(JET_COLUMNS)),
    "track_features": ("n", len(TRACK_COLUMNS)),
}
"""Those of one jet a call."""

MODEL_VERSION = "v1"
"""Of the metadata, as Athena counts."""

SEQUENCE = "tracks_all_ptsort"
"""How Athena is told to take all tracks of the jet; their order changes nothing."""


def named_program(model: Model, name: str, field: float) -> Program:
    """The outputs of `model` on a batch of jets in a field of `field` tesla, `<name>_` before their names.

    A tagger gives the flavour probabilities `pb`, `pc`, `pu` `[b]` and the int8 `TrackOrigin` and
    `VertexIndex` `[b, n]`, a model with a fit `TrackWeight` `[b, n]` and the `vertex_…` `[b]` of
    `vertex_outputs`.

    **Raises:** `ArgumentError` where the model reads the truth.
    """
    check_reads_no_truth(model)

    def program(inputs: Arrays) -> Arrays:
        rows = inputs["track_features"]
        empty = jnp.zeros((rows.shape[0], 1, rows.shape[2]), rows.dtype)
        rows = jnp.concatenate([rows, empty], axis=1)  # no runtime has to do without a slot
        jets = jets_of(inputs["jet_features"], rows, field)
        real = jets.tracks.mask
        output = jax.vmap(model)(jets)
        found: Arrays = {}
        if isinstance(output, TaggerOutput):
            found |= _tagger_outputs(output, real)
        if output.vertex is not None and output.weights is not None:
            found["TrackWeight"] = jnp.where(real, output.weights, 0)
            found |= vertex_outputs(output.vertex)
        return {f"{name}_{key}": x[:, :-1] if x.ndim == 2 else x for key, x in found.items()}

    return program


def of_one_jet(program: Program) -> Program:
    """`program` of a batch as one of a single jet, `JET_INPUTS`, whose outputs lack the axis of jets."""

    def of_one(inputs: Arrays) -> Arrays:
        outputs = program(inputs | {"track_features": inputs["track_features"][None]})
        return {name: value[0] for name, value in outputs.items()}

    return of_one


def vertex_outputs(vertex: Vertex) -> Arrays:
    """The vertex in mm, the upper triangle of its covariance, chi2, ndf and status, all float32 `[b]`."""
    named = {axis: vertex.position[..., k] for k, axis in enumerate("xyz")}
    for i, j in combinations_with_replacement(range(3), 2):
        named[f"cov_{'xyz'[i]}{'xyz'[j]}"] = vertex.covariance[..., i, j]
    named |= {"chi2": vertex.chi2, "ndf": vertex.ndf, "status": vertex.status}
    return {f"vertex_{name}": value.astype(jnp.float32) for name, value in named.items()}


def gnn_config(name: str, program: Program, inputs: Mapping[str, Axes], field: float) -> dict[str, str]:
    """The metadata by which ATLAS software knows names, columns and outputs, as JSON under `gnn_config`.

    Units are those of a jets file: offsets are 0 and scales 1, the normalisation is in the graph.
    """
    config = {
        "onnx_model_version": MODEL_VERSION,
        "model_name": name,
        "output_names": list(jax.eval_shape(program, _least(inputs))),
        "inputs": [{"name": "jet_var", "variables": _variables(JET_COLUMNS)}],
        "input_sequences": [{"name": SEQUENCE, "variables": _variables(TRACK_COLUMNS)}],
        "field": field,
        "schema": load_schema().version,
        "ndive_version": version("ndive"),
    }
    return {"gnn_config": json.dumps(config)}


def _tagger_outputs(output: TaggerOutput, real: Bool[Array, "b n"]) -> Arrays:
    schema = load_schema()
    probabilities: Float[Array, "b flavours"] = jax.nn.softmax(output.flavour_logits)
    letters = [flavour.removesuffix("jets") for flavour in schema.class_names]
    named = {f"p{letter}": probabilities[:, k] for k, letter in enumerate(letters)}
    values = jnp.array([origin.value for origin in schema.origin_classes])
    best = jnp.argmax(output.origin_logits, axis=-1)[..., None] == jnp.arange(len(values))
    origin = jnp.where(real, jnp.sum(jnp.where(best, values, 0), axis=-1), NO_TRACK)
    vertex = vertex_indices(output.pairing_logits, real)
    return named | {"TrackOrigin": origin.astype(jnp.int8), "VertexIndex": vertex.astype(jnp.int8)}


def _least(inputs: Mapping[str, Axes]) -> dict[str, jax.ShapeDtypeStruct]:
    """The inputs for one jet with one slot."""
    return {
        name: jax.ShapeDtypeStruct(tuple(1 if isinstance(axis, str) else axis for axis in axes), jnp.float32)
        for name, axes in inputs.items()
    }


def _variables(columns: Sequence[str]) -> list[dict[str, str | float]]:
    return [{"name": column, "offset": 0.0, "scale": 1.0} for column in columns]
