"""Tracks of b and c hadrons in jets, under several definitions, and the decay lengths under several cuts.

    uv run python validation/simulation_counts.py [EVENTS]

The first line compares the charged multiplicity of B meson decays with the measurement of CLEO,
Phys. Rev. D 61 (2000) 072002: 5.36 ± 0.01 (stat) +0.11 -0.08 (syst), products of K0S included.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from ndive.schema import has_heavy_quark
from ndive.simulation.ancestry import first_ancestor
from ndive.simulation.events import Events
from ndive.simulation.generator import generated, generator_settings, start_generator
from ndive.simulation.jets import find_jets
from ndive.simulation.labels import label_jets
from ndive.simulation.settings import SimulationSettings
from ndive.simulation.task import FEWEST_TRACKS, JET_ETA_MAX, JET_PT_MAX
from ndive.simulation.tracking import track_jets, transverse_momentum

CHARGED = (11, 13, 211, 321, 2212)
CUTS = (20.0, 25.0, 30.0)
Found = Iterator[tuple[str, np.ndarray]]


def decays(events: Events) -> Found:
    """Stable charged particles of each B0 and B+."""
    final = np.ones(len(events.pdg), dtype=bool)
    final[events.mother[events.mother >= 0]] = False
    charged = np.flatnonzero(final & np.isin(np.abs(events.pdg), CHARGED))
    bottom = first_ancestor(events.mother, charged, events.weak_b)
    count = np.bincount(bottom[bottom >= 0], minlength=len(events.pdg))
    yield "charged particles of a B meson", count[events.weak_b & np.isin(np.abs(events.pdg), (511, 521))]


def jets_and_tracks(events: Events, settings: SimulationSettings, generator: np.random.Generator) -> Found:
    """Counts of tracks a jet, and decay lengths."""
    jets = find_jets(events)
    labels = label_jets(events, jets)
    tracks = track_jets(events, jets, settings, generator=generator)
    n_tracks = np.bincount(tracks.jet, minlength=len(jets.pt))
    good = (
        (jets.pt < JET_PT_MAX)
        & (np.abs(jets.eta) < JET_ETA_MAX)
        & (n_tracks >= FEWEST_TRACKS)
        & labels.isolated
    )
    length = np.linalg.norm(events.decay[labels.hadron], axis=-1)
    particle, hadron = tracks.particle, labels.hadron[tracks.jet]
    from_b, from_c = (
        first_ancestor(events.mother, particle, has_heavy_quark(events.pdg, quark)) >= 0 for quark in (5, 4)
    )
    at_decay = np.linalg.norm(events.production[particle] - events.decay[hadron], axis=-1) < 1e-3
    pt = transverse_momentum(tracks.measured)
    chosen = {"as simulated": np.ones(len(pt), dtype=bool), "above 1 GeV": pt > 1}
    for flavour, name in ((5, "b"), (4, "c")):
        for cut in CUTS:
            yield (
                f"decay length in {name} jets, pT > {cut:g}",
                length[good & (jets.pt > cut) & (labels.flavour == flavour)],
            )
        wanted = good & (jets.pt > CUTS[0]) & (labels.flavour == flavour)
        kinds = {"from b or c": from_b | from_c}
        if flavour == 5:
            kinds |= {
                "from b, not from c": from_b & ~from_c,
                "at the b vertex": at_decay,
                "at the b vertex, not from c": at_decay & ~from_c,
            }
        for kind, of_kind in kinds.items():
            for choice, of_choice in chosen.items():
                count = np.bincount(tracks.jet[of_kind & of_choice], minlength=len(jets.pt))
                yield f"tracks {kind} in {name} jets, {choice}", count[wanted]


def main(n_events: int) -> None:
    settings = SimulationSettings(balance=False, seed=8)
    pythia = start_generator(generator_settings(settings, 0, charm_rich=False))
    generator = np.random.default_rng(settings.seed)
    found = defaultdict(list)
    for events in generated(pythia, n_events):
        for name, values in (*decays(events), *jets_and_tracks(events, settings, generator)):
            found[name].append(values)
    print("| | mean | median | none | one |\n|---|---|---|---|---|")
    for name, parts in found.items():
        values = np.concatenate(parts)
        mean = f"{values.mean():.2f} ± {values.std() / len(values) ** 0.5:.2f}"
        shares = (
            (f"{(values == 0).mean():.3f}", f"{(values == 1).mean():.3f}")
            if values.dtype.kind == "i"
            else ("", "")
        )
        print(f"| {name} | {mean} | {np.median(values):.2f} | {shares[0]} | {shares[1]} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
