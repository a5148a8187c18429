"""Several batches as one array each, for one compiled call."""

from collections.abc import Iterator
from itertools import islice

import jax
import numpy as np

from ndive.data import Batch


def stacked(stream: Iterator[Batch], at_once: int) -> Iterator[tuple[Batch, int]]:
    """Batches `[at_once, b, ...]` and how many of them count.

    The last one repeats a batch to fill up, so that all have one shape.
    """
    while group := list(islice(stream, at_once)):
        filled = group + group[-1:] * (at_once - len(group))
        yield jax.tree.map(lambda *leaves: np.stack(leaves), *filled), len(group)
