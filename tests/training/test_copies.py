"""Copies: where they go and from which seeds."""

from pathlib import Path

import numpy as np
import pytest

from ndive.errors import ArgumentError
from ndive.training.copies import copies_of


def test_without_a_count_there_is_one_run_in_the_directory_itself() -> None:
    (only,) = copies_of("name", Path("models/name"), count=0, seed=7)
    assert (only.title, only.directory, only.seed) == ("name", Path("models/name"), 7)


def test_copies_have_directories_and_seeds_of_their_own() -> None:
    copies = copies_of("name", Path("models/name"), count=5, seed=7)
    assert [copy.directory.name for copy in copies] == [f"model_{k}" for k in range(5)]
    spawned = [int(one.generate_state(1)[0]) for one in np.random.SeedSequence(7).spawn(5)]
    assert [copy.seed for copy in copies] == spawned
    assert len(set(spawned) | {7}) == 6
    assert copies_of("name", Path("models/name"), count=2, seed=7) == copies[:2]


@pytest.mark.parametrize(("count", "seed", "said"), [(-1, 0, "train_count is -1"), (2, -1, "seed is -1")])
def test_wrong_numbers(count: int, seed: int, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        copies_of("name", Path("name"), count=count, seed=seed)
