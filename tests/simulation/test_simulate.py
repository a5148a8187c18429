import json
import os
import signal
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from ndive.jobs import DaskPool, LocalPool
from ndive.simulation import SimulationSettings, Store, attributes, rows_of_split, simulate

SETTINGS = SimulationSettings(jets=500, balance=False, underlying_event=False, seed=3)
BALANCED = replace(SETTINGS, jets=30, fractions=(0.4, 0.3, 0.3), balance=True)
ONE, TWO = LocalPool(workers=1), LocalPool(workers=2)


def tables(selection, store):
    rows = [list(rows_of_split(selection, store, split)) for split in range(3)]
    return [np.concatenate([part[name] for part in parts]) for parts in rows for name in ("jets", "tracks")]


def whole(path, pool, settings=SETTINGS):
    store = Store(path)
    *_, selection = simulate(settings, store, pool)
    return selection, store


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return tables(*whole(tmp_path_factory.mktemp("one"), ONE))


def same(first, second):
    return all(a.tobytes() == b.tobytes() and a.dtype == b.dtype for a, b in zip(first, second, strict=True))


def test_the_number_of_workers_changes_no_byte(reference, tmp_path):
    assert same(reference, tables(*whole(tmp_path, TWO)))


def test_the_number_of_workers_changes_no_byte_of_a_balanced_sample(tmp_path):
    one, two = (tables(*whole(tmp_path / str(pool.workers), pool, BALANCED)) for pool in (ONE, TWO))
    assert same(one, two)
    labels = np.concatenate([one[file]["flavour_label"] for file in (0, 2, 4)])
    assert np.bincount(labels).tolist() == [10, 10, 10]


def test_dask_changes_no_byte_though_a_worker_is_killed(reference, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as cluster:
        store = Store(tmp_path)
        running = simulate(SETTINGS, store, DaskPool(address=cluster.scheduler_address))
        *_, selection = islice(running, 2)
        assert not selection.complete
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        *_, selection = running
    assert same(reference, tables(selection, store))


def test_an_interrupted_run_goes_on_to_the_same_end(reference, tmp_path):
    store = Store(tmp_path)
    started = simulate(SETTINGS, store, ONE)
    assert [selection.size > 0 for selection in islice(started, 3)] == [False, True, True]
    started.close()
    assert store.n_finished() == 2
    written = (store.path / "task_000000.npz").stat().st_mtime_ns
    assert same(reference, tables(*whole(tmp_path, ONE)))
    assert (store.path / "task_000000.npz").stat().st_mtime_ns == written


def test_files_have_their_jets_and_padding(reference):
    jets, tracks = reference[0], reference[1]
    assert len(jets) == SETTINGS.quotas[0] == 400
    np.testing.assert_array_equal(tracks["valid"].sum(axis=1), jets["n_tracks"])
    assert np.isnan(tracks["d0"][~tracks["valid"]]).all()


def test_jets_are_in_an_order_of_chance(reference):
    jets = reference[0]
    assert len(np.unique(jets[["eventNumber", "pt"]])) == len(jets)
    assert (np.diff(jets["eventNumber"]) < 0).mean() == pytest.approx(0.5, abs=0.1)


def test_a_file_tells_what_made_it():
    told = attributes(SETTINGS, 2)
    assert json.loads(told["settings"])["jets"] == 500
    assert (told["seed"], told["split"], told["field"]) == (3, "test", 2.0)
    assert "PartonLevel:MPI = off" in told["generator_settings"]
    assert told["generator"].startswith("Pythia 8.")


def test_a_balanced_file_tells_of_both_kinds_of_events():
    told = attributes(SimulationSettings(), 0)
    assert set(told["generator_settings_charm_rich"]) - set(told["generator_settings"]) == {
        "24:onMode = off",
        "24:onIfAny = 4",
    }
