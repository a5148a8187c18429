"""Mean proper decay times of heavy hadrons, cut by cut: where a bias comes from and where it does not.

    uv run python validation/simulation_lifetimes.py [EVENTS]

Events have no multiparton interactions (four times faster; a lifetime knows nothing of them) and W bosons
that decay to charm. Every column is the mean proper decay time over the tau0 of Pythia's table, so that 1 is
no bias; its statistical error is 1 / sqrt(N).
"""

import sys
from collections import defaultdict

import numpy as np

from ndive.simulation.generator import generated, generator_settings, start_generator
from ndive.simulation.jets import find_jets
from ndive.simulation.labels import label_jets
from ndive.simulation.settings import SimulationSettings
from ndive.simulation.tracking import track_jets

NAMES = {511: "B0", 521: "B+", 531: "Bs", 5122: "Lambda_b", 421: "D0", 411: "D+", 431: "Ds", 4122: "Lambda_c"}
PDG_2024 = {511: 0.4552, 521: 0.4911, 531: 0.4557, 5122: 0.4401, 421: 0.1230, 411: 0.3097, 431: 0.1503, 4122: 0.0607}
"""c tau in mm, Review of Particle Physics 2024."""

CUTS = ("all", "labels a jet", "one track kept", "flew > 0.01 mm", "flew > 0.05 mm", "vertex from PV")


def proper_times(n_events: int, seed: int) -> dict[tuple[int, str], list[np.ndarray]]:
    """Proper decay times in mm by hadron and cut."""
    settings = SimulationSettings(underlying_event=False, seed=seed)
    pythia = start_generator(generator_settings(settings, 0, charm_rich=True))
    generator = np.random.default_rng(seed)
    found = defaultdict(list)
    for events in generated(pythia, n_events):
        jets = find_jets(events)
        labels = label_jets(events, jets)
        tracks = track_jets(events, jets, settings, generator=generator)
        labelled = np.zeros(len(events.pdg), dtype=bool)
        labelled[np.concatenate([labels.hadron, labels.charm])[np.concatenate([labels.hadron, labels.charm]) >= 0]] = True
        tracked = np.zeros(len(events.pdg), dtype=bool)
        points = {tuple(point) for point in events.production[tracks.particle].tolist()}
        weak = events.weak_b | events.weak_c
        index = np.flatnonzero(weak)
        tracked[index] = [tuple(point) in points for point in events.decay[index].tolist()]
        flown = np.linalg.norm(events.decay - events.production, axis=-1)
        from_origin = np.linalg.norm(events.decay, axis=-1) * events.mass / np.linalg.norm(events.momentum, axis=-1).clip(1e-9)
        cuts = {
            "all": weak,
            "labels a jet": labelled,
            "one track kept": labelled & tracked,
            "flew > 0.01 mm": labelled & tracked & (flown > 0.01),
            "flew > 0.05 mm": labelled & tracked & (flown > 0.05),
        }
        size = np.abs(events.pdg)
        for number in NAMES:
            for name, cut in cuts.items():
                found[number, name].append(events.proper_time[cut & (size == number)])
            found[number, "vertex from PV"].append(from_origin[labelled & (size == number)])
    found["tau0"] = {number: pythia.particleData.tau0(number) for number in NAMES}  # type: ignore[index, assignment]
    return found


def main(n_events: int) -> None:
    found = proper_times(n_events, seed=7)
    tau0 = found.pop("tau0")  # type: ignore[call-overload]
    print("| hadron | N | Pythia / PDG | " + " | ".join(CUTS) + " |")
    print("|---" * (len(CUTS) + 3) + "|")
    for number, name in NAMES.items():
        samples = {cut: np.concatenate(found[number, cut]) for cut in CUTS}
        cells = [f"{samples[cut].mean() / tau0[number]:.3f} ± {len(samples[cut]) ** -0.5:.3f}" for cut in CUTS]
        ratio = tau0[number] / PDG_2024[number]
        print(f"| {name} | {len(samples['all'])} | {ratio:.3f} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
