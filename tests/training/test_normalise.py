from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from ndive.data import open_sample
from ndive.models import track_features
from ndive.training import estimate_normalisation


def test_statistics_are_those_of_numpy_and_constants_keep_scale_one(directory: Path) -> None:
    sample = open_sample(directory, split="train")
    batch = sample.read(0, sample.n_jets)
    jet = jax.tree.map(jnp.asarray, batch.jet)
    rows = np.asarray(track_features(jet), float)[np.asarray(batch.jet.tracks.mask)]
    normalisation = estimate_normalisation(sample)
    np.testing.assert_allclose(normalisation.mean, rows.mean(axis=0), rtol=1e-4, atol=1e-6)
    varying = np.ptp(rows, axis=0) > 0
    assert 0 < np.count_nonzero(~varying) < 18
    np.testing.assert_allclose(normalisation.scale[varying], rows.std(axis=0)[varying], rtol=1e-3)
    np.testing.assert_array_equal(normalisation.scale[~varying], 1)
    spread = np.sqrt((np.asarray(batch.truth.hadron_vertex, float) ** 2).mean(axis=0))
    np.testing.assert_allclose(normalisation.vertex_scale, spread, rtol=1e-5)
