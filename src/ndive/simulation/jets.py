"""Jets of stable visible particles, and what lies closest to which jet."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ndive.schema import angle_between
from ndive.simulation.events import Events
from ndive.simulation.libraries import awkward as ak
from ndive.simulation.libraries import fastjet
from ndive.simulation.particles import is_neutrino

RADIUS = 0.4
PT_MIN = 20.0
LARGEST_ETA = 4.0


@dataclass(frozen=True, kw_only=True)
class Jets:
    """Jets of a batch of events, one event after another: `event`, `pt` and `mass` in GeV, `eta`, `phi`."""

    n_events: int
    event: Int[np.ndarray, " n"]
    pt: Float[np.ndarray, " n"]
    eta: Float[np.ndarray, " n"]
    phi: Float[np.ndarray, " n"]
    mass: Float[np.ndarray, " n"]


def find_jets(events: Events) -> Jets:
    """Anti-kt jets (R = 0.4, pT > 20 GeV) of the stable particles with abs(eta) < 4 but neutrinos."""
    seen = (events.status > 0) & ~is_neutrino(events.pdg) & (np.abs(events.eta) < LARGEST_ETA)
    px, py, pz = events.momentum[seen].T
    counts = np.bincount(events.event[seen], minlength=events.n_events)
    particles = ak.unflatten(ak.zip({"px": px, "py": py, "pz": pz, "E": events.energy[seen]}), counts)
    fastjet.ClusterSequenceArea.set_fastjet_banner_stream(None)
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS)
    found = fastjet.ClusterSequence(particles, definition).inclusive_jets(PT_MIN)
    jets = ak.flatten(found)
    px, py, pz, energy = (jets[axis].to_numpy() for axis in ("px", "py", "pz", "E"))
    pt = np.hypot(px, py)
    return Jets(
        n_events=events.n_events,
        event=np.repeat(np.arange(events.n_events), ak.num(found).to_numpy()),
        pt=pt,
        eta=np.arcsinh(pz / pt),
        phi=np.arctan2(py, px),
        mass=np.sqrt(np.maximum(energy**2 - pt**2 - pz**2, 0)),
    )


def closest_jet(
    jets: Jets,
    event: Int[np.ndarray, " n"],
    eta: Float[np.ndarray, " n"],
    phi: Float[np.ndarray, " n"],
    *,
    within: float,
) -> Int[np.ndarray, " n"]:
    """Index of the closest jet of the same event in (eta, phi), -1 if none lies `within` that distance."""
    counts = np.bincount(jets.event, minlength=jets.n_events)
    if not counts.any():
        return np.full(event.shape, -1)
    first = np.cumsum(counts) - counts
    slot = np.arange(counts.max())
    exists = slot < counts[event][:, None]
    jet = np.where(exists, first[event][:, None] + slot, 0)
    square = (jets.eta[jet] - eta[:, None]) ** 2 + angle_between(jets.phi[jet], phi[:, None]) ** 2
    square = np.where(exists, square, np.inf)
    best = square.argmin(axis=1)
    row = np.arange(len(event))
    return np.where(square[row, best] < within**2, jet[row, best], -1)
