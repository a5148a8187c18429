"""The inputs of the networks, as they are before any normalisation."""

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ndive.data import Sample
from ndive.models.features import FEATURE_NAMES, track_features

INPUTS = FEATURE_NAMES
"""Names of the columns, in order."""

BATCH = 1000

_features = eqx.filter_jit(track_features)


def read_inputs(sample: Sample, start: int, stop: int) -> Float[np.ndarray, "jets slots 18"]:
    """The 18 inputs of each track of jets `start` to `stop`, zeros in empty slots; see `track_features`.

    **Raises:** `SampleError` for a row that breaks the layout.
    """
    pieces = [
        np.asarray(_features(sample.read(first, min(first + BATCH, stop)).jet))
        for first in range(start, stop, BATCH)
    ]
    return np.concatenate(pieces)
