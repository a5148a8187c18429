from itertools import pairwise

import numpy as np
import pytest

from ndive.errors import FileAccessError
from ndive.schema import load_schema
from ndive.simulation import shuffling
from ndive.simulation.shuffling import shuffled
from ndive.simulation.task import TaskResult

N_JETS = 6000


@pytest.fixture(autouse=True)
def small_piles(monkeypatch):
    monkeypatch.setattr(shuffling, "PILE", 700)


def drifting_jets():
    """Jets that are b at first and light in the end, with 0 to 3 tracks that have the jet's number as d0."""
    generator = np.random.default_rng(4)
    jets = np.zeros(N_JETS, load_schema().dtype("jets"))
    jets["eventNumber"] = np.arange(N_JETS)
    jets["flavour_label"] = generator.random(N_JETS) < np.linspace(0, 1, N_JETS)
    jets["n_tracks"] = generator.integers(0, 4, N_JETS)
    tracks = np.zeros(jets["n_tracks"].sum(), load_schema().dtype("tracks"))
    tracks["d0"] = np.repeat(jets["eventNumber"], jets["n_tracks"])
    return TaskResult(jets=jets, tracks=tracks)


def in_parts(edges):
    whole = drifting_jets()
    return (whole.taken(np.arange(first, last)) for first, last in pairwise(edges))


def in_chance_order(directory, edges=(0, N_JETS), seed=1):
    parts = list(shuffled(in_parts(edges), N_JETS, directory, np.random.default_rng(seed)))
    return [np.concatenate(rows) for rows in zip(*((part.jets, part.tracks) for part in parts), strict=True)]


def test_all_jets_come_once_with_their_tracks(tmp_path):
    jets, tracks = in_chance_order(tmp_path)
    whole = drifting_jets()
    np.testing.assert_array_equal(np.sort(jets, order="eventNumber"), whole.jets)
    np.testing.assert_array_equal(tracks["d0"], np.repeat(jets["eventNumber"], jets["n_tracks"]))
    assert not list(tmp_path.iterdir())


def test_each_tenth_has_the_flavours_of_the_whole_and_jets_from_everywhere(tmp_path):
    jets, _ = in_chance_order(tmp_path)
    light = jets["flavour_label"].reshape(10, -1).mean(axis=1)
    share = jets["flavour_label"].mean()
    error = np.sqrt(share * (1 - share) * 0.9 / 600)
    assert np.abs(light - share).max() < 4 * error
    places = jets["eventNumber"].reshape(10, -1).mean(axis=1) / N_JETS
    assert np.abs(places - 0.5).max() < 4 * np.sqrt(0.9 / 12 / 600)
    neighbours = np.corrcoef(jets["eventNumber"][:-1], jets["eventNumber"][1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(N_JETS)


def test_the_order_knows_the_generator_and_not_the_parts(tmp_path):
    first, again, other = (
        in_chance_order(tmp_path, **how)[0]["eventNumber"].tolist()
        for how in ({}, {"edges": (0, 1, 1, 2500, N_JETS)}, {"seed": 2})
    )
    assert first == again
    assert first != other


def test_no_more_than_a_pile_is_in_memory(tmp_path):
    parts = shuffled(in_parts((0, N_JETS)), N_JETS, tmp_path, np.random.default_rng(1))
    assert max(len(part.jets) for part in parts) < 1.2 * 700


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(FileAccessError, match=r"cannot write '.*missing': No such file"):
        next(shuffled(in_parts((0, N_JETS)), N_JETS, tmp_path / "missing", np.random.default_rng(1)))
