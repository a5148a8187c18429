import numpy as np
import pytest

from ndive.errors import SimulationError
from ndive.simulation.generator import generated, generator_settings, start_generator
from ndive.simulation.settings import LARGEST_SEED, SimulationSettings

PYTHIA_LARGEST_SEED = 900_000_000
FAST = SimulationSettings(underlying_event=False, seed=4)


def seed_of(lines):
    (line,) = [line for line in lines if line.startswith("Random:seed")]
    return int(line.split("=")[1])


def events_of(lines, number=5):
    (events,) = generated(start_generator(lines), number)
    return events


def test_a_setting_that_pythia_does_not_know_is_refused():
    with pytest.raises(SimulationError, match="Pythia does not know the setting 'Beams:eCm2 = 14000'"):
        start_generator(("Print:quiet = on", "Beams:eCm2 = 14000"))


def test_settings_that_do_not_go_together_are_refused():
    with pytest.raises(SimulationError, match="Pythia did not start"):
        start_generator(("Print:quiet = on", "Print:errors = off", "Beams:idA = 99"))


def test_no_two_tasks_of_any_samples_share_a_seed():
    tasks = (0, 1, 99_999)
    seeds = [
        seed_of(generator_settings(SimulationSettings(seed=seed), task, charm_rich=False))
        for seed in (0, 1, LARGEST_SEED)
        for task in tasks
    ]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 1
    assert max(seeds) <= PYTHIA_LARGEST_SEED


def test_a_task_beyond_the_seeds_is_refused():
    with pytest.raises(SimulationError, match="task 100000 has no seed of its own, allowed: 0 to 99999"):
        generator_settings(FAST, 100_000, charm_rich=False)


def test_the_seed_decides_the_events():
    first, again, other = (
        events_of(generator_settings(FAST, task, charm_rich=False)).momentum for task in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_charm_rich_events_have_w_bosons_that_decay_to_charm():
    events = events_of(generator_settings(FAST, 0, charm_rich=True), 20)
    w = np.abs(events.pdg) == 24
    decayed = np.flatnonzero(w)[~np.isin(np.flatnonzero(w), events.mother[w])]
    assert len(decayed) == 40
    for boson in decayed:
        assert 4 in np.abs(events.pdg[events.mother == boson])


def test_batches_hold_the_events_asked_for():
    pythia = start_generator(generator_settings(FAST, 0, charm_rich=False))
    assert [events.n_events for events in generated(pythia, 230)] == [200, 30]
