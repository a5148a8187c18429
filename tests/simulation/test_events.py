import numpy as np
import pytest

from ndive.simulation.generator import generated, generator_settings, start_generator
from ndive.simulation.settings import SimulationSettings


@pytest.fixture(scope="module")
def events():
    settings = SimulationSettings(underlying_event=False)
    (batch,) = generated(start_generator(generator_settings(settings, 3, charm_rich=False)), 60)
    return batch


def test_a_mother_is_in_the_same_event_and_no_parton(events):
    child = np.flatnonzero(events.mother >= 0)
    np.testing.assert_array_equal(events.event[child], events.event[events.mother[child]])
    size = np.abs(events.pdg[events.mother[child]])
    assert not np.isin(size, (1, 2, 3, 4, 5, 6, 21)).any()


def test_daughters_begin_where_the_mother_decays(events):
    of_hadron = (events.mother >= 0) & (np.abs(events.pdg[events.mother]) > 100)
    child = np.flatnonzero(of_hadron & (np.linalg.norm(events.production, axis=-1) > 0))
    assert len(child) > 1000
    np.testing.assert_allclose(
        events.production[child], events.decay[events.mother[child]], rtol=1e-12, atol=1e-12
    )


def test_the_decay_point_follows_from_the_proper_time(events):
    weak = np.flatnonzero(events.weak_b)
    assert len(weak) >= 100
    momentum = np.linalg.norm(events.momentum[weak], axis=-1)
    flown = np.linalg.norm(events.decay[weak] - events.production[weak], axis=-1)
    np.testing.assert_allclose(flown * events.mass[weak] / momentum, events.proper_time[weak], rtol=1e-9)


def test_kinematics(events):
    some = np.flatnonzero(events.pt > 1)
    px, py, pz = events.momentum[some].T
    np.testing.assert_allclose(events.pt[some] * np.cos(events.phi[some]), px, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(events.pt[some] * np.sin(events.phi[some]), py, rtol=1e-9, atol=1e-9)
    polar = np.arctan2(events.pt[some], pz)
    np.testing.assert_allclose(events.eta[some], -np.log(np.tan(polar / 2)), rtol=1e-6, atol=1e-9)
    energy = np.sqrt(px**2 + py**2 + pz**2 + events.mass[some] ** 2)
    hadrons = events.status[some] > 0
    np.testing.assert_allclose(events.energy[some][hadrons], energy[hadrons], rtol=1e-6)


def test_two_top_quarks_give_two_weak_b_hadrons_or_more(events):
    counts = np.bincount(events.event[events.weak_b], minlength=events.n_events)
    assert (counts >= 2).mean() > 0.95
