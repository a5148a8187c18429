import json
from itertools import islice

import numpy as np
import pytest

from ndive.simulation import SimulationSettings, Store, attributes, rows_of_split, simulate

SETTINGS = SimulationSettings(jets=500, balance=False, underlying_event=False, seed=3)


def tables(selection, store):
    rows = [list(rows_of_split(selection, store, split)) for split in range(3)]
    return [np.concatenate([part[name] for part in parts]) for parts in rows for name in ("jets", "tracks")]


def whole(path, workers):
    store = Store(path)
    *_, selection = simulate(SETTINGS, store, workers=workers)
    return selection, store


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return tables(*whole(tmp_path_factory.mktemp("one"), 1))


def same(first, second):
    return all(a.tobytes() == b.tobytes() and a.dtype == b.dtype for a, b in zip(first, second, strict=True))


def test_the_number_of_workers_changes_no_byte(reference, tmp_path):
    assert same(reference, tables(*whole(tmp_path, 2)))


def test_an_interrupted_run_goes_on_to_the_same_end(reference, tmp_path):
    store = Store(tmp_path)
    started = simulate(SETTINGS, store, workers=1)
    assert [selection.size > 0 for selection in islice(started, 3)] == [False, True, True]
    started.close()
    assert store.n_finished() == 2
    written = store._file(0).stat().st_mtime_ns
    assert same(reference, tables(*whole(tmp_path, 1)))
    assert store._file(0).stat().st_mtime_ns == written


def test_files_have_their_jets_and_padding(reference):
    jets, tracks = reference[0], reference[1]
    assert len(jets) == SETTINGS.quotas[0] == 400
    np.testing.assert_array_equal(tracks["valid"].sum(axis=1), jets["n_tracks"])
    assert np.isnan(tracks["d0"][~tracks["valid"]]).all()


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
