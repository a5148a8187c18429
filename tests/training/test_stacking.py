"""Into how many blocks of how many jets a batch is cut, and which device gets which."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndive.data import Batch, padded
from ndive.training.stacking import JETS_A_BLOCK, LANES, Layout, in_blocks
from tests.training.samples import N_SLOTS, jets_of_tracks


def batch(n_tracks: list[int]) -> Batch:
    return jax.tree.map(np.asarray, jets_of_tracks(n_tracks))


@pytest.mark.parametrize(
    ("n_jets", "devices", "shape"),
    [(1, 1, (1, 1)), (100, 1, (4, 25)), (500, 2, (8, 64)), (1000, 1, (25, 40)), (1000, 2, (18, 56))],
)
def test_blocks_of_a_batch(n_jets: int, devices: int, shape: tuple[int, int]) -> None:
    blocks = in_blocks(padded(batch([2]), n_jets), Layout(slots=(3, N_SLOTS), devices=devices))
    assert blocks.jets.jet.pt.shape == shape


@given(st.integers(200, 5000), st.integers(1, 3))
def test_large_batches_have_little_padding_and_full_lanes(n_jets: int, devices: int) -> None:
    blocks = in_blocks(padded(batch([2]), n_jets), Layout(slots=(N_SLOTS,), devices=devices))
    n_blocks, size = blocks.jets.jet.pt.shape
    assert n_blocks % devices == 0
    assert size % LANES == 0
    assert abs(size - JETS_A_BLOCK) <= 2 * LANES
    assert n_blocks * size - n_jets < devices * size


def test_devices_get_blocks_there_and_back() -> None:
    n_tracks = [5, 4, 4, 3, 3, 2, 1, 0]
    blocks = in_blocks(batch(n_tracks), Layout(slots=(2, N_SLOTS), devices=2))
    first, second = np.asarray(blocks.jets.jet.tracks.mask).sum(axis=-1).reshape(2, -1)
    assert (sorted(first), sorted(second)) == ([0, 1, 4, 5], [2, 3, 3, 4])
