"""From the columns of a file to the arrays of a model."""

from collections.abc import Mapping
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from ndive.data.truth import PADDING, Truth
from ndive.schema import Schema
from ndive.schema.perigee import CORRELATIONS, PARAMETERS, UNCERTAINTIES
from ndive.tracks import HARMLESS, Jet, Tracks

PERFECT_DISTANCE = 1e-3
"""mm in z between a track's production point and the hadron's decay vertex."""

PADDING_FIELD = 2.0
"""Tesla, where there is no track to bend."""

Columns = Mapping[str, np.ndarray]


def to_tracks(columns: Columns, field: float) -> Tracks:
    """Tracks from perigee parameters, their errors and correlations, in mm, rad and 1/GeV; `field` in tesla.

    Element (i, j) of the covariance is the correlation times the two errors. Slots of padding hold a
    straight track through the origin with unit covariance.
    """
    mask = columns["valid"]
    parameters = np.stack(
        [np.where(mask, columns[name], value) for name, value in zip(PARAMETERS, HARMLESS, strict=True)],
        axis=-1,
        dtype=columns[PARAMETERS[0]].dtype,
    )
    errors = [columns[name] for name in UNCERTAINTIES]
    covariance = np.zeros((*parameters.shape, 5), parameters.dtype)
    for i, error in enumerate(errors):
        covariance[..., i, i] = np.where(mask, error**2, 1)
    for (i, j), name in CORRELATIONS.items():
        if name in columns:
            product = np.where(mask, columns[name] * errors[i] * errors[j], 0)
            covariance[..., i, j] = covariance[..., j, i] = product
    return tracks_of(parameters, covariance, mask, field)


def to_truth(jets: Columns, tracks: Columns, schema: Schema) -> Truth:
    """The targets of jets whose columns are in the program's units."""
    mask, origins = tracks["valid"], origin_classes(tracks["ftagTruthOriginLabel"], schema)
    hadron_vertex = np.stack([jets[f"hadron_{axis}"] for axis in "xyz"], axis=-1)
    return Truth(
        flavour=jets["flavour_label"].astype(np.int32),
        origin=np.where(mask, origins, PADDING).astype(np.int32),
        vertex_index=np.where(mask, tracks["ftagTruthVertexIndex"], PADDING).astype(np.int32),
        hadron_vertex=hadron_vertex.astype(np.float32),
        perfect_weights=perfect_weights(tracks["truth_prod_z"], hadron_vertex[..., 2], mask),
    )


def origin_classes(labels: np.ndarray, schema: Schema) -> np.ndarray:
    """Index of the origin class of each `ftagTruthOriginLabel`; -1 where the schema does not know it."""
    known = np.array([origin.value for origin in schema.origins])
    classes = np.array([origin.origin_class for origin in schema.origins])
    table = np.full(known.max() + 2, -1)
    table[known] = classes
    return table[np.where((labels >= 0) & (labels <= known.max()), labels, known.max() + 1)]


def perfect_weights(
    production_z: Float[np.ndarray, "*batch tracks"],
    hadron_z: Float[np.ndarray, "*batch"],
    mask: Bool[np.ndarray, "*batch tracks"],
) -> Float[np.ndarray, "*batch tracks"]:
    """One for the tracks made within 1e-3 mm in z of the hadron's decay vertex, else zero; z in mm.

    A light jet has its decay vertex at the primary vertex, the origin, so that the same rule selects its
    primary tracks.
    """
    distance = np.abs(production_z - hadron_z[..., None])
    return (mask & (distance < PERFECT_DISTANCE)).astype(np.float32)


def jets_of(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, tracks: Tracks) -> Jet:
    """A `Jet` whose leaves stay NumPy arrays."""
    return jax.tree.unflatten(_jet_structure(), [pt, eta, phi, *jax.tree.leaves(tracks)])


def padding_tracks(n_jets: int, n_slots: int, precision: type[np.floating] = np.float32) -> Tracks:
    """Tracks of jets that have none."""
    parameters = np.tile(np.array(HARMLESS, precision), (n_jets, n_slots, 1))
    covariance = np.tile(np.eye(5, dtype=precision), (n_jets, n_slots, 1, 1))
    return tracks_of(parameters, covariance, np.zeros((n_jets, n_slots), bool), PADDING_FIELD)


def tracks_of(parameters: np.ndarray, covariance: np.ndarray, mask: np.ndarray, field: float) -> Tracks:
    """`Tracks` about the origin whose leaves stay NumPy arrays; `field` in tesla."""
    fields = np.full(len(mask), field, parameters.dtype)
    reference = np.zeros((len(mask), 3), parameters.dtype)
    return jax.tree.unflatten(_tracks_structure(), [parameters, covariance, mask, fields, reference])


@cache
def _tracks_structure() -> jax.tree_util.PyTreeDef:
    return jax.tree.structure(_one_track())


@cache
def _jet_structure() -> jax.tree_util.PyTreeDef:
    zero = jnp.zeros(())
    return jax.tree.structure(Jet(pt=zero, eta=zero, phi=zero, tracks=_one_track()))


def _one_track() -> Tracks:
    return Tracks(jnp.zeros((1, 5)), jnp.zeros((1, 5, 5)))
