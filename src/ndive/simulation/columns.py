"""Jets and tracks as structured arrays in the layout of `ndive.schema`."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from ndive.schema import load_schema
from ndive.simulation.events import Events
from ndive.simulation.jets import Jets, angle_between
from ndive.simulation.labels import JetLabels
from ndive.simulation.tracking import JetTracks, pseudorapidity, transverse_momentum

NAMES = ("d0", "z0", "phi", "theta", "qOverP")


def structured(dataset: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """A structured array of `dataset` with all its fields, from `columns` in units of the program."""
    fields = load_schema().datasets[dataset]
    size = len(next(iter(columns.values())))
    result = np.empty(size, dtype=load_schema().dtype(dataset))
    for name, field in fields.items():
        values = columns[name]
        result[name] = values if field.factor == 1 else values / field.factor
    return result


def padded(tracks: np.ndarray, counts: Int[np.ndarray, " jets"], slots: int) -> np.ndarray:
    """Tracks of jets one after another, laid out as `[jets, slots]`; padding is NaN, -1 and not valid."""
    result = np.empty((len(counts), slots), dtype=tracks.dtype)
    for name in tracks.dtype.names or ():
        kind = tracks.dtype[name].kind
        result[name] = np.nan if kind == "f" else -1 if kind == "i" else False
    result[np.arange(slots) < counts[:, None]] = tracks
    return result


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
    measured = dict(zip(NAMES, tracks.measured.T, strict=True))
    eta, jet = pseudorapidity(tracks.measured), tracks.jet
    deta, dphi = eta - jets.eta[jet], angle_between(measured["phi"], jets.phi[jet])
    z0_sine, z0_sine_error = _z0_sin_theta(tracks)
    errors = np.sqrt(np.diagonal(tracks.covariance, axis1=1, axis2=2))
    d0_sign = np.where(measured["d0"] * np.sin(-dphi) >= 0, 1.0, -1.0)
    z0_sign = np.where(-deta * measured["z0"] >= 0, 1.0, -1.0)
    production = events.production[tracks.particle]
    return {
        **measured,
        "pt": transverse_momentum(tracks.measured),
        "eta": eta,
        "z0SinTheta": z0_sine,
        "deta": deta,
        "dphi": dphi,
        "dr": np.hypot(deta, dphi),
        **{f"{name}Uncertainty": error for name, error in zip(NAMES, errors.T, strict=True)},
        "z0SinThetaUncertainty": z0_sine_error,
        **_correlations(tracks.covariance, errors),
        "lifetimeSignedD0Significance": d0_sign * np.abs(measured["d0"]) / errors[:, 0],
        "lifetimeSignedZ0SinThetaSignificance": z0_sign * np.abs(z0_sine) / z0_sine_error,
        "ftagTruthOriginLabel": origin,
        "ftagTruthVertexIndex": vertex,
        "pdgId": events.pdg[tracks.particle],
        **{f"truth_{name}": values for name, values in zip(NAMES, tracks.true.T, strict=True)},
        **{f"truth_prod_{axis}": values for axis, values in zip("xyz", production.T, strict=True)},
        "valid": np.ones(len(jet), dtype=bool),
    }


def _hadron_columns(events: Events, index: Int[np.ndarray, " n"], prefix: str) -> dict[str, np.ndarray]:
    exists = index >= 0
    decay = np.where(exists[:, None], events.decay[index], 0.0)
    return {
        f"{prefix}_pdgId": np.where(exists, events.pdg[index], 0),
        **{f"{prefix}_{axis}": values for axis, values in zip("xyz", decay.T, strict=True)},
    }


def _z0_sin_theta(tracks: JetTracks) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """z0 sin(theta) and its error, linear in the errors of z0 and theta."""
    z0, theta = tracks.measured[:, 1], tracks.measured[:, 3]
    slope = np.stack([np.sin(theta), z0 * np.cos(theta)], axis=-1)
    block = tracks.covariance[:, [[1], [3]], [1, 3]]
    return z0 * np.sin(theta), np.sqrt(np.einsum("ni,nij,nj->n", slope, block, slope))


def _correlations(
    covariance: Float[np.ndarray, "n 5 5"], errors: Float[np.ndarray, "n 5"]
) -> dict[str, np.ndarray]:
    return {
        f"corr_{NAMES[i]}_{NAMES[j]}": covariance[:, i, j] / (errors[:, i] * errors[:, j])
        for i in range(5)
        for j in range(i + 1, 5)
    }
