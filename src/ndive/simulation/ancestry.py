"""Weak hadrons, and what a particle descends from."""

import numpy as np
from jaxtyping import Bool, Int

from ndive.simulation.events import Events
from ndive.simulation.particles import has_heavy_quark


def weak_hadrons(events: Events, quark: int) -> Bool[np.ndarray, " n"]:
    """Whether a particle is the last hadron of its chain with the heavy `quark` (4 or 5): the one that decays weakly."""
    hadron = has_heavy_quark(events.pdg, quark)
    weak = hadron.copy()
    child = np.flatnonzero(hadron & (events.mother >= 0))
    weak[events.mother[child]] = False
    return weak


def first_ancestor(
    events: Events, start: Int[np.ndarray, " m"], wanted: Bool[np.ndarray, " n"]
) -> Int[np.ndarray, " m"]:
    """Index of the nearest ancestor of each particle in `start` that is `wanted`, -1 if none."""
    found = np.full(start.shape, -1)
    current = np.where(start >= 0, events.mother[start], -1)
    while np.any(current >= 0):
        hit = (current >= 0) & wanted[current]
        found[hit] = current[hit]
        current = np.where((current >= 0) & ~hit, events.mother[current], -1)
    return found
