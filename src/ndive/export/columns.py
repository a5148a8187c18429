"""Jets from the two arrays by which ATLAS software calls a tagger: columns and units of a jets file."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.schema import load_schema
from ndive.schema.perigee import CORRELATIONS, PARAMETERS, UNCERTAINTIES
from ndive.tracks import Jet, Tracks

JET_COLUMNS = ("pt", "eta", "phi")
"""Of `jet_features`, in MeV and rad."""

TRACK_COLUMNS = (*PARAMETERS, *UNCERTAINTIES, *CORRELATIONS.values())
"""Of `track_features`, in mm, rad and 1/MeV: the perigee about the primary vertex, errors, correlations."""


def jets_of(jet_features: Float[Array, "b 3"], track_features: Float[Array, "b n 20"], field: float) -> Jet:
    """The jets of a batch in a field of `field` tesla; a slot whose error of d0 is not above 0 is empty."""
    pt, eta, phi = _in_units("jets", JET_COLUMNS, jet_features)
    columns = _in_units("tracks", TRACK_COLUMNS, track_features)
    parameters, errors, correlations = columns[:5], jnp.stack(columns[5:10], axis=-1), columns[10:]
    of_pair = dict(zip(CORRELATIONS, correlations, strict=True))
    one = jnp.ones_like(correlations[0])
    entries = [one if i == j else of_pair[min(i, j), max(i, j)] for i in range(5) for j in range(5)]
    correlation = jnp.stack(entries, axis=-1).reshape(*errors.shape, 5)
    tracks = Tracks(
        jnp.stack(parameters, axis=-1),
        correlation * errors[..., :, None] * errors[..., None, :],
        errors[..., 0] > 0,
        jnp.full_like(pt, field),
    )
    return Jet(pt, eta, phi, tracks)


def _in_units(dataset: str, names: Sequence[str], features: Float[Array, "... columns"]) -> list[Array]:
    """The columns of `features` in the units of the program."""
    fields = load_schema().datasets[dataset]
    factors = [float(fields[name].factor) for name in names]
    return [features[..., column] * factor for column, factor in enumerate(factors)]
