"""A few jets in full, to be looked at one by one."""

from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ndive.data import Batch, Sample
from ndive.evaluation.predictions import FittedVertices, JetTable

Table = TypeVar("Table", JetTable, FittedVertices)


class Example(eqx.Module):
    """One jet: its row in the sample, a batch without leading axis, its truth as a table of one row."""

    row: int
    batch: Batch
    truth: JetTable


def read_example(sample: Sample, jets: JetTable, row: int, first: int = 0) -> Example:
    """The jet in `row` of `sample`; the rows of `jets` begin at row `first` of the sample.

    **Raises:** `SampleError` where it breaks the layout.
    """
    batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), sample.read(row, row + 1))
    return Example(row=row, batch=batch, truth=take(jets, [row - first]))


def random_rows(jets: JetTable, count: int, *, seed: int) -> list[int]:
    """`count` different rows with at least one track, at random, ascending; all if there are fewer."""
    rows = np.flatnonzero(jets.n_tracks > 0)
    chosen = np.random.default_rng(seed).choice(rows, min(count, len(rows)), replace=False)
    return sorted(int(row) for row in chosen)


def take(table: Table, rows: list[int]) -> Table:
    """Some rows of a table."""
    return jax.tree.map(lambda column: column[np.asarray(rows, int)], table)
