import numpy as np
import pytest

from ndive.simulation import SimulationSettings, simulate_task

INCLUSIVE = SimulationSettings(jets=800, balance=False, underlying_event=False)
BALANCED = SimulationSettings(jets=800, underlying_event=False)


@pytest.fixture(scope="module")
def inclusive():
    return simulate_task(INCLUSIVE, 1)


def test_a_task_is_a_function_of_its_number(inclusive):
    again, other = simulate_task(INCLUSIVE, 1), simulate_task(INCLUSIVE, 2)
    assert again.jets.tobytes() == inclusive.jets.tobytes()
    assert again.tracks.tobytes() == inclusive.tracks.tobytes()
    assert other.jets.tobytes() != inclusive.jets.tobytes()


def test_jets_are_those_of_the_selection(inclusive):
    jets = inclusive.jets
    assert len(jets) > 50
    assert jets["pt"].min() > 20e3
    assert jets["pt"].max() < 200e3
    assert np.abs(jets["eta"]).max() < 2.5
    assert jets["n_tracks"].min() >= 2
    assert set(jets["HadronConeExclTruthLabelID"]) == {0, 4, 5}
    assert jets["n_tracks"].sum() == len(inclusive.tracks)


def test_event_numbers_go_on_from_task_to_task(inclusive):
    size = INCLUSIVE.events_per_task
    assert inclusive.jets["eventNumber"].min() >= size
    assert inclusive.jets["eventNumber"].max() < 2 * size


def test_charm_rich_tasks_give_no_light_jets():
    rich, plain = (simulate_task(BALANCED, task).jets["HadronConeExclTruthLabelID"] for task in (1, 2))
    assert 0 not in rich
    assert 0 in plain
    assert (rich == 4).sum() > 1.5 * (plain == 4).sum()


def test_shlomi_tracks_have_no_correlations():
    tracks = simulate_task(SimulationSettings(jets=10, resolution="shlomi", underlying_event=False), 0).tracks
    names = [name for name in tracks.dtype.names if name.startswith("corr_")]
    assert len(names) == 10
    assert all((tracks[name] == 0).all() for name in names)
    assert tracks["pt"].min() > 250
    assert tracks["pt"].min() < 400
