"""Events made by hand, for tests."""

import numpy as np

from ndive.simulation.ancestry import weak_hadrons
from ndive.simulation.events import Events

STABLE, DECAYED = 1, -1


def particle(
    pdg, pt=10.0, eta=0.0, phi=0.0, *, mother=-1, event=0, status=STABLE, at=(0, 0, 0), decay=(0, 0, 0)
):
    """One particle by pT, eta and phi; `mother` is its place in the list."""
    return {
        "pdg": pdg,
        "momentum": (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)),
        "mother": mother,
        "event": event,
        "status": status,
        "production": at,
        "decay": decay,
    }


def events_of(*particles):
    """The events that hold these particles, all of the mass of a pion."""
    columns = {name: np.array([one[name] for one in particles]) for name in particles[0]}
    momentum, mother, pdg = columns["momentum"].astype(float), columns["mother"], columns["pdg"]
    mass = np.full(len(pdg), 0.13957)
    return Events(
        n_events=int(columns["event"].max()) + 1,
        event=columns["event"],
        pdg=pdg,
        status=columns["status"],
        mother=mother,
        weak_b=weak_hadrons(pdg, mother, 5),
        weak_c=weak_hadrons(pdg, mother, 4),
        momentum=momentum,
        energy=np.sqrt((momentum**2).sum(axis=1) + mass**2),
        mass=mass,
        production=columns["production"].astype(float),
        decay=columns["decay"].astype(float),
        proper_time=np.zeros(len(pdg)),
    )
