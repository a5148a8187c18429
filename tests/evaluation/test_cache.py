"""What is kept comes back as it was, and whatever is not whole or not the same is computed anew."""

import struct
import subprocess
import sys
from dataclasses import fields

import h5py
import jax
import numpy as np
import pytest

from ndive.errors import FileAccessError
from ndive.evaluation.cache import cached
from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions
from tests.evaluation.toys import toy_jets, toy_predictions

KEY = {"model": "a", "epoch": 2, "sample": "s", "version": "1"}


def kept(directory, key=KEY, n_jets=3):
    """The jets that are kept, or `n_jets` new ones: their number tells which."""
    return cached(directory, key, JetTable, lambda: toy_jets(n_jets))


def the_file(directory):
    (path,) = directory.iterdir()
    return path


def without(directory, name):
    """Take one part out of the only file in `directory`."""
    with h5py.File(the_file(directory), "a") as file:
        del file[name]


@pytest.mark.parametrize("vertices", [True, False])
def test_what_is_kept_comes_back_whole(tmp_path, vertices):
    made = toy_predictions(toy_jets(20), vertices=vertices)
    cached(tmp_path, KEY, Predictions, lambda: made)
    back = cached(tmp_path, KEY, Predictions, lambda: pytest.fail("computed twice"))
    assert jax.tree.structure(back) == jax.tree.structure(made)
    for one, other in zip(jax.tree.leaves(back), jax.tree.leaves(made), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_what_is_kept_is_the_file_itself_and_cannot_be_changed(tmp_path):
    made = cached(tmp_path, KEY, Predictions, lambda: toy_predictions(toy_jets(5)))
    with h5py.File(the_file(tmp_path)) as file:
        place = file["vertices/chi2"].id.get_offset()
    with the_file(tmp_path).open("r+b") as file:
        file.seek(place)
        file.write(np.array(7.5, made.vertices.chi2.dtype).tobytes())
    assert made.vertices.chi2[0] == 7.5
    with pytest.raises(ValueError, match="read-only"):
        made.vertices.chi2[0] = 0


def test_outputs_that_a_model_does_not_have_are_not_computed_again(tmp_path):
    vertices = toy_predictions(toy_jets(5)).vertices
    cached(
        tmp_path,
        KEY,
        Predictions,
        lambda: Predictions(flavour=None, origin=None, vertex_index=None, vertices=vertices),
    )
    back = cached(tmp_path, KEY, Predictions, lambda: pytest.fail("computed twice"))
    assert back.flavour is None
    assert back.origin is None
    np.testing.assert_array_equal(back.vertices.position, vertices.position)


def test_no_jets_are_kept_as_no_jets(tmp_path):
    kept(tmp_path, n_jets=0)
    assert kept(tmp_path, n_jets=4).origin.shape == (0, 8)


@pytest.mark.parametrize(
    "other",
    [
        *(KEY | change for change in ({"model": "b"}, {"epoch": 3}, {"sample": "t"}, {"version": "2"})),
        KEY | {"epoch": "2"},
        KEY | {"selection": "none"},
        {name: value for name, value in KEY.items() if name != "sample"},
    ],
)
def test_any_change_of_the_key_computes_anew_and_keeps_both(tmp_path, other):
    kept(tmp_path)
    assert len(kept(tmp_path, other, 4).flavour) == 4
    assert len(kept(tmp_path, KEY, 5).flavour) == 3
    assert len(kept(tmp_path, other, 5).flavour) == 4


def test_the_order_of_the_key_does_not_matter(tmp_path):
    kept(tmp_path)
    assert len(kept(tmp_path, dict(reversed(KEY.items())), 4).flavour) == 3


def test_jets_and_predictions_of_one_key_do_not_meet(tmp_path):
    kept(tmp_path)
    predictions = cached(tmp_path, KEY, Predictions, lambda: toy_predictions(toy_jets(4)))
    assert len(predictions.flavour) == 4
    assert len(kept(tmp_path, n_jets=5).flavour) == 3


def test_a_file_under_the_name_of_another_key_is_not_taken(tmp_path):
    kept(tmp_path / "a")
    kept(tmp_path / "b", KEY | {"model": "b"}, 4)
    the_file(tmp_path / "b").write_bytes(the_file(tmp_path / "a").read_bytes())
    assert len(kept(tmp_path / "b", KEY | {"model": "b"}, 5).flavour) == 5


@pytest.mark.parametrize("left", [0, 200, 0.5, 0.99])
def test_a_file_cut_off_is_computed_anew(tmp_path, left):
    kept(tmp_path, n_jets=1000)
    path = the_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: left if isinstance(left, int) else int(left * len(whole))])
    assert len(kept(tmp_path, n_jets=4).flavour) == 4
    assert list(tmp_path.iterdir()) == [path]
    assert len(kept(tmp_path, n_jets=5).flavour) == 4


def test_a_key_in_a_damaged_heap_is_not_read(tmp_path):
    kept(tmp_path)
    path = the_file(tmp_path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<Q", content, content.index(b"GCOL") + 24, 2**63)
    path.write_bytes(content)
    assert len(kept(tmp_path, n_jets=4).flavour) == 4


def test_damage_within_the_arrays_is_computed_anew(tmp_path):
    kept(tmp_path, n_jets=1000)
    path = the_file(tmp_path)
    with h5py.File(path) as file:
        place = file["hadron_vertex"].id.get_offset()
    damaged = bytearray(path.read_bytes())
    damaged[place + 5000] ^= 1
    path.write_bytes(damaged)
    assert len(kept(tmp_path, n_jets=4).flavour) == 4


@pytest.mark.parametrize("name", [field.name for field in fields(JetTable)])
def test_jets_that_lack_a_column_are_computed_anew(tmp_path, name):
    kept(tmp_path)
    without(tmp_path, name)
    assert len(kept(tmp_path, n_jets=4).flavour) == 4
    assert len(kept(tmp_path, n_jets=5).flavour) == 4


@pytest.mark.parametrize(
    ("vertices", "name"),
    [
        *((vertices, name) for vertices in (True, False) for name in ("flavour", "origin", "vertices")),
        *((True, f"vertices/{field.name}") for field in fields(FittedVertices)),
    ],
)
def test_predictions_that_lack_a_part_are_computed_anew(tmp_path, vertices, name):
    cached(tmp_path, KEY, Predictions, lambda: toy_predictions(toy_jets(3), vertices=vertices))
    without(tmp_path, name)
    again = cached(tmp_path, KEY, Predictions, lambda: toy_predictions(toy_jets(4), vertices=vertices))
    assert len(again.flavour) == 4


def test_what_is_overwritten_is_computed_and_kept_anew(tmp_path):
    kept(tmp_path)
    path = the_file(tmp_path)
    made = cached(tmp_path, KEY, JetTable, lambda: toy_jets(4), overwrite=True)
    assert len(made.flavour) == len(kept(tmp_path, n_jets=5).flavour) == 4
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = """
import resource, sys
from pathlib import Path
from ndive.errors import FileAccessError
from ndive.evaluation.cache import cached
from ndive.evaluation.predictions import Predictions
from tests.evaluation.toys import toy_jets, toy_predictions

made = toy_predictions(toy_jets(2000))
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        cached(Path(sys.argv[1]), {}, Predictions, lambda: made)
    except FileAccessError as error:
        print(error)
"""


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    """The limits hit the header, the groups, the middle and the end of the file."""
    pytest.importorskip("resource", reason="no limit on file sizes here")
    size = the_size_of_the_whole_file(tmp_path / "whole")
    limits = [0, 100, 1000, 3000, size // 4, size // 2, size - 3000, size - 1]
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "full"), *map(str, limits)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = run.stdout.splitlines()
    assert len(lines) == len(limits)
    for line in lines:
        assert line.startswith(f"cannot write '{tmp_path / 'full'}/predictions_")
        assert line.endswith(".h5': File too large")
    assert run.stderr == ""
    assert not (tmp_path / "full").exists()


def the_size_of_the_whole_file(directory):
    cached(directory, {}, Predictions, lambda: toy_predictions(toy_jets(2000)))
    return the_file(directory).stat().st_size


def test_nothing_is_left_where_computing_fails(tmp_path):
    with pytest.raises(ZeroDivisionError):
        cached(tmp_path / "new", KEY, JetTable, lambda: 1 / 0)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileAccessError, match="file"):
        kept(tmp_path / "file")
