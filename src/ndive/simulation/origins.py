"""Truth labels of tracks: where each comes from, and which share a vertex."""

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.schema import TAU, VERTEX_TOLERANCE, has_heavy_quark, origin_labels
from ndive.simulation.ancestry import first_ancestor
from ndive.simulation.events import Events


def track_origins(events: Events, track: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """`ftagTruthOriginLabel` of the particles `track`: from b, b then c, c, tau, other secondary, primary.

    The first that holds is taken, so a pion of a V0 behind a b hadron is "from b". As in the labels of ATLAS
    every heavy hadron counts, excited ones too: the pion of a D* is from charm, though it begins where the
    D* was made.
    """
    bottom, charm = (
        first_ancestor(events.mother, track, has_heavy_quark(events.pdg, quark)) >= 0 for quark in (5, 4)
    )
    tau = first_ancestor(events.mother, track, np.abs(events.pdg) == TAU) >= 0
    away = np.linalg.norm(events.production[track], axis=-1) > VERTEX_TOLERANCE
    return origin_labels(bottom=bottom, charm=charm, tau=tau, away=away)


def vertex_indices(
    production: Float[np.ndarray, "jets slots 3"], valid: Bool[np.ndarray, "jets slots"]
) -> Int[np.ndarray, "jets slots"]:
    """`ftagTruthVertexIndex`: 0 at the origin, then 1, 2, .. in the order of the tracks; -1 for padding.

    Points within 1 um of each other, or linked by such points, are one vertex.
    """
    jets, slots = valid.shape
    points = np.concatenate([np.zeros((jets, 1, 3)), production], axis=1)
    real = np.concatenate([np.ones((jets, 1), dtype=bool), valid], axis=1)
    separation = np.linalg.norm(points[:, :, None] - points[:, None], axis=-1)
    linked = (separation < VERTEX_TOLERANCE) & real[:, :, None] & real[:, None]
    linked |= np.eye(slots + 1, dtype=bool)
    first = linked.argmax(axis=-1)
    while True:
        lowest = np.where(linked, first[:, None], slots + 1).min(axis=-1)
        if np.array_equal(lowest, first):
            break
        first = lowest
    opens = (first == np.arange(slots + 1)) & real
    number = np.cumsum(opens, axis=1) - 1
    return np.where(valid, np.take_along_axis(number, first, axis=1)[:, 1:], -1)
