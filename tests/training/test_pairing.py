"""The pairing loss row by row is that of the logits of all pairs, and so is its gradient."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.data import Batch
from ndive.models.heads import Head
from ndive.training.losses import mean_over, pairing_loss, pairing_terms, same_vertex
from ndive.training.pairing import pairing_means
from tests.training.samples import N_SLOTS, jets_of_tracks

WIDTH = 6


def embedding(n_jets: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(4)
    return jnp.asarray(rng.normal(size=(n_jets, N_SLOTS, WIDTH))), jnp.asarray(
        rng.normal(size=(n_jets, WIDTH))
    )


def of_logits(head: Head, tracks: Any, jet: Any, batch: Batch) -> tuple[Any, Any]:
    """The loss, and the sum of the right pairs, from the logits of all slots."""
    logits = jax.vmap(lambda rows, one: head([rows[:, None], rows[None, :], one])[..., 0])(tracks, jet)
    index, mask = jnp.asarray(batch.truth.vertex_index), jnp.asarray(batch.jet.tracks.mask)
    right = ((logits > 0) == same_vertex(index)).astype(float)
    return pairing_loss(logits, index, mask), mean_over(right, pairing_terms(mask))


@pytest.mark.parametrize(
    "n_tracks", [[0, 1, 2, 5, 3, 4], [1, 2, 2], [0, 0]], ids=["all slots", "few slots", "no track"]
)
def test_it_is_the_loss_of_the_logits(x64: None, n_tracks: list[int]) -> None:
    batch, (tracks, jet) = jets_of_tracks(n_tracks), embedding(len(n_tracks))
    head = Head(3 * WIDTH, 1, key=jax.random.key(0))

    def rows(head: Head, tracks: Any, jet: Any) -> Any:
        means = pairing_means(head, tracks, jet, batch)
        return 3 * means["pairing"].total, means

    def logits(head: Head, tracks: Any, jet: Any) -> Any:
        loss, right = of_logits(head, tracks, jet, batch)
        return 3 * loss.total, {"pairing": loss, "pairing_accuracy": right}

    found, means = jax.jit(jax.grad(rows, argnums=(0, 1, 2), has_aux=True))(head, tracks, jet)
    expected, their_means = jax.jit(jax.grad(logits, argnums=(0, 1, 2), has_aux=True))(head, tracks, jet)
    for mine, theirs in zip(
        jax.tree.leaves((found, means)), jax.tree.leaves((expected, their_means)), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12)


def test_what_masked_slots_hold_does_not_matter() -> None:
    batch, (tracks, jet) = jets_of_tracks([2, 4]), embedding(2)
    head = Head(3 * WIDTH, 1, key=jax.random.key(1))
    worse = jnp.where(batch.jet.tracks.mask[..., None], tracks, 1e6)

    def total(tracks: Any) -> Any:
        return pairing_means(head, tracks, jet, batch)["pairing"].total

    found = eqx.filter_jit(jax.value_and_grad(total))
    (value, slope), (same, other) = found(tracks), found(worse)
    assert value == same
    np.testing.assert_array_equal(slope, other)
