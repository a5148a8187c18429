"""The numbers of a model's normalisation, from one pass over the training sample."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ndive.data import Batch, Sample, sequential_batches
from ndive.models import Normalisation, track_features

JETS_AT_ONCE = 1000


def estimate_normalisation(sample: Sample) -> Normalisation:
    """Mean and standard deviation of the inputs over all real tracks, and the spread of the hadron vertices.

    One pass in constant memory; sums are kept in float64. An input that does not vary keeps scale one, and
    so does a coordinate of the vertices.
    """
    tracks, jets = 0.0, 0
    shift: np.ndarray | None = None
    first = second = np.zeros(18)
    vertex = np.zeros(3)
    for batch, n_real in sequential_batches(sample, JETS_AT_ONCE):
        features, mask = np.asarray(_features(batch), float), np.asarray(batch.jet.tracks.mask)
        rows = features[mask]
        if shift is None and len(rows):
            shift = rows.mean(axis=0)
        if len(rows):
            first = first + (rows - shift).sum(axis=0)
            second = second + ((rows - shift) ** 2).sum(axis=0)
        tracks += len(rows)
        jets += n_real
        vertex = vertex + (np.asarray(batch.truth.hadron_vertex, float)[:n_real] ** 2).sum(axis=0)
    offset = first / max(tracks, 1)
    deviation = np.sqrt(np.maximum(second / max(tracks, 1) - offset**2, 0))
    return Normalisation(
        mean=jnp.asarray(offset + (0 if shift is None else shift)),
        scale=jnp.asarray(_nonzero(deviation)),
        vertex_scale=jnp.asarray(_nonzero(np.sqrt(vertex / max(jets, 1)))),
    )


@eqx.filter_jit
def _features(batch: Batch) -> Float[Array, "jets tracks 18"]:
    return track_features(batch.jet)


def _nonzero(scale: np.ndarray) -> np.ndarray:
    return np.where(scale > 0, scale, 1.0)
