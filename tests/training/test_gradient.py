"""The gradient summed over blocks of few slots is that of the whole batch with all its slots."""

from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from ndive.data import Batch, Truth
from ndive.models import build_model, identity_normalisation, split_trainable
from ndive.tracks import Jet, Tracks
from ndive.training import TrainConfig, forward, preset, stacking
from ndive.training.devices import ALIKE, AXIS, in_a_row
from ndive.training.gradient import batch_gradient
from ndive.training.losses import batch_losses, head_counts, loss_weights, total_loss
from ndive.training.stacking import Layout, in_blocks, slots_for

JETS, SLOTS = 13, 5
BASE = replace(preset("final_ftag_base"), class_weight_c=0.5)
EVERYTHING = replace(
    preset("final_ftag_ndive"), chi_squared_loss=True, track_weight_loss=True, class_weight_b=2.0
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch, quick_compilation: None) -> None:
    """Blocks of four jets."""
    monkeypatch.setattr(stacking, "JETS_A_BLOCK", 4)


def jets_of_all_kinds() -> Batch:
    """Jets of 0 to 5 tracks in any slots, one of unknown flavour; those of less than 2 have no valid fit."""
    rng = np.random.default_rng(1)
    dtype = np.dtype(jnp.result_type(float)).type
    n_tracks = np.array([0, 1, *rng.integers(2, SLOTS + 1, JETS - 2)])
    mask = rng.permuted(np.arange(SLOTS) < n_tracks[:, None], axis=1)
    eta, phi = rng.uniform(-1, 1, JETS), rng.uniform(-3, 3, JETS)
    parameters = np.stack(
        [
            rng.normal(0, 0.3, mask.shape),
            rng.normal(0, 0.5, mask.shape),
            phi[:, None] + rng.normal(0, 0.2, mask.shape),
            2 * np.arctan(np.exp(-eta[:, None] + rng.normal(0, 0.2, mask.shape))),
            rng.choice([-1, 1], mask.shape) / rng.uniform(1, 20, mask.shape),
        ],
        axis=-1,
    )
    errors = np.array([0.02, 0.08, 4e-4, 5e-4, 2e-3]) * rng.uniform(0.7, 1.5, (*mask.shape, 5))
    covariance = errors[..., None] ** 2 * np.eye(5)
    tracks = Tracks(parameters.astype(dtype), covariance.astype(dtype), mask)
    pt, eta, phi = (jnp.asarray(x, dtype) for x in (rng.uniform(20, 200, JETS), eta, phi))
    batch = Batch(
        jet=Jet(pt, eta, phi, tracks),
        truth=Truth(
            flavour=rng.integers(0, 3, JETS).astype(np.int32),
            origin=np.where(mask, rng.integers(-1, 4, mask.shape), -1).astype(np.int32),
            vertex_index=np.where(mask, rng.integers(-1, 2, mask.shape), -1).astype(np.int32),
            hadron_vertex=rng.normal(0, 3, (JETS, 3)).astype(dtype),
            perfect_weights=rng.integers(0, 2, mask.shape).astype(dtype),
        ),
    )
    batch.truth.flavour[7] = -1
    return jax.tree.map(np.asarray, batch)


def both_gradients(config: TrainConfig, layout: Layout) -> tuple[Any, Any, Any, Any]:
    """In blocks, and by the derivative of the total loss over the whole batch."""
    batch = jets_of_all_kinds()
    model = build_model(config.model, identity_normalisation(), key=jax.random.key(2))
    parameters, fixed = split_trainable(model)

    def total(parameters: Any, batch: Batch) -> Any:
        means = batch_losses(forward(eqx.combine(parameters, fixed), batch), batch, config)
        return total_loss(means, loss_weights(config)), means

    whole, expected = jax.jit(jax.grad(total, has_aux=True))(parameters, batch)
    blocks = in_blocks(batch, layout)
    devices = jax.devices("cpu")[: layout.devices]
    assert len(devices) == layout.devices
    shared = jax.shard_map(
        lambda parameters, blocks: batch_gradient(parameters, fixed, blocks, config),
        mesh=in_a_row(devices),
        in_specs=(ALIKE, PartitionSpec(AXIS)),
        out_specs=ALIKE,
        check_vma=False,
    )
    found, means = jax.jit(shared)(parameters, blocks)
    assert set(blocks.needs.tolist()) == set(range(len(layout.slots)))
    return found, whole, means, expected


def assert_same(config: TrainConfig, layout: Layout, *, rtol: float, atol: float) -> None:
    found, whole, means, expected = both_gradients(config, layout)
    assert jax.tree.structure(found) == jax.tree.structure(whole)
    for mine, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(whole), strict=True):
        assert np.any(np.asarray(theirs) != 0)
        np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=atol)
    for name, mean in expected.items():
        np.testing.assert_allclose(means[name].total, mean.total, rtol=rtol, atol=atol)
        np.testing.assert_allclose(means[name].count, mean.count, rtol=1e-6)
    for name, count in head_counts(jets_of_all_kinds(), config).items():
        if expected[name].count > 0:
            np.testing.assert_allclose(count, expected[name].count, rtol=1e-6)


@pytest.mark.parametrize(
    "layout",
    [
        Layout(slots=(SLOTS,), devices=2),
        pytest.param(Layout(slots=(3, SLOTS)), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_all_losses_in_float64(x64: None, layout: Layout) -> None:
    """Some fits are not valid, on each device others, so that the fit tells how many terms count."""
    assert_same(EVERYTHING, layout, rtol=1e-9, atol=1e-11)


def test_the_baseline_in_float32() -> None:
    assert_same(BASE, Layout(slots=(3, SLOTS)), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("n_jets", "n_slots", "slots"),
    [(30_000, 4, (4,)), (30_000, 8, (6, 8)), (30_000, 15, (6, 10, 15)), (10_000, 15, (15,))],
)
def test_slots_of_a_sample(n_jets: int, n_slots: int, slots: tuple[int, ...]) -> None:
    assert slots_for(n_jets, n_slots) == slots


def test_blocks_hold_every_jet_with_all_its_tracks() -> None:
    batch = jets_of_all_kinds()
    blocks = in_blocks(batch, Layout(slots=(3, SLOTS)))
    n_tracks = blocks.jets.jet.tracks.mask.sum(axis=-1)
    assert np.all(n_tracks[:-1].min(axis=-1) >= n_tracks[1:].max(axis=-1))
    np.testing.assert_array_equal(blocks.needs, n_tracks.max(axis=-1) > 3)
    real = blocks.jets.truth.flavour.ravel() >= 0
    places = {float(pt): k for k, pt in enumerate(batch.jet.pt)}
    found = {places[pt]: row for row, pt in enumerate(blocks.jets.jet.pt.ravel().tolist()) if pt in places}
    assert sorted(found) == list(range(JETS))
    assert real.sum() == JETS - 1
    for k, row in found.items():
        n = n_tracks.ravel()[row]
        mine = blocks.jets.truth.origin.reshape(-1, SLOTS)[row]
        np.testing.assert_array_equal(mine[:n], batch.truth.origin[k][batch.jet.tracks.mask[k]])
        assert np.all(mine[n:] == -1)
