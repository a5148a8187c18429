"""The gradient of the total loss of a batch, its networks computed block by block.

Networks cost most, so they see each block of jets with the slots that it needs. The fit costs little and
takes longest to compile, so it sees the whole batch with all slots, once. Each loss is a sum over terms
divided by their number, which is known before its derivative is drawn: from the truth, or from the fit.
"""

from collections.abc import Mapping
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ndive.data import Batch
from ndive.models import NDIVE, Tagger
from ndive.training.accuracies import Means, batch_means, class_accuracies, no_means
from ndive.training.config import TrainConfig
from ndive.training.devices import over_devices
from ndive.training.forward import embedded, fitted, weighed
from ndive.training.losses import Mean, class_losses, head_counts, loss_weights, total_loss
from ndive.training.pairing import pairing_means
from ndive.training.stacking import Blocks, with_slots_needed

Counts = Mapping[str, Float[Array, ""]]
Positions = Float[Array, "*jets 3"] | None
"""Where a tagger looks at the tracks of each jet a second time, if it does."""


def batch_gradient(
    parameters: PyTree, fixed: PyTree, blocks: Blocks, config: TrainConfig
) -> tuple[PyTree, Means]:
    """Gradient in `parameters` of the total loss of one batch, and the sums of its losses and accuracies.

    `blocks` is the share of one device, without an axis of batches. But for rounding the result, which all
    devices get, is that of the whole batch with all slots.
    """
    return over_devices(_of_one_device(parameters, fixed, blocks, config))


def _of_one_device(
    parameters: PyTree, fixed: PyTree, blocks: Blocks, config: TrainConfig
) -> tuple[PyTree, Means]:
    """What the jets of one device add to the gradient and the sums."""
    model = eqx.combine(parameters, fixed)
    if isinstance(model, Tagger) and model.vertexer is None:
        positions = model.position(None, jnp.asarray(blocks.jets.truth.hadron_vertex))
        gradient, _, means = _of_heads(parameters, fixed, blocks, positions, config)
        return gradient, means
    weights, to_parameters = jax.vjp(lambda parameters: _weights(parameters, fixed, blocks), parameters)
    (_, positions), to_weights, means = jax.vjp(
        lambda weights: _fitted(weights, model, blocks.jets, config), weights, has_aux=True
    )
    gradient, by_position = jax.tree.map(jnp.zeros_like, (parameters, positions))
    if isinstance(model, Tagger):
        gradient, by_position, of_heads = _of_heads(parameters, fixed, blocks, positions, config)
        means = jax.tree.map(jnp.add, means, of_heads)
    (through_fits,) = to_parameters(*to_weights((jnp.ones(()), by_position)))
    return jax.tree.map(jnp.add, gradient, through_fits), means


def _of_heads(
    parameters: PyTree, fixed: PyTree, blocks: Blocks, positions: Positions, config: TrainConfig
) -> tuple[PyTree, Positions, Means]:
    """Gradient of the losses of a tagger's heads in its parameters and in `positions`, and the sums."""
    counts = over_devices(head_counts(blocks.jets, config))

    def slopes(jets: Batch, position: Positions) -> Any:
        def total(parameters: PyTree, position: Positions) -> tuple[Float[Array, ""], Means]:
            means = head_means(cast(Tagger, eqx.combine(parameters, fixed)), jets, position, config)
            return _weighted(means, counts, config), means

        return jax.grad(total, argnums=(0, 1), has_aux=True)(parameters, position)

    def one(carry: tuple[PyTree, Means], block: tuple[Blocks, Positions]) -> Any:
        (slope, by_position), means = with_slots_needed(slopes, *block)
        return jax.tree.map(jnp.add, carry, (slope, means)), by_position

    nothing = jax.tree.map(jnp.zeros_like, parameters), no_means()
    (gradient, means), by_position = jax.lax.scan(one, nothing, (blocks, positions))
    return gradient, by_position, means


def _weights(parameters: PyTree, fixed: PyTree, blocks: Blocks) -> Float[Array, "blocks jets slots"]:
    """The weights of all tracks, ghosts first, zero behind the slots needed.

    The derivative computes the network anew, block by block, rather than keep what it went through.
    """
    vertexer = vertexer_of(eqx.combine(parameters, fixed))
    return jax.lax.map(jax.checkpoint(lambda block: weighed(vertexer, block)), blocks)


def _fitted(
    weights: Float[Array, "blocks jets slots"], model: NDIVE | Tagger, jets: Batch, config: TrainConfig
) -> tuple[tuple[Float[Array, ""], Float[Array, "blocks jets 3"]], Means]:
    """The weighted losses of the fit and the vertices, and the sums of the losses."""
    joined = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), (jets, weights))
    found = fitted(vertexer_of(model), *joined)
    means = batch_means(found, joined[0], config)
    counts = over_devices({name: means[name].count for name in ("vertex", "chi2", "weight")})
    positions = found.vertex.position.reshape(*weights.shape[:2], 3)
    return (_weighted(means, counts, config), positions), means


def _weighted(means: Means, counts: Counts, config: TrainConfig) -> Float[Array, ""]:
    """The weighted sum of the losses that `counts` has, over as many terms."""
    whole = {name: Mean(total=means[name].total, count=count) for name, count in counts.items()}
    weights = {name: weight for name, weight in loss_weights(config).items() if name in whole}
    return total_loss(whole, weights)


def vertexer_of(model: NDIVE | Tagger) -> NDIVE:
    """The part of a `model` with a fit that fits: all of it, or the vertexer of a tagger."""
    return model if isinstance(model, NDIVE) else cast(NDIVE, model.vertexer)


def head_means(tagger: Tagger, jets: Batch, position: Positions, config: TrainConfig) -> Means:
    """The losses and accuracies of the heads of a tagger, those of the pairs row by row."""
    tracks, jet = embedded(tagger, jets, position)
    logits = jax.vmap(tagger.heads.classes)(tracks, jet)
    return (
        no_means()
        | class_losses(*logits, jets, config)
        | class_accuracies(*logits, jets)
        | pairing_means(tagger.heads.pairing, tracks, jet, jets)
    )
