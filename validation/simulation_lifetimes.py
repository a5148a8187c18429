"""Mean proper decay times of heavy hadrons: where a bias comes from and where it does not.

    uv run python validation/simulation_lifetimes.py [EVENTS [inclusive]]

Events have no multiparton interactions (four times faster; a lifetime knows nothing of them) and W bosons
that decay to charm, unless they are to be inclusive. Every column is the mean proper decay time over tau0 of
Pythia's table, so that 1 is no bias; its statistical error is 1 / sqrt(N).
"""

import sys
from collections import defaultdict

import numpy as np

from ndive.simulation.ancestry import first_ancestor
from ndive.simulation.events import Events
from ndive.simulation.generator import generated, generator_settings, start_generator
from ndive.simulation.jets import find_jets
from ndive.simulation.labels import label_jets
from ndive.simulation.settings import SimulationSettings
from ndive.simulation.tracking import track_jets

NAMES = {511: "B0", 521: "B+", 531: "Bs", 5122: "Lambda_b", 421: "D0", 411: "D+", 431: "Ds", 4122: "Lambda_c"}
PDG = {
    511: 0.4548,
    521: 0.4911,
    531: 0.4557,
    5122: 0.4401,
    421: 0.1230,
    411: 0.3097,
    431: 0.1503,
    4122: 0.0607,
}
"""c tau in mm, Review of Particle Physics 2024."""

COLUMNS = (
    "all, own flight",
    "label, own flight",
    "label, from PV",
    "the same, none from b",
    "and a track kept",
    "and > 50 um from PV",
)


def times(
    events: Events, settings: SimulationSettings, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """For each column the proper time in mm of each particle that it takes, NaN for the others."""
    jets = find_jets(events)
    hadron = label_jets(events, jets).hadron
    tracks = track_jets(events, jets, settings, generator=generator)
    label = np.zeros(len(events.pdg), dtype=bool)
    label[hadron[hadron >= 0]] = True
    weak = events.weak_b | events.weak_c
    from_b = first_ancestor(events.mother, np.arange(len(weak)), events.weak_b) >= 0
    begun = {tuple(point) for point in np.round(events.production[tracks.particle], 6).tolist()}
    seen = np.zeros(len(weak), dtype=bool)
    seen[label] = [tuple(point) in begun for point in np.round(events.decay[label], 6).tolist()]
    distance = np.linalg.norm(events.decay, axis=-1)
    from_origin = distance * events.mass / np.maximum(np.linalg.norm(events.momentum, axis=-1), 1e-9)
    own, prompt = events.proper_time, label & ~from_b
    taken = (weak, label, label, prompt, prompt & seen, prompt & seen & (distance > 0.05))
    values = (own, own, from_origin, from_origin, from_origin, from_origin)
    return {
        name: np.where(take, value, np.nan) for name, take, value in zip(COLUMNS, taken, values, strict=True)
    }


def main(n_events: int, *, inclusive: bool) -> None:
    settings = SimulationSettings(underlying_event=False, seed=7)
    pythia = start_generator(generator_settings(settings, 0, charm_rich=not inclusive))
    generator = np.random.default_rng(settings.seed)
    found = defaultdict(list)
    for events in generated(pythia, n_events):
        for name, values in times(events, settings, generator).items():
            for number in NAMES:
                chosen = values[np.abs(events.pdg) == number]
                found[number, name].append(chosen[np.isfinite(chosen)])
    print("| hadron | N | Pythia / PDG | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for number, hadron in NAMES.items():
        tau0 = pythia.particleData.tau0(number)
        samples = [np.concatenate(found[number, name]) for name in COLUMNS]
        cells = " | ".join(f"{one.mean() / tau0:.3f} ± {len(one) ** -0.5:.3f}" for one in samples)
        print(f"| {hadron} | {len(samples[0])} | {tau0 / PDG[number]:.3f} | {cells} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000, inclusive="inclusive" in sys.argv)
