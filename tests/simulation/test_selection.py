from collections import Counter

import numpy as np
import pytest

from ndive.schema import load_schema, split_of_event
from ndive.simulation.selection import ETA_EDGES, PT_EDGES, Selection
from ndive.simulation.settings import SimulationSettings

FRACTIONS = (0.7, 0.1, 0.2)


def task_of(number, size=2000):
    """Jets of one task with unequal flavours and spectra."""
    generator = np.random.default_rng(number)
    jets = np.zeros(size, dtype=load_schema().dtype("jets"))
    jets["flavour_label"] = generator.choice(3, size, p=[0.3, 0.2, 0.5])
    jets["pt"] = np.minimum(20e3 + generator.exponential(30e3 + 10e3 * jets["flavour_label"]), 199e3)
    jets["eta"] = generator.uniform(-2.5, 2.5, size)
    jets["n_tracks"] = generator.integers(2, 6, size)
    jets["eventNumber"] = 500 * number + np.sort(generator.integers(0, 500, size))
    return jets


def filled(**settings):
    selection = Selection(SimulationSettings(fractions=FRACTIONS, **settings))
    tasks = []
    while not selection.complete:
        tasks.append(task_of(len(tasks)))
        selection.add(len(tasks) - 1, tasks[-1])
    return selection, tasks


def jets_of(selection, tasks, split):
    return np.concatenate([tasks[task][rows] for task, rows in selection.rows(split)])


@pytest.mark.parametrize(
    "settings", [{"balance": False}, {"balance": True}, {"balance": True, "balance_tracks": True}]
)
def test_every_file_gets_its_jets_once_and_no_event_is_in_two(settings):
    selection, tasks = filled(jets=3001, **settings)
    events = []
    for split, quota in enumerate(selection.settings.quotas):
        assert len(jets_of(selection, tasks, split)) == quota
        for _, rows in selection.rows(split):
            assert len(set(rows)) == len(rows)
        events.append(set(jets_of(selection, tasks, split)["eventNumber"]))
    assert not events[0] & events[1]
    assert not events[0] & events[2]
    assert not events[1] & events[2]


@pytest.mark.parametrize("in_tracks", [False, True])
def test_every_bin_of_every_file_has_as_many_of_each_flavour(in_tracks):
    selection, tasks = filled(jets=6000, balance_tracks=in_tracks)
    for split in range(3):
        jets = jets_of(selection, tasks, split)
        place = np.stack(
            [np.digitize(jets["pt"] / 1e3, PT_EDGES), np.digitize(np.abs(jets["eta"]), ETA_EDGES)]
        )
        if in_tracks:
            place = np.concatenate([place, jets["n_tracks"][None]])
        counts = [
            Counter(map(tuple, place[:, jets["flavour_label"] == flavour].T.tolist())) for flavour in range(3)
        ]
        uneven = sum((counts[0] - counts[1]).values()) + sum((counts[0] - counts[2]).values())
        assert uneven <= 4


def test_without_balance_the_flavours_stay_as_they_come():
    selection, tasks = filled(jets=6000, balance=False)
    counts = np.bincount(jets_of(selection, tasks, 0)["flavour_label"])
    np.testing.assert_allclose(counts / counts.sum(), [0.3, 0.2, 0.5], atol=4 * (0.25 / 4200) ** 0.5)


def test_rows_are_told_in_the_order_of_the_events():
    selection, tasks = filled(jets=3000)
    events = jets_of(selection, tasks, 0)["eventNumber"]
    assert (np.diff(events) >= 0).all()


@pytest.mark.parametrize("first", [0, 1_000_000, 90_000_000])
def test_events_fill_the_files_evenly(first):
    event = np.arange(first, first + 1000)
    counts = np.bincount(split_of_event(event, FRACTIONS), minlength=3)
    np.testing.assert_allclose(counts, [700, 100, 200], atol=5)
