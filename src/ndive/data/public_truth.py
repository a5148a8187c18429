"""Truth of the public sample: the hadron of each jet, and where its tracks come from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.data.ancestry import ancestors
from ndive.data.root import Lists
from ndive.schema import TAU, VERTEX_TOLERANCE, has_heavy_quark, load_schema, origin_labels, rank_within

HADRON_BRANCHES = ("hadron_pdgid", "hadron_decx", "hadron_decy", "hadron_decz")
NODE_BRANCHES = ("node_idx", "node_pdg_id")
EDGE_BRANCHES = ("edge_start", "edge_end")
"""What belongs together: the heavy hadrons of a jet, the particles of its decays, and who is whose mother."""

MOST_HADRONS = 16
"""Of a jet; further ones are not looked at."""

BOTTOM_BIT, CHARM_BIT, TAU_BIT = 1, 2, 4


@dataclass(frozen=True, kw_only=True)
class Hadrons:
    """The heavy hadrons of each jet, as `[jets, hadrons]` and `[jets, hadrons, 3]` (decay vertex, mm).

    **Attributes:** `label`, the place of the hadron that gives the flavour, `charm`, that of the first c
    hadron of a b or c jet, -1 if there is none; `labelled`, False where the flavour is none of the schema or
    its hadron is not listed.
    """

    pdg: Int[np.ndarray, "jets hadrons"]
    decay: Float[np.ndarray, "jets hadrons 3"]
    label: Int[np.ndarray, " jets"]
    charm: Int[np.ndarray, " jets"]
    labelled: Bool[np.ndarray, " jets"]

    def columns(self) -> dict[str, np.ndarray]:
        """Fields of `jets`: number and decay vertex of the two, 0 where there is none."""
        row, columns = np.arange(len(self.label)), {}
        for prefix, place in (("hadron", self.label), ("chadron", self.charm)):
            columns[f"{prefix}_pdgId"] = np.where(place >= 0, self.pdg[row, place], 0)
            for i, axis in enumerate("xyz"):
                columns[f"{prefix}_{axis}"] = np.where(place >= 0, self.decay[row, place, i], 0.0)
        return columns


def hadrons_of(lists: Sequence[Lists], flavour: np.ndarray) -> Hadrons:
    """The hadrons of jets, from the lists of `HADRON_BRANCHES`."""
    kept = np.minimum(lists[0].counts, MOST_HADRONS)
    width = max(int(kept.max(initial=0)), 1)
    pdg, *decay = (_in_columns(one, width) for one in lists)
    bottom, charm = (has_heavy_quark(pdg.astype(np.int64), quark) for quark in (5, 4))
    is_b, is_c = flavour == 5, flavour == 4
    label = np.where(is_b, _first(bottom), np.where(is_c, _first(charm), -1))
    known = np.isin(flavour, [one.truth_label for one in load_schema().flavours])
    return Hadrons(
        pdg=pdg.astype(np.int64),
        decay=np.stack(decay, axis=-1),
        label=label,
        charm=np.where(is_b | is_c, _first(charm), -1),
        labelled=known & ((label >= 0) | ~(is_b | is_c)),
    )


def origins_of(
    hadrons: Hadrons,
    nodes: Sequence[Lists],
    edges: Sequence[Lists],
    tracks: Lists,
    production: Float[np.ndarray, "tracks 3"],
) -> Int[np.ndarray, " tracks"]:
    """`ftagTruthOriginLabel`: by the graph of decays, and by the decay vertices where the graph says nothing.

    A track that begins where a listed hadron decays is from that hadron, and what is from a c hadron of a jet
    with a b hadron is from b then c.
    """
    above = ancestors(nodes[0], _kinds(nodes[1].values.astype(np.int64)), edges, tracks)
    jet = np.repeat(np.arange(len(tracks.counts)), tracks.counts)
    kind = _kinds(hadrons.pdg)
    behind_bottom = (kind & BOTTOM_BIT).max(axis=1, keepdims=True)
    kind = np.where(kind == CHARM_BIT, kind | behind_bottom, kind)
    near = np.linalg.norm(hadrons.decay[jet] - production[:, None], axis=-1) < VERTEX_TOLERANCE
    above |= np.bitwise_or.reduce(np.where(near, kind[jet], 0), axis=1)
    return origin_labels(
        bottom=(above & BOTTOM_BIT) > 0,
        charm=(above & CHARM_BIT) > 0,
        tau=(above & TAU_BIT) > 0,
        away=np.linalg.norm(production, axis=-1) > VERTEX_TOLERANCE,
    )


def vertices_of(
    vertex: Lists, production: Float[np.ndarray, "tracks 3"], slots: int
) -> Int[np.ndarray, " tracks"]:
    """`ftagTruthVertexIndex`: 0 for the vertex at the origin, 1, 2, .. for the others in their order.

    A negative index is a track without a truth link. No jet has more tracks than `slots`.
    """
    real = np.arange(slots) < vertex.counts[:, None]
    index = np.full(real.shape, -1)
    index[real] = vertex.values
    prompt = np.zeros(real.shape, bool)
    prompt[real] = np.linalg.norm(production, axis=-1) < VERTEX_TOLERANCE
    linked = real & (index >= 0)
    same = (index[:, :, None] == index[:, None]) & linked[:, :, None] & linked[:, None]
    primary = (same & prompt[:, None]).any(axis=-1)
    opens = linked & ~primary & (same.argmax(axis=-1) == np.arange(slots))
    before = (opens[:, None] & (index[:, None] < index[:, :, None])).sum(axis=-1)
    schema = load_schema()
    label = np.where(primary, schema.primary_vertex_index, schema.primary_vertex_index + 1 + before)
    return np.where(linked, label, schema.unlinked_vertex_index)[real]


def _kinds(pdg: Int[np.ndarray, "*n"]) -> Int[np.ndarray, "*n"]:
    return (
        BOTTOM_BIT * has_heavy_quark(pdg, 5)
        + CHARM_BIT * has_heavy_quark(pdg, 4)
        + TAU_BIT * (np.abs(pdg) == TAU)
    )


def _in_columns(lists: Lists, width: int) -> Float[np.ndarray, "jets width"]:
    """The first `width` of each list, 0 behind its end."""
    jet = np.repeat(np.arange(len(lists.counts)), lists.counts)
    place = rank_within(jet)
    result = np.zeros((len(lists.counts), width))
    result[jet[place < width], place[place < width]] = lists.values[place < width]
    return result


def _first(mask: Bool[np.ndarray, "jets hadrons"]) -> Int[np.ndarray, " jets"]:
    return np.where(mask.any(axis=1), mask.argmax(axis=1), -1)
