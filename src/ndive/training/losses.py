"""The six losses, as sums over a batch with the number of terms, so that batches of any content add up."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from ndive.data import Batch
from ndive.models import TaggerOutput, VertexerOutput
from ndive.training.config import TrainConfig

LOSS_NAMES = ("flavour", "origin", "pairing", "vertex", "chi2", "weight")

TAGGER_WEIGHTS = {"flavour": 1.0, "origin": 0.5, "pairing": 1.5, "vertex": 0.1, "chi2": 0.001, "weight": 1.0}
VERTEXER_WEIGHTS = {"vertex": 1.0, "chi2": 0.001, "weight": 1.0}
SWITCHES = {
    "flavour": "jet_flavor_loss",
    "origin": "track_origin_loss",
    "pairing": "track_pairing_loss",
    "vertex": "vertex_loss",
    "chi2": "chi_squared_loss",
    "weight": "track_weight_loss",
}

SMALLEST_PROBABILITY = 1e-6


class Mean(eqx.Module):
    """A sum and the number of its terms; nothing is undefined where there is none."""

    total: Float[Array, "..."]
    count: Float[Array, "..."]

    def value(self) -> Float[Array, "..."]:
        """The mean, zero where there is no term."""
        return self.total / jnp.where(self.count > 0, self.count, 1)


def mean_over(values: Float[Array, "*axes"], chosen: Bool[Array, "*axes"]) -> Mean:
    """The mean of the chosen values; the others do not count, whatever they are."""
    total = jnp.sum(jnp.where(chosen, values, 0))
    return Mean(total=total, count=jnp.sum(chosen, dtype=total.dtype))


def nothing() -> Mean:
    """The mean of no terms."""
    return Mean(total=jnp.zeros(()), count=jnp.zeros(()))


def no_losses() -> dict[str, Mean]:
    """All six losses before the first batch."""
    return {name: nothing() for name in LOSS_NAMES}


def loss_weights(config: TrainConfig) -> dict[str, float]:
    """What each loss counts in the total of `config`; only those switched on and defined for its model."""
    weights = VERTEXER_WEIGHTS if config.model_name == "NDIVE" else TAGGER_WEIGHTS
    return {name: weight for name, weight in weights.items() if getattr(config, SWITCHES[name])}


def total_loss(means: dict[str, Mean], weights: dict[str, float]) -> Float[Array, ""]:
    """The weighted sum of the losses."""
    return sum((weight * means[name].value() for name, weight in weights.items()), start=jnp.zeros(()))


def batch_losses(output: TaggerOutput | VertexerOutput, batch: Batch, config: TrainConfig) -> dict[str, Mean]:
    """All six losses of a batch, each `Mean`; those that the model does not have are means of nothing."""
    truth, mask = jax.tree.map(jnp.asarray, batch.truth), batch.jet.tracks.mask
    means = no_losses()
    if isinstance(output, TaggerOutput):
        means |= class_losses(output.flavour_logits, output.origin_logits, batch, config)
        means["pairing"] = pairing_loss(output.pairing_logits, truth.vertex_index, mask)
    if output.vertex is not None and output.weights is not None:
        fitted = output.vertex.valid & (truth.flavour >= 0)
        means["vertex"] = mean_over(
            vertex_errors(output.vertex.position, truth.hadron_vertex, config), fitted
        )
        means["chi2"] = mean_over(output.vertex.chi2, fitted)
        means["weight"] = weight_loss(output.weights, truth.perfect_weights, mask)
    return means


def class_losses(
    flavour_logits: Float[Array, "jets flavours"],
    origin_logits: Float[Array, "jets tracks origins"],
    batch: Batch,
    config: TrainConfig,
) -> dict[str, Mean]:
    """The losses of the flavour and of the origin."""
    truth, mask = jax.tree.map(jnp.asarray, batch.truth), batch.jet.tracks.mask
    return {
        "flavour": flavour_loss(flavour_logits, truth.flavour, config.class_weights),
        "origin": origin_loss(origin_logits, truth.origin, mask),
    }


def head_counts(jets: Batch, config: TrainConfig) -> dict[str, Float[Array, ""]]:
    """The number of terms of each loss of a tagger's heads, which follow from the truth.

    `jets` have any leading axes. These are the `count` of the `Mean` of all of them together.
    """
    truth, mask = jax.tree.map(jnp.asarray, jets.truth), jnp.asarray(jets.jet.tracks.mask)
    dtype = truth.hadron_vertex.dtype
    return {
        "flavour": jnp.sum(flavour_terms(truth.flavour, jnp.asarray(config.class_weights, dtype))),
        "origin": jnp.sum(origin_terms(truth.origin, mask), dtype=dtype),
        "pairing": jnp.sum(pairing_terms(mask), dtype=dtype),
    }


def vertex_errors(
    position: Float[Array, "*jets 3"], target: Float[Array, "*jets 3"], config: TrainConfig
) -> Float[Array, "*jets"]:
    """How far each vertex is off, in mm; or, if `config` says so, over max(decay length, 1 mm)."""
    errors = (euclidean_error if config.use_mse_loss else absolute_error)(position, target)
    if config.normalize_vertex_loss:
        return errors / jnp.maximum(jnp.linalg.norm(target, axis=-1), 1.0)
    return errors


def flavour_loss(
    logits: Float[Array, "jets flavours"], flavour: Int[Array, "jets"], class_weights: Sequence[float]
) -> Mean:
    """Cross-entropy over the jets, each counted by the weight of its flavour; padding has flavour −1."""
    weights = flavour_terms(flavour, jnp.asarray(class_weights, logits.dtype))
    entropy = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.maximum(flavour, 0))
    return Mean(total=mean_over(weights * entropy, flavour >= 0).total, count=jnp.sum(weights))


def flavour_terms(
    flavour: Int[Array, "*jets"], class_weights: Float[Array, "flavours"]
) -> Float[Array, "*jets"]:
    """How much each jet counts in the flavour loss."""
    return jnp.where(flavour >= 0, class_weights[jnp.maximum(flavour, 0)], 0)


def origin_loss(
    logits: Float[Array, "jets tracks origins"],
    origin: Int[Array, "jets tracks"],
    mask: Bool[Array, "jets tracks"],
) -> Mean:
    """Cross-entropy over all real tracks of the batch."""
    entropy = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.maximum(origin, 0))
    return mean_over(entropy, origin_terms(origin, mask))


def origin_terms(
    origin: Int[Array, "*jets tracks"], mask: Bool[Array, "*jets tracks"]
) -> Bool[Array, "*jets tracks"]:
    """The tracks that count in the origin loss."""
    return mask & (origin >= 0)


def pairing_loss(
    logits: Float[Array, "jets tracks tracks"],
    vertex_index: Int[Array, "jets tracks"],
    mask: Bool[Array, "jets tracks"],
) -> Mean:
    """Binary cross-entropy over all ordered pairs of real tracks of the batch, the diagonal included."""
    return mean_over(pair_entropy(logits, same_vertex(vertex_index)), pairing_terms(mask))


def pair_entropy(logits: Float[Array, "*pairs"], same: Bool[Array, "*pairs"]) -> Float[Array, "*pairs"]:
    """−log of the probability given to what is true, where the sigmoid of a logit is that of `same`."""
    return jax.nn.softplus(jnp.where(same, -logits, logits))


def pairing_terms(mask: Bool[Array, "*jets tracks"]) -> Bool[Array, "*jets tracks tracks"]:
    """The pairs that count in the pairing loss."""
    return mask[..., :, None] & mask[..., None, :]


def same_vertex(vertex_index: Int[Array, "*jets tracks"]) -> Bool[Array, "*jets tracks tracks"]:
    """The pairs that come from the same vertex: their indices agree and are not negative."""
    mine, other = vertex_index[..., :, None], vertex_index[..., None, :]
    return (mine == other) & (mine >= 0)


def absolute_error(
    position: Float[Array, "*jets 3"], target: Float[Array, "*jets 3"]
) -> Float[Array, "*jets"]:
    """Mean over x, y, z of the absolute difference, in mm."""
    return jnp.mean(jnp.abs(position - target), axis=-1)


def euclidean_error(
    position: Float[Array, "*jets 3"], target: Float[Array, "*jets 3"]
) -> Float[Array, "*jets"]:
    """Distance in mm, with zero derivative where it is zero."""
    squared = jnp.sum((position - target) ** 2, axis=-1)
    return jnp.sqrt(jnp.maximum(squared, jnp.finfo(squared.dtype).tiny))


def weight_loss(
    weights: Float[Array, "jets tracks"],
    perfect_weights: Float[Array, "jets tracks"],
    mask: Bool[Array, "jets tracks"],
) -> Mean:
    """Binary cross-entropy of the track weights against the perfect ones, over all real tracks."""
    inside = jnp.clip(weights, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    entropy = -perfect_weights * jnp.log(inside) - (1 - perfect_weights) * jnp.log1p(-inside)
    return mean_over(entropy, mask)
