"""Weak hadrons, and what a particle descends from."""

import numpy as np
from jaxtyping import Bool, Int

from ndive.schema import has_heavy_quark


def weak_hadrons(
    pdg: Int[np.ndarray, " n"], mother: Int[np.ndarray, " n"], quark: int
) -> Bool[np.ndarray, " n"]:
    """Whether a hadron with the heavy `quark` (4 or 5) has no daughter with it: its decay is a weak one.

    `mother` holds indices into the same arrays, -1 for none.
    """
    hadron = has_heavy_quark(pdg, quark)
    weak = hadron.copy()
    weak[mother[hadron & (mother >= 0)]] = False
    return weak


def first_ancestor(
    mother: Int[np.ndarray, " n"], start: Int[np.ndarray, " m"], wanted: Bool[np.ndarray, " n"]
) -> Int[np.ndarray, " m"]:
    """Index of the nearest ancestor of each particle in `start` that is `wanted`, -1 if there is none."""
    found = np.full(start.shape, -1)
    current = mother[start]
    while np.any(current >= 0):
        hit = (current >= 0) & wanted[current]
        found[hit] = current[hit]
        current = np.where((current >= 0) & ~hit, mother[current], -1)
    return found
