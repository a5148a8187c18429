"""The optimiser and the schedules against their definitions."""

import jax.numpy as jnp
import numpy as np
import pytest

from ndive.training import TrainConfig
from ndive.training.optimisers import learning_rate, make_optimiser, plateau_rule


def test_novograd_by_hand() -> None:
    """arXiv:1905.11286, algorithm 1: v = |g|², m = g / (√v + eps), then v = 0.25 v + 0.75 |g|²."""
    optimiser, parameters = make_optimiser(TrainConfig()), jnp.array([1.0, 2.0])
    state = optimiser.init(parameters)
    first, second = np.array([3.0, 4.0]), np.array([0.0, 10.0])
    update, state = optimiser.update(jnp.asarray(first), state, parameters)
    moment = first / (5 + 1e-6)
    np.testing.assert_allclose(update, -moment, rtol=1e-5)
    update, _ = optimiser.update(jnp.asarray(second), state, parameters)
    moment = 0.9 * moment + second / (np.sqrt(0.25 * 25 + 0.75 * 100) + 1e-6)
    np.testing.assert_allclose(update, -moment, rtol=1e-5)


def test_adam_starts_with_the_sign() -> None:
    optimiser, parameters = make_optimiser(TrainConfig(use_adam=True)), jnp.zeros(3)
    update, _ = optimiser.update(jnp.array([5.0, -1e-3, 2.0]), optimiser.init(parameters), parameters)
    np.testing.assert_allclose(update, [-1, 1, -1], rtol=1e-4)


def test_cosine_falls_to_zero() -> None:
    config = TrainConfig(learning_rate=2.0, use_cosine_decay_schedule=True)
    rates = [float(learning_rate(config, jnp.asarray(step), 100, jnp.ones(()))) for step in (0, 50, 100)]
    assert rates == pytest.approx([2.0, 1.0, 0.0], abs=1e-6)


def test_constant() -> None:
    assert learning_rate(TrainConfig(learning_rate=2.0), jnp.asarray(70), 100, jnp.ones(())) == 2.0


def test_plateau_divides_at_the_fifth_epoch_without_improvement() -> None:
    rule = plateau_rule()
    state = rule.init(jnp.zeros(()))
    scales = []
    for value in (1.0, 0.9, 0.95, 0.95, 0.95, 0.95, 0.95, 0.8):
        _, state = rule.update(jnp.zeros(()), state, value=jnp.asarray(value))
        scales.append(float(state.scale))
    assert scales == pytest.approx([1, 1, 1, 1, 1, 1, 0.1, 0.1])
