"""Columns of simulated jets and tracks, named as in `ndive.schema`, in units of the program."""

import numpy as np
from jaxtyping import Float, Int

from ndive.schema import derived_columns, load_schema
from ndive.simulation.events import Events
from ndive.simulation.jets import Jets
from ndive.simulation.labels import JetLabels
from ndive.simulation.tracking import JetTracks

NAMES = ("d0", "z0", "phi", "theta", "qOverP")


def jet_columns(
    events: Events,
    jets: Jets,
    labels: JetLabels,
    n_tracks: Int[np.ndarray, " n"],
    n_vertices: Int[np.ndarray, " n"],
    first_event: int,
) -> dict[str, np.ndarray]:
    """Columns of the jets; the first event of the batch has number `first_event`."""
    flavours = load_schema().flavours
    order = {flavour.truth_label: index for index, flavour in enumerate(flavours)}
    hadron = _hadron_columns(events, labels.hadron, "hadron")
    charm = _hadron_columns(events, labels.charm, "chadron")
    return {
        "pt": jets.pt,
        "eta": jets.eta,
        "phi": jets.phi,
        "mass": jets.mass,
        "flavour_label": np.array([order.get(int(label), -1) for label in labels.flavour], dtype=np.int32),
        "HadronConeExclTruthLabelID": labels.flavour,
        "HadronConeExclTruthLabelPt": np.where(labels.hadron >= 0, events.pt[labels.hadron], 0.0),
        "eventNumber": first_event + jets.event,
        "n_tracks": n_tracks,
        "n_truth_vertices": n_vertices,
        "n_bhadrons": labels.n_bhadrons,
        "n_chadrons": labels.n_chadrons,
        "truth_pt": jets.pt,
        **hadron,
        **charm,
    }


def track_columns(
    events: Events,
    jets: Jets,
    tracks: JetTracks,
    origin: Int[np.ndarray, " n"],
    vertex: Int[np.ndarray, " n"],
) -> dict[str, np.ndarray]:
    """Columns of the tracks, one after another."""
    errors = np.sqrt(np.diagonal(tracks.covariance, axis1=1, axis2=2))
    perigee = {
        **dict(zip(NAMES, tracks.measured.T, strict=True)),
        **{f"{name}Uncertainty": error for name, error in zip(NAMES, errors.T, strict=True)},
        **_correlations(tracks.covariance, errors),
    }
    production = events.production[tracks.particle]
    return {
        **perigee,
        **derived_columns(perigee, jets.eta[tracks.jet], jets.phi[tracks.jet]),
        "ftagTruthOriginLabel": origin,
        "ftagTruthVertexIndex": vertex,
        "pdgId": events.pdg[tracks.particle],
        **{f"truth_{name}": values for name, values in zip(NAMES, tracks.true.T, strict=True)},
        **{f"truth_prod_{axis}": values for axis, values in zip("xyz", production.T, strict=True)},
        "valid": np.ones(len(tracks.jet), dtype=bool),
    }


def _hadron_columns(events: Events, index: Int[np.ndarray, " n"], prefix: str) -> dict[str, np.ndarray]:
    exists = index >= 0
    decay = np.where(exists[:, None], events.decay[index], 0.0)
    return {
        f"{prefix}_pdgId": np.where(exists, events.pdg[index], 0),
        **{f"{prefix}_{axis}": values for axis, values in zip("xyz", decay.T, strict=True)},
    }


def _correlations(
    covariance: Float[np.ndarray, "n 5 5"], errors: Float[np.ndarray, "n 5"]
) -> dict[str, np.ndarray]:
    return {
        f"corr_{NAMES[i]}_{NAMES[j]}": covariance[:, i, j] / (errors[:, i] * errors[:, j])
        for i in range(5)
        for j in range(i + 1, 5)
    }
