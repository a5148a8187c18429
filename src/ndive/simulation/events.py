"""A batch of events as flat arrays over all particles."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.simulation.ancestry import weak_hadrons
from ndive.simulation.libraries import awkward as ak
from ndive.simulation.particles import is_parton


@dataclass(frozen=True, kw_only=True)
class Events:
    """Particles of several events, one after another.

    **Attributes:** `n_events`; for each of the n particles `event`, its event within the batch; `pdg`;
    `status` of Pythia (positive: stable); `mother`, the index in these arrays of the hadron, lepton or boson
    that it comes from, -1 behind a parton; `weak_b` and `weak_c`, whether it is a b or c hadron that decays
    weakly; `momentum` (px, py, pz) and `energy`, `mass` in GeV;
    `production` and `decay`, points in mm from the hard interaction; `proper_time` in mm/c.
    """

    n_events: int
    event: Int[np.ndarray, " n"]
    pdg: Int[np.ndarray, " n"]
    status: Int[np.ndarray, " n"]
    mother: Int[np.ndarray, " n"]
    weak_b: Bool[np.ndarray, " n"]
    weak_c: Bool[np.ndarray, " n"]
    momentum: Float[np.ndarray, "n 3"]
    energy: Float[np.ndarray, " n"]
    mass: Float[np.ndarray, " n"]
    production: Float[np.ndarray, "n 3"]
    decay: Float[np.ndarray, "n 3"]
    proper_time: Float[np.ndarray, " n"]

    @cached_property
    def pt(self) -> Float[np.ndarray, " n"]:
        """Transverse momentum in GeV."""
        return np.hypot(self.momentum[:, 0], self.momentum[:, 1])

    @cached_property
    def phi(self) -> Float[np.ndarray, " n"]:
        """Azimuth of the momentum in rad."""
        return np.arctan2(self.momentum[:, 1], self.momentum[:, 0])

    @cached_property
    def eta(self) -> Float[np.ndarray, " n"]:
        """Pseudorapidity, large but finite along the beam."""
        return np.arcsinh(self.momentum[:, 2] / np.maximum(self.pt, 1e-9))


def events_from_pythia(batch: ak.Array) -> Events:
    """The particles of `Pythia.nextBatch`, flat; a decay point is the production point plus tau p / m."""
    particles = ak.flatten(batch.prt)
    counts = ak.num(batch.prt).to_numpy()
    event = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    pdg = particles.id.to_numpy()
    momentum = np.stack([particles.p[axis].to_numpy() for axis in ("px", "py", "pz")], axis=-1)
    mass = particles.m.to_numpy()
    proper_time = particles.tau.to_numpy()
    vertex = ak.fill_none(particles.vProd[["px", "py", "pz"]], {"px": 0.0, "py": 0.0, "pz": 0.0})
    production = np.stack([vertex[axis].to_numpy() for axis in ("px", "py", "pz")], axis=-1)
    flies = (proper_time > 0) & (mass > 0)
    boost = np.divide(proper_time, mass, out=np.zeros_like(mass), where=flies)
    mother = particles.mother1.to_numpy() + first
    mother[(particles.mother1.to_numpy() <= 0) | is_parton(pdg)[mother]] = -1
    return Events(
        n_events=len(counts),
        event=event,
        pdg=pdg,
        status=particles.status.to_numpy(),
        mother=mother,
        weak_b=weak_hadrons(pdg, mother, 5),
        weak_c=weak_hadrons(pdg, mother, 4),
        momentum=momentum,
        energy=particles.p.e.to_numpy(),
        mass=mass,
        production=production,
        decay=production + boost[:, None] * momentum,
        proper_time=proper_time,
    )
