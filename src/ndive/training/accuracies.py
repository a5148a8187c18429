"""How often the most likely answer is right: flavour, origin and pairing; all that is reported of a batch."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.data import Batch
from ndive.models import TaggerOutput, VertexerOutput
from ndive.training.config import TrainConfig
from ndive.training.losses import (
    LOSS_NAMES,
    Mean,
    batch_losses,
    mean_over,
    no_losses,
    nothing,
    origin_terms,
    pairing_terms,
    same_vertex,
)

ACCURACY_NAMES = ("flavour_accuracy", "origin_accuracy", "pairing_accuracy")
MEAN_NAMES = (*LOSS_NAMES, *ACCURACY_NAMES)
"""All that is reported each epoch beside the total."""

Means = dict[str, Mean]


def no_means() -> Means:
    """All losses and accuracies before the first batch."""
    return no_losses() | no_accuracies()


def batch_means(output: TaggerOutput | VertexerOutput, batch: Batch, config: TrainConfig) -> Means:
    """All losses and accuracies of a batch."""
    return batch_losses(output, batch, config) | batch_accuracies(output, batch)


def no_accuracies() -> dict[str, Mean]:
    """The accuracies of a model without heads."""
    return {name: nothing() for name in ACCURACY_NAMES}


def batch_accuracies(output: TaggerOutput | VertexerOutput, batch: Batch) -> dict[str, Mean]:
    """The share of a batch's jets, real tracks and pairs of real tracks whose most likely answer is right.

    Jets and tracks without a label do not count; pairs are those of the pairing loss, the diagonal too.
    """
    if not isinstance(output, TaggerOutput):
        return no_accuracies()
    truth, mask = jax.tree.map(jnp.asarray, batch.truth), jnp.asarray(batch.jet.tracks.mask)
    pairing = (output.pairing_logits > 0) == same_vertex(truth.vertex_index)
    return {
        **class_accuracies(output.flavour_logits, output.origin_logits, batch),
        "pairing_accuracy": mean_over(pairing.astype(float), pairing_terms(mask)),
    }


def class_accuracies(
    flavour_logits: Float[Array, "jets flavours"],
    origin_logits: Float[Array, "jets tracks origins"],
    batch: Batch,
) -> dict[str, Mean]:
    """The accuracies of the flavour and of the origin."""
    truth, mask = jax.tree.map(jnp.asarray, batch.truth), jnp.asarray(batch.jet.tracks.mask)
    flavour = jnp.argmax(flavour_logits, axis=-1) == truth.flavour
    origin = jnp.argmax(origin_logits, axis=-1) == truth.origin
    return {
        "flavour_accuracy": mean_over(flavour.astype(float), truth.flavour >= 0),
        "origin_accuracy": mean_over(origin.astype(float), origin_terms(truth.origin, mask)),
    }
