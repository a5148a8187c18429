import subprocess
import sys
from collections.abc import Iterator
from unittest.mock import patch

import h5py
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndive.data import batch_rows, batches, open_sample, sequential_batches, write_sample
from ndive.errors import ArgumentError
from tests.data.samples import make_rows

N_JETS = 45


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Jets that are known again by their pT: 1, 2, 3, … GeV."""
    path = tmp_path_factory.mktemp("batches") / "jets.h5"
    write_sample(path, [numbered(N_JETS)], {})
    return open_sample(path)


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    """Blocks of four jets, three blocks a group, so that few jets make many groups."""
    with patch("ndive.data.batches.BLOCK", 4), patch("ndive.data.batches.GROUP", 3):
        yield


def numbered(n_jets):
    rows = make_rows(n_jets, 2)
    rows["jets"]["pt"] = 1000 * np.arange(1, n_jets + 1)
    return rows


def order(stream):
    return [np.rint(batch.jet.pt).astype(int).tolist() for batch in stream]


def flat(stream):
    return [jet for batch in order(stream) for jet in batch]


@settings(max_examples=30, deadline=None)
@given(size=st.integers(1, N_JETS), seed=st.integers(0, 2**31), epoch=st.integers(0, 1000))
def test_every_jet_once_but_for_the_rest(sample, size, seed, epoch):
    made = order(batches(sample, size, seed=seed, epoch=epoch))
    assert all(len(batch) == size for batch in made)
    jets = [jet for batch in made for jet in batch]
    assert len(jets) == N_JETS // size * size
    assert len(set(jets)) == len(jets)
    assert set(jets) <= set(range(1, N_JETS + 1))


def test_the_order_is_a_function_of_seed_and_epoch_alone(sample):
    whole = flat(batches(sample, 1, seed=5, epoch=2))
    assert flat(batches(sample, 1, seed=5, epoch=2)) == whole
    assert flat(batches(sample, 9, seed=5, epoch=2)) == whole
    assert flat(batches(sample, 1, seed=5, epoch=3)) != whole
    assert flat(batches(sample, 1, seed=6, epoch=2)) != whole
    assert whole != sorted(whole)


@pytest.mark.parametrize("size", [1, 4, 7, 12])
def test_begun_anywhere_it_is_the_rest_of_the_whole(sample, size):
    whole = order(batches(sample, size, seed=5, epoch=2))
    for first in range(len(whole) + 2):
        assert order(batches(sample, size, seed=5, epoch=2, first=first)) == whole[first:]


@pytest.mark.parametrize("size", [1, 7, 12])
def test_the_jets_of_a_batch_can_be_told(sample, size):
    for number, made in enumerate(order(batches(sample, size, seed=5, epoch=2))):
        rows = batch_rows(sample, size, seed=5, epoch=2, batch=number)
        assert [row + 1 for row in rows] == made


def test_a_jet_is_located_in_its_file(sample, tmp_path):
    rows = numbered(N_JETS)
    for name, part in (("a", slice(None, 10)), ("b", slice(10, None))):
        write_sample(tmp_path / f"{name}.h5", [{key: value[part] for key, value in rows.items()}], {})
    both = open_sample([tmp_path / "a.h5", tmp_path / "b.h5"])
    assert both.locate(9) == (tmp_path / "a.h5", 9)
    assert both.locate(10) == (tmp_path / "b.h5", 0)
    with pytest.raises(ArgumentError, match=f"sample of {N_JETS}"):
        both.locate(N_JETS)


def test_what_lies_before_the_first_batch_is_not_read(sample, monkeypatch):
    read = []
    ranges = type(sample).read_ranges
    monkeypatch.setattr(
        type(sample), "read_ranges", lambda self, some: read.append(some) or ranges(self, some)
    )
    order(batches(sample, 5, seed=5, epoch=2, first=5))
    assert len(read) == 2


def test_seed_and_epoch_are_not_added(sample):
    assert flat(batches(sample, 1, seed=1, epoch=0)) != flat(batches(sample, 1, seed=0, epoch=1))


def test_the_order_does_not_know_the_chunks_or_the_files(sample, tmp_path):
    rows = numbered(N_JETS)
    with h5py.File(tmp_path / "chunks.h5", "w") as file:
        for name, values in rows.items():
            file.create_dataset(name, data=values, chunks=(7, *values.shape[1:]))
        file["jets"].attrs["flavour_label"] = ["bjets", "cjets", "ujets"]
    for name, part in (("a", slice(None, 10)), ("b", slice(10, None))):
        write_sample(tmp_path / f"{name}.h5", [{key: value[part] for key, value in rows.items()}], {})
    expected = flat(batches(sample, 3, seed=1, epoch=1))
    for other in (tmp_path / "chunks.h5", [tmp_path / "a.h5", tmp_path / "b.h5"]):
        assert flat(batches(open_sample(other), 3, seed=1, epoch=1)) == expected


def test_jets_land_anywhere_in_the_epoch(sample):
    """The mean place of each jet over 60 epochs is the middle of the epoch, by a chi2 of 45 jets."""
    epochs = [flat(batches(sample, 1, seed=9, epoch=epoch)) for epoch in range(60)]
    mean_place = np.argsort(epochs, axis=1).mean(axis=0)
    variance = (N_JETS**2 - 1) / 12 / len(epochs)
    chi2 = ((mean_place - (N_JETS - 1) / 2) ** 2 / variance).sum()
    assert abs(chi2 - N_JETS) < 4 * np.sqrt(2 * N_JETS)


def test_fields_of_a_jet_stay_together(sample):
    in_order = sample.read(0, N_JETS)
    for batch in batches(sample, 7, seed=2, epoch=0):
        at = np.rint(batch.jet.pt).astype(int) - 1
        jax.tree.map(
            lambda whole, some, at=at: np.testing.assert_array_equal(whole[at], some), in_order, batch
        )


def test_in_order_with_the_last_filled_up(sample):
    made = list(sequential_batches(sample, 20))
    assert [real for _, real in made] == [20, 20, 5]
    assert flat(batch for batch, _ in made)[:N_JETS] == list(range(1, N_JETS + 1))
    last = made[-1][0]
    assert all(len(leaf) == 20 and np.isfinite(leaf).all() for leaf in jax.tree.leaves(last))
    assert not last.jet.tracks.mask[5:].any()
    assert (last.truth.flavour[5:] == -1).all()


def test_an_abandoned_stream_ends(sample):
    stream = batches(sample, 1, seed=0, epoch=0)
    next(stream)
    stream.close()


@pytest.mark.parametrize(
    ("size", "seed", "epoch", "first"),
    [(0, 0, 0, 0), (N_JETS + 1, 0, 0, 0), (1, -1, 0, 0), (1, 0, -1, 0), (1, 0, 0, -1)],
)
def test_wrong_arguments(sample, size, seed, epoch, first):
    with pytest.raises(ArgumentError, match="allowed"):
        batches(sample, size, seed=seed, epoch=epoch, first=first)


def test_a_wrong_size_in_order(sample):
    with pytest.raises(ArgumentError, match="1 or more"):
        list(sequential_batches(sample, 0))


def test_a_stream_that_is_left_open_ends_silently_with_the_interpreter(sample):
    script = (
        "import sys; from ndive.data import batches, open_sample;"
        "stream = batches(open_sample(sys.argv[1]), 1, seed=0, epoch=0); next(stream)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(sample.paths[0])], capture_output=True, text=True, check=True
    )
    assert ended.stderr == ""
