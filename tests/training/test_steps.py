"""Several batches in one call are the same steps as one batch a call."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from ndive.data import batches, open_sample
from ndive.models import build_model, identity_normalisation
from ndive.training import preset
from ndive.training.devices import in_a_row
from ndive.training.stacking import Layout, stacked
from ndive.training.state import after_epoch, first_state, is_finished
from ndive.training.steps import make_train_steps

CONFIG = replace(preset("final_ftag_base"), batch_size=10, learning_rate=1e-3)


def test_stacked_steps_equal_single_steps(directory: Path, quick_compilation: None) -> None:
    sample = open_sample(directory, split="train")
    stream = list(batches(sample, 10, seed=0, epoch=0))
    model = build_model(CONFIG.model, identity_normalisation(), key=jax.random.key(0))
    steps = make_train_steps(CONFIG, 7, in_a_row())

    def run(at_once: int) -> tuple[object, float]:
        state = first_state(model, CONFIG)
        learner, flavour = jax.tree.map(jnp.copy, state.learner), 0.0
        for group, count in stacked(iter(stream), at_once, Layout(slots=(sample.n_slots,))):
            learner, means = steps(learner, state.fixed, group, jnp.asarray(count), jnp.ones(()))
            flavour += float(means["flavour"].total)
        return learner, flavour

    (single, one), (several, many) = run(1), run(5)
    assert one == many or abs(one - many) < 1e-4 * one
    for first, second in zip(jax.tree.leaves(single), jax.tree.leaves(several), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)
    assert single.step == several.step == 7


def test_early_stopping_stops_at_the_21st_epoch_without_improvement() -> None:
    model = build_model(
        preset("final_ndive_only_no_track_selection").model, identity_normalisation(), key=jax.random.key(0)
    )
    config = preset("final_ndive_only_no_track_selection")
    state = after_epoch(first_state(model, config), first_state(model, config).learner, 1.0)
    for epoch in range(20):
        state = after_epoch(state, state.learner, 1.0 - 5e-7 * (epoch % 2))
        assert not is_finished(state, config)
    assert is_finished(after_epoch(state, state.learner, 1.0), config)
    assert not is_finished(after_epoch(state, state.learner, 0.9), config)
