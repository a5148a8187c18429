import jax.numpy as jnp
import numpy as np

from ndive.models.ghost import with_ghost
from ndive.tracks import point_at_arc_length
from tests.models.jets import random_jet, with_slots


def test_ghost_passes_along_the_jet_axis() -> None:
    jet = random_jet(3, seed=5)
    tracks = with_ghost(with_slots(jet, 5, 1.0))
    point = point_at_arc_length(tracks.parameters[0], jnp.asarray(2.0), tracks.field, tracks.reference)
    axis = 2.0 * np.array([np.cos(-0.7), np.sin(-0.7), np.sinh(0.4)])
    np.testing.assert_allclose(point, axis, rtol=1e-5)
    errors = np.sqrt(np.diagonal(np.asarray(jet.tracks.covariance), axis1=-2, axis2=-1)).mean(axis=0)
    np.testing.assert_allclose(tracks.covariance[0], np.diag(errors**2), rtol=1e-5)
    np.testing.assert_array_equal(tracks.mask, [True, True, True, True, False, False])


def test_a_jet_without_tracks_has_no_ghost() -> None:
    jet = with_slots(random_jet(0, seed=5), 3, np.nan)
    tracks = with_ghost(jet)
    assert not bool(tracks.mask.any())
    assert np.all(np.isfinite(tracks.covariance[0]))
