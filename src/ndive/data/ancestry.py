"""What tracks of the public sample descend from, by the graph of decays that each jet has."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Int

from ndive.data.root import Lists

GENERATIONS = 100
"""No decay chain is longer."""

KEY: Final = 1 << 32


def ancestors(
    nodes: Lists, kinds: Int[np.ndarray, " nodes"], edges: Sequence[Lists], tracks: Lists
) -> Int[np.ndarray, " tracks"]:
    """The kinds, as bits, of all that stands above each track in the decay graph of its jet.

    `nodes` and `tracks` name particles by their numbers in the event, and so do the two lists of `edges`, the
    mothers and their daughters. Edges that lead to no node, and tracks without edges, count as nothing.
    """
    names = np.concatenate([_keys(nodes), _keys(tracks)])
    order = np.argsort(names, kind="stable")
    own = np.concatenate([kinds, np.zeros(len(tracks.values), kinds.dtype)])
    mother, daughter = (_places(_keys(ends), names, order) for ends in edges)
    whole = (mother >= 0) & (daughter >= 0)
    mother, daughter = mother[whole], daughter[whole]
    above = np.zeros_like(own)
    for _ in range(GENERATIONS):
        before = above.copy()
        np.bitwise_or.at(above, daughter, (own | before)[mother])
        if np.array_equal(above, before):
            break
    return above[_places(_keys(tracks), names, order)]


def _keys(lists: Lists) -> Int[np.ndarray, " n"]:
    """A number for each particle that no other jet has."""
    jet = np.repeat(np.arange(len(lists.counts)), lists.counts)
    return jet * KEY + lists.values.astype(np.int64) % KEY


def _places(
    keys: Int[np.ndarray, " m"], names: Int[np.ndarray, " n"], order: Int[np.ndarray, " n"]
) -> Int[np.ndarray, " m"]:
    """Where each key stands in `names`, sorted by `order`: its first place, -1 if there is none."""
    if len(names) == 0:
        return np.full(len(keys), -1)
    place = order[np.minimum(np.searchsorted(names, keys, sorter=order), len(names) - 1)]
    return np.where(names[place] == keys, place, -1)
