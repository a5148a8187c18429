"""Decays of heavy hadrons against measurements: how many charged particles, after how long."""

import numpy as np
import pytest
from scipy.stats import kstest

from ndive.simulation import SimulationSettings
from ndive.simulation.ancestry import first_ancestor
from ndive.simulation.generator import generated, generator_settings, start_generator

C_TAU = {511: 0.4548, 521: 0.4911, 531: 0.4557, 5122: 0.4401, 421: 0.1230, 411: 0.3097, 431: 0.1503}
"""c tau in mm of B0, B+, Bs, Lambda_b, D0, D+ and Ds, Review of Particle Physics 2024."""


def events_of(n_events, seed):
    settings = SimulationSettings(underlying_event=False, seed=seed)
    pythia = start_generator(generator_settings(settings, 0, charm_rich=True))
    yield from generated(pythia, n_events)


def charged_particles(events):
    """Stable charged descendants of each B0 and B+ of a batch of events."""
    final = np.ones(len(events.pdg), dtype=bool)
    final[events.mother[events.mother >= 0]] = False
    charged = np.flatnonzero(final & np.isin(np.abs(events.pdg), (11, 13, 211, 321, 2212)))
    parent = first_ancestor(events.mother, charged, events.weak_b)
    count = np.bincount(parent[parent >= 0], minlength=len(events.pdg))
    return count[events.weak_b & np.isin(np.abs(events.pdg), (511, 521))]


def test_charged_multiplicity_of_b_mesons_is_that_of_cleo():
    """5.36 ± 0.01 +0.11 -0.08, K0S products included: CLEO, Phys. Rev. D 61 (2000) 072002."""
    counts = np.concatenate([charged_particles(events) for events in events_of(1000, seed=3)])
    assert len(counts) > 1500
    assert counts.mean() == pytest.approx(5.36, abs=0.11 + 4 * counts.std() / len(counts) ** 0.5)


def test_hadrons_decay_after_their_lifetime():
    """All species together; allowed are 2 % for what Pythia's table differs from today's averages."""
    scaled = []
    for events in events_of(1000, seed=5):
        weak = events.weak_b | events.weak_c
        for number, c_tau in C_TAU.items():
            scaled.append(events.proper_time[weak & (np.abs(events.pdg) == number)] / c_tau)
    times = np.concatenate(scaled)
    assert len(times) > 5000
    assert times.mean() == pytest.approx(1, abs=0.02 + 4 * len(times) ** -0.5)


@pytest.mark.slow
def test_each_hadron_decays_exponentially_with_its_lifetime():
    """Allowed are the 4 % by which Pythia's table differs from today's averages, and the statistics."""
    times = {number: [] for number in C_TAU}
    for events in events_of(20_000, seed=4):
        for number, found in times.items():
            found.append(events.proper_time[(np.abs(events.pdg) == number) & (events.weak_b | events.weak_c)])
    for number, c_tau in C_TAU.items():
        time = np.concatenate(times[number])
        assert len(time) > 1000
        assert time.mean() == pytest.approx(c_tau, rel=0.04 + 4 * len(time) ** -0.5)
        assert kstest(time / time.mean(), "expon").pvalue > 1e-4
