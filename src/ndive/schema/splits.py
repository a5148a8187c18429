"""The parts of a sample: one to train on, one to choose by, one to report."""

import math
from typing import Literal, get_args

import numpy as np
from jaxtyping import Int

from ndive.errors import ArgumentError

Split = Literal["train", "val", "test"]
"""The suffix of a file's name, as in `ndive_train.h5`."""

SPLITS: tuple[Split, ...] = get_args(Split)
"""The files of a sample, in the order of the fractions."""

Fractions = tuple[float, float, float]
"""The parts of a sample that go into train, val and test."""


def check_fractions(fractions: Fractions) -> None:
    """Refuse fractions that are not three numbers above 0 with sum 1.

    **Raises:** `ArgumentError`.
    """
    if not all(0 < part < 1 for part in fractions) or not math.isclose(sum(fractions), 1):
        found = " ".join(f"{part:g}" for part in fractions)
        raise ArgumentError(f"fractions are {found}, allowed: three numbers above 0 with sum 1")


def split_of_event(event: Int[np.ndarray, " n"], fractions: Fractions) -> Int[np.ndarray, " n"]:
    """The file (0 train, 1 val, 2 test) of each event number: all its jets go there.

    Multiples of the golden ratio fill the unit interval evenly, so that the files fill at equal speed.
    """
    place = event * ((np.sqrt(5) - 1) / 2) % 1
    return np.searchsorted(np.cumsum(fractions)[:-1], place, side="right")
