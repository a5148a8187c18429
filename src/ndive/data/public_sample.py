"""The public sample of arXiv:2008.02831 in the layout of the schema: from branches to rows.

Its units are GeV, mm and rad, its perigees have the d0 sign of Delphes, its errors are uncorrelated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.data.checking import check_rows
from ndive.data.public_truth import (
    EDGE_BRANCHES,
    HADRON_BRANCHES,
    NODE_BRANCHES,
    Hadrons,
    hadrons_of,
    origins_of,
    vertices_of,
)
from ndive.data.root import Block, Lists, as_lists
from ndive.errors import SampleError
from ndive.schema import derived_columns, in_slots, load_schema, rank_within, structured

TREE = "tree"

JET = {"pt": "jet_pt", "eta": "jet_eta", "phi": "jet_phi", "mass": "jet_M", "eventNumber": "eventnb"}
COUNTS = {"HadronConeExclTruthLabelID": "jet_flav", "n_bhadrons": "nBhadrons", "n_chadrons": "nChadrons"}
"""Fields of jets and the branches, one number a jet, that they are taken from."""

TRACK = (
    *("trk_d0", "trk_z0", "trk_phi", "trk_ctgtheta", "trk_pt", "trk_charge", "trk_pdg_id"),
    *("trk_d0err", "trk_z0err", "trk_phierr", "trk_ctgthetaerr", "trk_pterr"),
    *("trk_vtx_index", "trk_pythia_i", "trk_prod_x", "trk_prod_y", "trk_prod_z"),
)
"""Branches with one number a track."""

BRANCHES = (*JET.values(), *COUNTS.values(), *TRACK, *HADRON_BRANCHES, *NODE_BRANCHES, *EDGE_BRANCHES)
"""All that is read."""

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Tracks:
    """Tracks of many jets, one jet after another: `columns` by branch, and how many each jet has."""

    columns: Columns
    counts: Int[np.ndarray, " jets"]

    @property
    def jet(self) -> Int[np.ndarray, " tracks"]:
        """The jet of each track."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def production(self) -> Float[np.ndarray, "tracks 3"]:
        """Where each begins, in mm."""
        return np.stack([self.columns[f"trk_prod_{axis}"] for axis in "xyz"], axis=-1)


@np.errstate(all="ignore")  # what is not finite is refused by the check, where it is named
def rows_of(block: Block, *, path: Path, first: int, slots: int) -> dict[str, np.ndarray]:
    """Rows of `jets` and `tracks` of those entries that have a flavour of the schema and its hadron.

    The `slots` tracks of highest pT are kept. `block` begins at entry `first` of the file at `path`.

    **Raises:** `SampleError` where lists that belong together differ in length, or where a value breaks the
    layout: not finite, an error that is not positive.
    """
    hadron_lists, nodes, edges = (
        as_lists(block, names, path=path, first=first)
        for names in (HADRON_BRANCHES, NODE_BRANCHES, EDGE_BRANCHES)
    )
    numbers = {name: _numbers(block, name, path) for name in (*JET.values(), *COUNTS.values())}
    tracks = _hardest(_tracks(block, path, first), slots)
    hadrons = hadrons_of(hadron_lists, numbers["jet_flav"])
    ids, vertices = (Lists(tracks.columns[name], tracks.counts) for name in ("trk_pythia_i", "trk_vtx_index"))
    truth = {
        "ftagTruthOriginLabel": origins_of(hadrons, nodes, edges, ids, tracks.production()),
        "ftagTruthVertexIndex": vertices_of(vertices, tracks.production(), slots),
    }
    rows = {
        "jets": structured("jets", _jet_columns(numbers, tracks, hadrons, truth["ftagTruthVertexIndex"])),
        "tracks": in_slots(
            structured("tracks", _track_columns(tracks, numbers) | truth), tracks.counts, slots
        ),
    }
    _check(rows, path, first)
    return {name: values[hadrons.labelled] for name, values in rows.items()}


def _jet_columns(
    numbers: Columns, tracks: Tracks, hadrons: Hadrons, vertex: Int[np.ndarray, " tracks"]
) -> Columns:
    order = {flavour.truth_label: index for index, flavour in enumerate(load_schema().flavours)}
    first = (vertex >= 0) & _opens(tracks.jet, vertex)
    return {
        **{name: numbers[branch] for name, branch in (JET | COUNTS).items()},
        "flavour_label": np.array([order.get(flavour, -1) for flavour in numbers["jet_flav"].tolist()]),
        "n_tracks": tracks.counts,
        "n_truth_vertices": np.bincount(tracks.jet[first], minlength=len(tracks.counts)),
        **hadrons.columns(),
    }


def _track_columns(tracks: Tracks, numbers: Columns) -> dict[str, np.ndarray]:
    perigee, jet = _perigee(tracks.columns), tracks.jet
    return {
        **perigee,
        **derived_columns(perigee, numbers["jet_eta"][jet], numbers["jet_phi"][jet]),
        "pdgId": tracks.columns["trk_pdg_id"],
        **{f"truth_prod_{axis}": values for axis, values in zip("xyz", tracks.production().T, strict=True)},
        "valid": np.ones(len(jet), bool),
    }


def _perigee(track: Columns) -> dict[str, np.ndarray]:
    """Parameters, errors and the one correlation that q/p = charge sin(theta) / pT has with theta."""
    pt, theta = track["trk_pt"], np.arctan2(1.0, track["trk_ctgtheta"])
    q_over_p = track["trk_charge"] * np.sin(theta) / pt
    theta_error = track["trk_ctgthetaerr"] * np.sin(theta) ** 2
    from_theta = track["trk_charge"] * np.cos(theta) / pt * theta_error
    q_over_p_error = np.hypot(from_theta, q_over_p * track["trk_pterr"] / pt)
    return {
        "d0": -track["trk_d0"],
        "z0": track["trk_z0"],
        "phi": track["trk_phi"],
        "theta": theta,
        "qOverP": q_over_p,
        "d0Uncertainty": track["trk_d0err"],
        "z0Uncertainty": track["trk_z0err"],
        "phiUncertainty": track["trk_phierr"],
        "thetaUncertainty": theta_error,
        "qOverPUncertainty": q_over_p_error,
        "corr_theta_qOverP": from_theta / q_over_p_error,
    }


def _tracks(block: Block, path: Path, first: int) -> Tracks:
    lists = as_lists(block, TRACK, path=path, first=first)
    columns = {
        name: one.values.astype(np.int64 if one.values.dtype.kind in "iub" else np.float64)
        for name, one in zip(TRACK, lists, strict=True)
    }
    return Tracks(columns, lists[0].counts)


def _hardest(tracks: Tracks, slots: int) -> Tracks:
    """The `slots` tracks of highest pT of each jet, in this order."""
    order = np.lexsort((-tracks.columns["trk_pt"], tracks.jet))
    chosen = order[rank_within(tracks.jet) < slots]
    columns = {name: values[chosen] for name, values in tracks.columns.items()}
    return Tracks(columns, np.minimum(tracks.counts, slots))


def _numbers(block: Block, name: str, path: Path) -> np.ndarray:
    values = block[name]
    if isinstance(values, Lists):
        raise SampleError(f"'{path}': branch '{name}' has a list a jet; allowed is one number a jet")
    return values if values.dtype.kind in "iub" else values.astype(np.float64)


def _opens(jet: Int[np.ndarray, " tracks"], label: Int[np.ndarray, " tracks"]) -> Bool[np.ndarray, " tracks"]:
    """Whether a track is the first of its jet with its label."""
    opens = np.zeros(len(jet), bool)
    opens[np.unique(np.stack([jet, label]), axis=1, return_index=True)[1]] = True
    return opens


def _check(rows: Mapping[str, np.ndarray], path: Path, first: int) -> None:
    """Refuse what the layout forbids; flavours are the converter's own, of jets that may yet be left out."""
    columns = {
        dataset: {name: values[name] for name in values.dtype.names or () if name != "flavour_label"}
        for dataset, values in rows.items()
    }
    schema = load_schema()
    check_rows(columns, path=path, class_names=schema.class_names, first=first, schema=schema)
