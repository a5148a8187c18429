"""Whole models: their size, their symmetry, their padding, their worst jets."""

from functools import cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import ArgumentError
from ndive.models import (
    Model,
    ModelConfig,
    build_model,
    identity_normalisation,
    parameter_count,
    split_trainable,
)
from ndive.tracks import Jet
from tests.models.jets import random_jet, reordered, with_slots

pytestmark = pytest.mark.usefixtures("quick_compilation")

SLOTS = 6
CONFIGS = {
    "ghost": ModelConfig(),
    "base": ModelConfig(model="FTAG", vertexer="none"),
    "ftag": ModelConfig(model="FTAG", ghost=False, clip=True),
}


@cache
def model(name: str) -> Model:
    return build_model(CONFIGS[name], identity_normalisation(), key=jax.random.key(3))


@cache
def compiled(name: str) -> Any:
    """Outputs of a batch of four jets and, of a tagger, the gradient of its logits; compiled once."""
    parameters, fixed = split_trainable(model(name))

    def outputs(parameters: Any, jets: Jet) -> Any:
        return jax.vmap(eqx.combine(parameters, fixed))(jets)

    def size(parameters: Any, jets: Jet) -> Any:
        result = outputs(parameters, jets)
        logits = (result.flavour_logits, result.origin_logits, result.pairing_logits)
        return sum(jnp.sum(jnp.tanh(leaf)) for leaf in logits), result

    def without_gradient(parameters: Any, jets: Jet) -> Any:
        return None, outputs(parameters, jets)

    wanted = without_gradient if name == "ghost" else jax.grad(size, has_aux=True)
    function = jax.jit(wanted)
    return lambda jets: function(parameters, jax.tree.map(lambda *leaves: jnp.stack(leaves), *jets))


JETS = [random_jet(n, seed=n, axis=(0.3 * n - 1, 0.5 * n)) for n in (2, 3, 4, 6)]


def padded(jets: list[Jet], garbage: float, slots: int = SLOTS) -> list[Jet]:
    return [with_slots(jet, slots, garbage) for jet in jets]


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (ModelConfig(), 17_569),
        (ModelConfig(activation="softmax", ghost=False), 17_569),
        (ModelConfig(activation="none"), 0),
        (ModelConfig(activation="perfect"), 0),
        (ModelConfig(model="FTAG", vertexer="none"), 37_049),
        (ModelConfig(model="FTAG"), 66_938),
        (ModelConfig(model="FTAG", activation="perfect"), 66_938 - 17_569),
        (ModelConfig(model="FTAG", vertexer="none", layers=3, heads=2), 62_457),
        (ModelConfig(model="FTAG", vertexer="none", one_hot=True), 37_049 + 15 * 32),
    ],
)
def test_parameter_counts_of_the_paper(config: ModelConfig, count: int) -> None:
    def counted() -> int:
        return parameter_count(build_model(config, identity_normalisation(), key=jax.random.key(0)))

    assert eqx.filter_eval_shape(counted) == count


@pytest.mark.parametrize("name", CONFIGS)
def test_padded_slots_change_nothing(name: str) -> None:
    _, clean = compiled(name)(padded(JETS, 0.0))
    _, other = compiled(name)(padded(JETS, 3.7, slots=SLOTS + 3))
    for index, jet in enumerate(JETS):
        n = jet.tracks.mask.shape[0]
        for field in ("weights", "flavour_logits", "origin_logits", "pairing_logits"):
            if getattr(clean, field, None) is None:
                continue
            rows = [getattr(result, field)[index] for result in (clean, other)]
            if field == "pairing_logits":
                rows = [row[:n, :n] for row in rows]
            elif field != "flavour_logits":
                rows = [row[:n] for row in rows]
            np.testing.assert_allclose(*rows, rtol=1e-4, atol=1e-5, err_msg=field)
        if clean.vertex is not None:
            positions = [result.vertex.position[index] for result in (clean, other)]
            np.testing.assert_allclose(*positions, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", CONFIGS)
def test_order_of_the_tracks_does_not_matter(name: str) -> None:
    order = np.array([3, 0, 5, 1, 4, 2])
    _, first = compiled(name)(padded(JETS, 0.0))
    _, second = compiled(name)([reordered(jet, order) for jet in padded(JETS, 0.0)])
    full = 3
    if name != "ghost":
        np.testing.assert_allclose(second.flavour_logits, first.flavour_logits, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(
            second.origin_logits[full], first.origin_logits[full][order], rtol=1e-3, atol=1e-4
        )
        np.testing.assert_allclose(
            second.pairing_logits[full], first.pairing_logits[full][order][:, order], rtol=1e-3, atol=1e-4
        )
    if name != "base":
        np.testing.assert_allclose(second.weights[full], first.weights[full][order], rtol=1e-4)
        np.testing.assert_allclose(second.vertex.position, first.vertex.position, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("name", CONFIGS)
def test_jets_with_few_tracks_are_finite_and_leave_the_others_alone(name: str) -> None:
    few = [random_jet(0, seed=1), random_jet(1, seed=1), *JETS[2:]]
    gradient, result = compiled(name)(padded(few, 0.0))
    for leaf in jax.tree.leaves((gradient, result)):
        assert np.all(np.isfinite(leaf))
    _, usual = compiled(name)(padded(JETS, 0.0))
    for leaf, other in zip(jax.tree.leaves(result), jax.tree.leaves(usual), strict=True):
        np.testing.assert_allclose(leaf[2:], other[2:], rtol=1e-4, atol=1e-4)
    if name == "ftag":
        assert not bool(result.vertex.valid[:2].any())
        np.testing.assert_array_equal(result.vertex.position[:2], 0)


def test_the_logits_draw_gradient_into_the_weights_through_the_vertex() -> None:
    gradient, _ = compiled("ftag")(padded(JETS, 0.0))
    assert all(np.any(np.asarray(leaf) != 0) for leaf in jax.tree.leaves(gradient.vertexer.weigher.out))


def test_errors_and_significances_of_the_second_view_are_propagated_where_asked() -> None:
    """At the reference point nothing moves; elsewhere the logits change."""
    jet = random_jet(4, seed=5)
    vertex = jnp.array([3.0, -2.0, 4.0])

    def logits(propagated: bool, position: Any) -> Any:
        config = ModelConfig(model="FTAG", vertexer="true_vertex", propagated_errors=propagated)
        tagger = build_model(config, identity_normalisation(), key=jax.random.key(0))
        return tagger(jet, hadron_vertex=position).flavour_logits

    both = jax.jit(lambda position: (logits(False, position), logits(True, position)))
    np.testing.assert_allclose(*both(jnp.zeros(3)), rtol=1e-4)
    published, propagated = both(vertex)
    assert np.max(np.abs(published - propagated)) > 1e-3


def test_normalisation_is_not_trained() -> None:
    parameters, fixed = split_trainable(model("base"))
    assert parameters.normalisation.mean is None
    np.testing.assert_array_equal(fixed.normalisation.scale, 1)


def test_models_without_their_truth_say_so() -> None:
    jet = random_jet(3, seed=1)
    true_vertex = ModelConfig(model="FTAG", vertexer="true_vertex")

    def tagged() -> Any:
        return build_model(true_vertex, identity_normalisation(), key=jax.random.key(0))(jet)

    with pytest.raises(ArgumentError, match="hadron_vertex, found none"):
        eqx.filter_eval_shape(tagged)
