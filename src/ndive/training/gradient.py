"""The gradient of the total loss of a batch, as a sum over blocks of its jets.

Each loss is a sum over terms divided by their number. Numbers that follow from the truth alone are known
before the first block, so the blocks' gradients of the quotients just add up. How many fits end well is known
after the last block: gradients of the losses over valid fits are summed apart and divided then. Both parts
reach the network of the weights through the fitted vertices, whose derivative is drawn for the two at once.
"""

from collections.abc import Mapping
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ndive.data import Batch, first_slots
from ndive.models import NDIVE, VertexerOutput
from ndive.training.accuracies import Means, batch_means, no_means
from ndive.training.config import TrainConfig
from ndive.training.forward import forward, tagged, vertexer_of
from ndive.training.losses import FITTED, batch_losses, known_counts, loss_weights
from ndive.training.stacking import Blocks, slot_counts

Counts = Mapping[str, Float[Array, ""]]
Factors = Mapping[str, Float[Array, ""] | float]
Slopes = tuple[PyTree, PyTree]
"""Gradients of the losses whose numbers of terms are known, and of the sums over valid fits."""


def batch_gradient(
    parameters: PyTree, fixed: PyTree, blocks: Blocks, config: TrainConfig
) -> tuple[PyTree, Means]:
    """Gradient in `parameters` of the total loss of one batch, and the sums of its losses and accuracies.

    `blocks` has no axis of batches. Each block is computed with the slots that it needs; but for rounding the
    result is that of the whole batch with all slots.
    """
    counts = known_counts(blocks.jets, config)

    def of_slots(n_slots: int) -> Any:
        return lambda jets: block_slopes(parameters, fixed, first_slots(jets, n_slots), counts, config)

    branches = [of_slots(count) for count in slot_counts(blocks.jets.jet.tracks.mask.shape[-1])]

    def one(carry: tuple[Slopes, Means], block: Blocks) -> tuple[tuple[Slopes, Means], None]:
        return jax.tree.map(jnp.add, carry, jax.lax.switch(block.slots, branches, block.jets)), None

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    ((known, of_fits), means), _ = jax.lax.scan(one, ((zeros, zeros), no_means()), blocks)
    valid = means["vertex"].count
    share = jnp.where(valid > 0, 1 / jnp.maximum(valid, 1), 0)
    return jax.tree.map(lambda first, second: first + share * second, known, of_fits), means


def block_slopes(
    parameters: PyTree, fixed: PyTree, jets: Batch, counts: Counts, config: TrainConfig
) -> tuple[Slopes, Means]:
    """What the jets of one block add to the gradient and the sums of their batch."""
    weights = loss_weights(config)
    known = {name: weights[name] / jnp.maximum(counts[name], 1) for name in counts if name in weights}
    over_fits = {name: weights[name] for name in FITTED if name in weights}

    def total(parameters: PyTree) -> tuple[Float[Array, ""], Means]:
        means = batch_means(forward(eqx.combine(parameters, fixed), jets), jets, config)
        return _weighted(means, known), means

    if vertexer_of(fixed) is None or not over_fits:
        slope, means = jax.grad(total, has_aux=True)(parameters)
        return (slope, jax.tree.map(jnp.zeros_like, slope)), means
    return _slopes_through_fits(parameters, fixed, jets, config, known, over_fits)


def _slopes_through_fits(
    parameters: PyTree, fixed: PyTree, jets: Batch, config: TrainConfig, known: Factors, over_fits: Factors
) -> tuple[Slopes, Means]:
    """The two gradients by the chain rule: each to the fitted vertices, then both at once to the network."""

    perfect_weights = jnp.asarray(jets.truth.perfect_weights)

    def vertices(parameters: PyTree) -> tuple[tuple[Array, ...], VertexerOutput]:
        vertexer = cast(NDIVE, eqx.combine(vertexer_of(parameters), vertexer_of(fixed)))
        found = jax.vmap(vertexer)(jets.jet, perfect_weights)
        return drawn_of(found), jax.lax.stop_gradient(found)

    def drawn_of(found: VertexerOutput) -> tuple[Any, ...]:
        arrays = found.weights, found.vertex.position
        return (*arrays, found.vertex.chi2) if "chi2" in over_fits else arrays

    drawn, pull, found = jax.vjp(vertices, parameters, has_aux=True)

    def with_drawn(drawn: tuple[Array, ...]) -> VertexerOutput:
        return eqx.tree_at(drawn_of, found, drawn)

    def total(parameters: PyTree, drawn: tuple[Array, ...]) -> tuple[Float[Array, ""], Means]:
        output = tagged(eqx.combine(parameters, fixed), jets, with_drawn(drawn))
        means = batch_means(output, jets, config)
        return _weighted(means, known), means

    def total_over_fits(drawn: tuple[Array, ...]) -> Float[Array, ""]:
        return _weighted(batch_losses(with_drawn(drawn), jets, config), over_fits)

    (direct, by_known), means = jax.grad(total, argnums=(0, 1), has_aux=True)(parameters, drawn)
    by_fits = jax.grad(total_over_fits)(drawn)
    (both,) = jax.vmap(pull)(jax.tree.map(lambda *rows: jnp.stack(rows), by_known, by_fits))
    through_known, through_fits = (jax.tree.map(lambda leaf, k=k: leaf[k], both) for k in range(2))
    return (jax.tree.map(jnp.add, direct, through_known), through_fits), means


def _weighted(means: Means, factors: Factors) -> Float[Array, ""]:
    """The sums of some losses, each times its factor."""
    return sum((factor * means[name].total for name, factor in factors.items()), start=jnp.zeros(()))
