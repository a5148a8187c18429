"""Jets with their targets, many at a time."""

from collections.abc import Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax
import numpy as np

from ndive.data.conversion import jets_of, padding_tracks
from ndive.data.truth import Truth, unknown_truth
from ndive.tracks import Jet, Tracks

Jets = TypeVar("Jets")


class Batch(eqx.Module):
    """Jets and what a model learns of them; every leaf has the jets as its leading axis.

    **Attributes:** `jet` and `truth`, float32, GeV and mm.
    """

    jet: Jet
    truth: Truth


def padded(batch: Batch, n_jets: int) -> Batch:
    """`batch` filled up to `n_jets` with jets that have no track, flavour -1 and pT 1 GeV."""
    missing = n_jets - len(batch.truth.flavour)
    if missing == 0:
        return batch
    return concatenated([batch, _padding(missing, batch.truth.origin.shape[-1])])


def padded_tracks(tracks: Tracks, n_jets: int) -> Tracks:
    """`tracks` filled up to `n_jets` with jets that have none."""
    missing, n_slots = n_jets - len(tracks.mask), tracks.mask.shape[-1]
    if missing == 0:
        return tracks
    return concatenated([tracks, padding_tracks(missing, n_slots, tracks.parameters.dtype.type)])


def concatenated(pieces: Sequence[Jets]) -> Jets:
    """The jets of several `Batch`, `Jet` or `Tracks`, in order."""
    if len(pieces) == 1:
        return pieces[0]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *pieces)


def taken(batch: Batch, jets: np.ndarray | slice) -> Batch:
    """Some jets of a batch: a view for a slice, a copy for indices, whose axes become those of the jets."""
    return jax.tree.map(lambda leaf: leaf[jets], batch)


def packed(batch: Batch) -> Batch:
    """A batch with the tracks of each jet in its first slots, in their order; as jets files have them."""
    mask = np.asarray(batch.jet.tracks.mask)
    if not np.any(mask[:, 1:] & ~mask[:, :-1]):
        return batch
    slots = np.argsort(~mask, axis=-1, kind="stable")
    rows = np.arange(len(mask))[:, None], slots
    return eqx.tree_at(_of_slots, batch, [leaf[rows] for leaf in _of_slots(batch)])


def first_slots(batch: Batch, n_slots: int) -> Batch:
    """A batch without the slots behind the first `n_slots` of each jet."""
    return eqx.tree_at(_of_slots, batch, replace_fn=lambda leaf: leaf[:, :n_slots])


def _of_slots(batch: Batch) -> tuple[Any, ...]:
    """The leaves whose second axis is that of the slots."""
    tracks, truth = batch.jet.tracks, batch.truth
    return (
        *(tracks.parameters, tracks.covariance, tracks.mask),
        *(truth.origin, truth.vertex_index, truth.perfect_weights),
    )


def _padding(n_jets: int, n_slots: int) -> Batch:
    zeros = np.zeros(n_jets, np.float32)
    tracks = padding_tracks(n_jets, n_slots)
    return Batch(jet=jets_of(zeros + 1, zeros, zeros, tracks), truth=unknown_truth(n_jets, n_slots))
