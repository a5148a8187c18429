"""Copies of one configuration that differ in their seed alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ndive.errors import ArgumentError
from ndive.training.checks import check_seed


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One run: what it is called, where it goes and from which seed."""

    title: str
    directory: Path
    seed: int


def copies_of(name: str, directory: Path, *, count: int, seed: int) -> tuple[Copy, ...]:
    """`count` copies in `model_0`, `model_1`, ... under `directory`; with 0 one run in `directory` itself.

    A copy's seed follows from `seed` and its number alone, so that more copies leave the first as they are.

    **Raises:** `ArgumentError` for a negative `count`, or a seed that `check_seed` refuses.
    """
    check_seed(seed)
    if count < 0:
        raise ArgumentError(f"train_count is {count}, allowed: 0 or more")
    if count == 0:
        return (Copy(title=name, directory=directory, seed=seed),)
    return tuple(
        Copy(
            title=f"{name} model_{number}", directory=directory / f"model_{number}", seed=_seed(seed, number)
        )
        for number in range(count)
    )


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1)[0])
