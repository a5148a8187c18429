"""Tracks joined to vertices by what is said of their pairs."""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NO_TRACK = -1


def vertex_indices(
    pairing: Float[np.ndarray, "jets slots slots"], real: Bool[np.ndarray, "jets slots"]
) -> Int[np.ndarray, "jets slots"]:
    """The vertex of each track: those that a chain of pairs joins share one, numbered from 0 by first track.

    `pairing` are logits of "same vertex"; a pair is joined where the mean of its two is above 0. A track
    that nothing joins is alone in its vertex. Empty slots have -1.
    """
    n_jets, n_slots = real.shape
    mean = pairing + np.swapaxes(pairing, -1, -2)
    jet, one, other = np.nonzero((mean > 0) & real[:, :, None] & real[:, None, :])
    nodes = n_jets * n_slots
    edges = coo_array((np.ones(len(jet), bool), (jet * n_slots + one, jet * n_slots + other)), (nodes, nodes))
    _, labels = connected_components(edges, directed=False)
    return _numbered(labels.reshape(n_jets, n_slots), real)


def _numbered(
    labels: Int[np.ndarray, "jets slots"], real: Bool[np.ndarray, "jets slots"]
) -> Int[np.ndarray, "jets slots"]:
    """Labels that are any numbers as 0, 1, ... in the order in which a jet's tracks first have them."""
    same = labels[:, :, None] == labels[:, None, :]
    first = np.argmax(same, axis=-1)
    opens = real & (first == np.arange(labels.shape[1]))
    number = np.cumsum(opens, axis=-1) - 1
    return np.where(real, np.take_along_axis(number, first, axis=-1), NO_TRACK)
