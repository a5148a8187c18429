"""Single jets are the rows that were asked for, and random ones are random."""

from itertools import pairwise

import numpy as np
import pytest

from ndive.evaluation import random_rows, read_example, read_jets, take
from tests.evaluation.toys import toy_jets, toy_vertices


@pytest.fixture(scope="module")
def jets(sample):
    return read_jets(sample)


@pytest.mark.parametrize("row", [0, 17, 44])
def test_an_example_is_the_row_of_the_file(rows, sample, jets, row):
    example = read_example(sample, jets, row)
    written, tracks = rows["jets"][row], rows["tracks"][row]
    assert example.row == row
    assert example.batch.jet.pt == pytest.approx(written["pt"] / 1e3, rel=1e-6)
    assert example.batch.jet.eta == pytest.approx(written["eta"], rel=1e-6)
    assert example.batch.jet.tracks.parameters.shape == (*tracks.shape, 5)
    valid = tracks["valid"]
    np.testing.assert_array_equal(example.batch.jet.tracks.mask, valid)
    np.testing.assert_allclose(example.batch.jet.tracks.parameters[valid, 0], tracks["d0"][valid], rtol=1e-6)
    np.testing.assert_array_equal(example.truth.flavour, [written["flavour_label"]])
    np.testing.assert_allclose(
        example.truth.hadron_vertex, [[written[f"hadron_{axis}"] for axis in "xyz"]], rtol=1e-6
    )


def test_random_rows_have_tracks_and_are_different_and_ascending():
    jets = take(toy_jets(60, seed=3), list(range(60)))
    bare = [2, 3, 40]
    jets.origin[bare] = -1
    for seed in range(30):
        rows = random_rows(jets, 20, seed=seed)
        assert len(rows) == 20
        assert all(one < other for one, other in pairwise(rows))
        assert not set(rows) & set(bare)


def test_random_rows_are_a_function_of_the_seed_and_reach_every_jet():
    jets = toy_jets(10, seed=4)
    drawn = [random_rows(jets, 3, seed=seed) for seed in range(100)]
    assert drawn == [random_rows(jets, 3, seed=seed) for seed in range(100)]
    counts = np.bincount(np.concatenate(drawn), minlength=10)
    assert (np.abs(counts - 30) < 4 * np.sqrt(100 * 0.3 * 0.7)).all()


@pytest.mark.parametrize("count", [7, 100])
def test_all_rows_where_there_are_no_more(count):
    jets = toy_jets(8, seed=5)
    jets.origin[6] = -1
    assert random_rows(jets, count, seed=1) == [0, 1, 2, 3, 4, 5, 7]


def test_no_row_where_no_jet_has_tracks():
    jets = toy_jets(3)
    jets.origin[:] = -1
    assert random_rows(jets, 5, seed=1) == []


def test_taken_rows_are_those_of_every_column_in_the_order_asked_for():
    jets = toy_jets(9, seed=6)
    for table in (jets, toy_vertices(jets)):
        taken = take(table, [7, 0, 7])
        for name, column in vars(table).items():
            np.testing.assert_array_equal(getattr(taken, name), np.stack([column[7], column[0], column[7]]))


def test_no_rows_are_a_table_of_none():
    taken = take(toy_jets(4), [])
    assert taken.flavour.shape == (0,)
    assert taken.hadron_vertex.shape == (0, 3)
