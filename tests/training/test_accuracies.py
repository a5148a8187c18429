"""The accuracies, counted by hand."""

import jax.numpy as jnp
import pytest

from ndive.data import Batch, Truth
from ndive.models import TaggerOutput
from ndive.tracks import Jet, Tracks
from ndive.training.accuracies import ACCURACY_NAMES, MEAN_NAMES, batch_accuracies, no_means


def test_accuracies() -> None:
    """Two jets of two slots, one slot empty, and a jet of padding."""
    mask = jnp.array([[True, True], [True, False], [False, False]])
    truth = Truth(
        flavour=jnp.array([0, 2, -1]),
        origin=jnp.array([[1, 3], [0, -1], [-1, -1]]),
        vertex_index=jnp.array([[1, 1], [-2, -1], [-1, -1]]),
        hadron_vertex=jnp.zeros((3, 3)),
        perfect_weights=jnp.zeros((3, 2)),
    )
    tracks = Tracks.from_errors(jnp.ones((3, 2, 5)), jnp.ones((3, 2, 5)), mask)
    batch = Batch(jet=Jet(jnp.ones(3), jnp.ones(3), jnp.ones(3), tracks), truth=truth)
    output = TaggerOutput(
        flavour_logits=jnp.array([[2.0, 1, 0], [2, 1, 0], [2, 1, 0]]),
        origin_logits=jnp.array([[[0.0, 1, 0, 0]] * 2] * 3),
        pairing_logits=jnp.array([[[1.0, -1], [1, 1]], [[1, 1], [1, 1]], [[1, 1], [1, 1]]]),
        weights=None,
        vertex=None,
    )
    found = {name: mean.value() for name, mean in batch_accuracies(output, batch).items()}
    assert found == {
        "flavour_accuracy": pytest.approx(1 / 2),  # b right, light taken for b, padding not counted
        "origin_accuracy": pytest.approx(1 / 3),  # the first of three real tracks
        "pairing_accuracy": pytest.approx(
            3 / 5
        ),  # three of four ordered pairs; one unlinked track alone, wrong
    }


def test_what_is_summed_has_all_names() -> None:
    assert set(no_means()) == set(MEAN_NAMES) > set(ACCURACY_NAMES)
