"""ROOT files with the branches and types of the public sample, made from simulated jets."""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot

Branches = dict[str, ak.Array]

CHAINS = {3: [511], 4: [511, 411], 5: [411], 6: [-15], 7: [310]}
"""PDG numbers above a track, by its origin label."""

SIN, COS = np.sin, np.cos


def branches_of(jets: np.ndarray, tracks: np.ndarray) -> Branches:
    """Every branch of the sample, from rows of a jets file; `tracks` one behind another."""
    counts = jets["n_tracks"]
    one, many = _of_jets(jets), _of_tracks(tracks)
    many["trk_pythia_i"] = 1000 + np.arange(len(tracks))
    return {
        **{name: _typed(values) for name, values in one.items()},
        **{name: ak.unflatten(_typed(values), counts) for name, values in many.items()},
        **_hadrons(jets),
        **_graph(tracks["ftagTruthOriginLabel"], many["trk_pythia_i"], counts),
    }


def write_root(path: Path, branches: Branches, tree: str = "tree") -> Path:
    with uproot.recreate(path) as file:
        made = file.mktree(tree, {name: array.type.content for name, array in branches.items()})
        made.extend(branches)
    return path


def _of_jets(jets: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "eventnb": jets["eventNumber"],
        "jet_pt": jets["pt"] / 1e3,
        "jet_eta": jets["eta"],
        "jet_phi": jets["phi"],
        "jet_M": jets["mass"] / 1e3,
        "jet_flav": jets["HadronConeExclTruthLabelID"],
        "n_trks": jets["n_tracks"],
        "n_vertices": jets["n_truth_vertices"],
        "nBhadrons": jets["n_bhadrons"],
        "nChadrons": jets["n_chadrons"],
        "nBdecay": 0 * jets["n_bhadrons"],
        "nCdecay": 0 * jets["n_bhadrons"],
        "BCdistance": 0 * jets["pt"],
    }


def _of_tracks(tracks: np.ndarray) -> dict[str, np.ndarray]:
    theta, q_over_p = tracks["theta"].astype(float), tracks["qOverP"].astype(float) * 1e3
    pt = SIN(theta) / np.abs(q_over_p)
    return {
        "trk_d0": -tracks["d0"],
        "trk_z0": tracks["z0"],
        "trk_phi": tracks["phi"],
        "trk_ctgtheta": 1 / np.tan(theta),
        "trk_pt": pt,
        "trk_charge": np.sign(q_over_p),
        "trk_eta": tracks["eta"],
        "trk_d0err": tracks["d0Uncertainty"],
        "trk_z0err": tracks["z0Uncertainty"],
        "trk_phierr": tracks["phiUncertainty"],
        "trk_ctgthetaerr": tracks["thetaUncertainty"] / SIN(theta) ** 2,
        "trk_pterr": 0.01 * pt,
        "trk_pdg_id": tracks["pdgId"],
        "trk_vtx_index": tracks["ftagTruthVertexIndex"],
        **{f"trk_prod_{axis}": tracks[f"truth_prod_{axis}"] for axis in "xyz"},
        **{f"trk_dec_{axis}": 0 * tracks[f"truth_prod_{axis}"] for axis in "xyz"},
    }


def _hadrons(jets: np.ndarray) -> Branches:
    """The labelling hadron and the c hadron behind it, where there are such."""
    listed = np.stack([jets["hadron_pdgId"], jets["chadron_pdgId"]], axis=1)
    kept = (listed != 0) & np.stack([np.ones(len(jets), bool), listed[:, 0] != listed[:, 1]], axis=1)
    made = {"hadron_pdgid": listed}
    for axis in "xyz":
        made[f"hadron_dec{axis}"] = np.stack([jets[f"hadron_{axis}"], jets[f"chadron_{axis}"]], axis=1)
        made[f"hadron_{axis}"] = 0 * made[f"hadron_dec{axis}"]
        made[f"true_vtx_{axis}"] = made[f"hadron_dec{axis}"]
    made |= {"true_vtx_L3D": made["true_vtx_x"], "true_vtx_ntrks": listed}
    return {name: ak.unflatten(_typed(values[kept]), kept.sum(axis=1)) for name, values in made.items()}


def _graph(origins: np.ndarray, tracks: np.ndarray, counts: np.ndarray) -> Branches:
    """A chain of decays above each track that has one."""
    per_jet = (ak.unflatten(values, counts).to_list() for values in (origins, tracks))
    nodes, names, starts, ends = [], [], [], []
    for labels, ids in zip(*per_jet, strict=True):
        chains = [
            (CHAINS.get(label, []), 10 * track, track) for label, track in zip(labels, ids, strict=True)
        ]
        above = [[first + place for place in range(len(chain))] for chain, first, _ in chains]
        nodes.append([node for chain in above for node in chain] + ids)
        names.append([name for chain, _, _ in chains for name in chain] + [211] * len(ids))
        whole = [[*chain, track] for chain, (_, _, track) in zip(above, chains, strict=True)]
        starts.append([node for chain in whole for node in chain[:-1]])
        ends.append([node for chain in whole for node in chain[1:]])
    lists = {"node_idx": nodes, "node_pdg_id": names, "edge_start": starts, "edge_end": ends}
    made = {name: ak.values_astype(ak.Array(values), np.int32) for name, values in lists.items()}
    return made | {"edge_dist": ak.values_astype(made["edge_start"], np.float32)}


def _typed(values: np.ndarray) -> ak.Array:
    return ak.Array(values.astype(np.float32 if values.dtype.kind == "f" else np.int32))
