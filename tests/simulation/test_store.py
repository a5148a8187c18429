import numpy as np
import pytest

from ndive.errors import FileAccessError, SimulationError
from ndive.simulation.store import Store
from ndive.simulation.task import TaskResult

RESULT = TaskResult(
    jets=np.array([(1.5, 2), (2.5, 3)], dtype=[("pt", "f4"), ("n_tracks", "i4")]),
    tracks=np.array([(0.1, True)], dtype=[("d0", "f4"), ("valid", "?")]),
)


def test_what_is_saved_is_loaded(tmp_path):
    store = Store(tmp_path / "aside")
    store.save(0, RESULT)
    loaded = store.load(0)
    np.testing.assert_array_equal(loaded.jets, RESULT.jets)
    np.testing.assert_array_equal(loaded.tracks, RESULT.tracks)
    np.testing.assert_array_equal(store.jets(0), RESULT.jets)


def test_finished_tasks_are_counted_without_a_gap(tmp_path):
    store = Store(tmp_path / "aside")
    assert store.n_finished() == 0
    for task in (0, 1, 3):
        store.save(task, RESULT)
    assert store.n_finished() == 2
    store.remove()
    assert store.n_finished() == 0
    assert not store.path.exists()


def test_a_place_that_is_no_directory_is_refused(tmp_path):
    (tmp_path / "aside").write_text("a file")
    with pytest.raises(FileAccessError, match="cannot write"):
        Store(tmp_path / "aside").save(0, RESULT)


def test_a_damaged_task_names_its_file_and_the_way_out(tmp_path):
    store = Store(tmp_path / "aside")
    store.save(0, RESULT)
    (path,) = store.path.iterdir()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(
        SimulationError, match=r"task_000000\.npz' is damaged: remove '.*aside' to start anew"
    ):
        store.jets(0)
    store.save(1, RESULT)
    path = store.path / "task_000001.npz"
    content = bytearray(path.read_bytes())
    content[150] ^= 1
    path.write_bytes(content)
    with pytest.raises(SimulationError, match="damaged"):
        store.load(1)
