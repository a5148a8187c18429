"""The parts of a sample: one to train on, one to choose by, one to report."""

from typing import Literal

Split = Literal["train", "val", "test"]
"""The suffix of a file's name, as in `ndive_train.h5`."""
