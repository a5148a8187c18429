import jax.numpy as jnp
import numpy as np

from ndive.models.ranks import one_hot_rank


def test_rank_counts_the_harder_tracks() -> None:
    """A rank is the number of harder real tracks, not a position in a sorted list."""
    pt = jnp.array([2.0, 9.0, 5.0, 7.0, 1.0])
    mask = jnp.array([True, True, True, False, True])
    ranks = one_hot_rank(pt, mask)
    assert ranks.shape == (5, 15)
    assert [int(np.argmax(row)) for row in np.asarray(ranks)[[0, 1, 2, 4]]] == [2, 0, 1, 3]
    np.testing.assert_array_equal(ranks.sum(axis=-1), mask)


def test_ranks_behind_the_last_place_are_zero() -> None:
    ranks = one_hot_rank(jnp.arange(20.0, 0, -1), jnp.ones(20, bool))
    np.testing.assert_array_equal(ranks.sum(axis=-1), [1] * 15 + [0] * 5)
