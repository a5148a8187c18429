"""Secondary vertices found, by the rules of puma: which tracks share one, not where it lies.

True secondary vertices have tracks of b or c origin only. Of those found, the one with the most tracks told
primary counts as the primary vertex; of the others those count that have a track told from b or c. A vertex
has two tracks or more. A found and a true vertex belong together where they share more tracks with each
other than with any other, ties going to the smaller true and then the smaller found vertex; they match where
the found one has 0.65 of the true one's tracks (recall) and these are half of its own (purity).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

RECALL, PURITY = 0.65, 0.5

Membership = Bool[np.ndarray, "jets vertices slots"]


class VertexCounts(NamedTuple):
    """Secondary vertices of each jet: true, found, and matched."""

    true: Int[np.ndarray, " jets"]
    found: Int[np.ndarray, " jets"]
    matched: Int[np.ndarray, " jets"]


def vertex_counts(
    truth: Int[np.ndarray, "jets slots"],
    heavy: Bool[np.ndarray, "jets slots"],
    found: Int[np.ndarray, "jets slots"],
    found_heavy: Bool[np.ndarray, "jets slots"],
    found_primary: Bool[np.ndarray, "jets slots"],
) -> VertexCounts:
    """Count secondary vertices from vertex indices (negative: no vertex) and what is said of each track.

    `heavy` marks tracks that truly come from b or c, `found_heavy` and `found_primary` those told so.
    """
    true = _members(truth)
    true &= (_sizes(true) >= 2)[..., None] & ~_any(true & ~heavy[:, None, :])[..., None]
    reco = _members(found)
    primary = (reco & found_primary[:, None, :]).sum(axis=-1)
    is_primary = (primary == primary.max(axis=-1, keepdims=True)) & (primary > 0)
    is_primary &= np.cumsum(is_primary, axis=-1) == 1
    reco &= ~is_primary[..., None] & _any(reco & found_heavy[:, None, :])[..., None]
    reco &= (_sizes(reco) >= 2)[..., None]
    return VertexCounts(
        true=(_sizes(true) > 0).sum(axis=-1),
        found=(_sizes(reco) > 0).sum(axis=-1),
        matched=_matches(reco, true).sum(axis=(1, 2)),
    )


def _matches(reco: Membership, true: Membership) -> Bool[np.ndarray, "jets found true"]:
    common = np.einsum("jrs,jts->jrt", reco.astype(int), true.astype(int))
    reco_size, true_size = _sizes(reco)[:, :, None], _sizes(true)[:, None, :]
    slots = reco.shape[-1]
    rank = (common * (slots + 1) + slots - true_size) * (slots + 1) + slots - reco_size
    place = np.arange(slots * slots, 0, -1).reshape(slots, slots)
    rank = np.where(common > 0, rank * (slots * slots + 1) + place, -1)
    best = (rank == rank.max(axis=1, keepdims=True)) & (rank == rank.max(axis=2, keepdims=True))
    return best & (common > 0) & (common >= RECALL * true_size) & (common >= PURITY * reco_size)


def _members(index: Int[np.ndarray, "jets slots"]) -> Membership:
    """Row k: the tracks of the vertex of rank k among the indices of the jet; empty for the others."""
    ranked = np.sort(index, axis=-1)
    first = np.ones_like(ranked, bool)
    first[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    values = np.where(first & (ranked >= 0), ranked, -1)
    return (index[:, None, :] == values[:, :, None]) & (values[:, :, None] >= 0)


def _sizes(members: Membership) -> Int[np.ndarray, "jets vertices"]:
    return members.sum(axis=-1)


def _any(members: Membership) -> Bool[np.ndarray, "jets vertices"]:
    return np.asarray(members.any(axis=-1))
