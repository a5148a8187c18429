"""The pairing loss of a block of jets with its gradient, which are most of the arithmetic of a tagger.

All pairs (i, j) of one i are a row, which is computed forwards and backwards before the next one, so that its
arrays stay in the cache; rows behind the last real track of the block are left out. Jets are the last axis
and features the first, in which the products of the derivative are as fast as those of the value.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ndive.data import Batch
from ndive.models.dense import Dense
from ndive.models.heads import Head
from ndive.training.losses import Mean, pair_entropy, pairing_terms, same_vertex

Layers = Sequence[Dense]
Pairs = Bool[Array, "tracks tracks jets"]
Columns = Float[Array, "features tracks jets"]


def pairing_means(
    head: Head, tracks: Float[Array, "jets tracks width"], jet: Float[Array, "jets width"], batch: Batch
) -> dict[str, Mean]:
    """The pairing loss and its accuracy, as `pairing_loss` and `batch_accuracies` give them of the logits.

    `tracks` and `jet` are what the tagger embeds of the jets of `batch`.
    """
    first, *layers = head.layers
    width = tracks.shape[-1]
    columns = tracks.transpose(2, 1, 0)
    by_row, by_column, of_jet = (first.weight[k * width : (k + 1) * width] for k in range(3))
    rows = jnp.einsum("wf,wij->fij", by_row, columns) + (jet @ of_jet + first.bias).T[:, None]
    pairs = jnp.einsum("wf,wij->fij", by_column, columns)
    same, real = (
        terms(jnp.asarray(leaf)).transpose(1, 2, 0)
        for terms, leaf in (
            (same_vertex, batch.truth.vertex_index),
            (pairing_terms, batch.jet.tracks.mask),
        )
    )
    total, right = _sums(layers, rows, pairs, same, real)
    count = jnp.sum(real, dtype=total.dtype)
    return {"pairing": Mean(total, count), "pairing_accuracy": Mean(right, count)}


@jax.custom_vjp
def _sums(
    layers: Layers, rows: Columns, columns: Columns, same: Pairs, real: Pairs
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The entropy of all real pairs and how many are right, the first layer's input of (i, j) being
    `rows` at i plus `columns` at j.
    """
    return _with_slopes(layers, rows, columns, same, real)[0]


def _with_slopes(layers: Layers, rows: Columns, columns: Columns, same: Pairs, real: Pairs) -> Any:
    """The two sums, and the derivative of the first in `layers`, `rows` and `columns`."""
    last = jnp.max(jnp.where(real.any(axis=(1, 2)), jnp.arange(1, len(real) + 1), 0))

    def one(i: Any, carry: Any) -> Any:
        sums, (by_layers, by_rows, by_columns) = carry
        found, (to_layers, to_row, to_columns) = jax.value_and_grad(_row, argnums=(0, 1, 2), has_aux=True)(
            layers, rows[:, i], columns, same[i].ravel(), real[i].ravel()
        )
        slopes = (
            jax.tree.map(jnp.add, by_layers, to_layers),
            by_rows.at[:, i].set(to_row),
            by_columns + to_columns,
        )
        return jax.tree.map(jnp.add, sums, found), slopes

    zeros = jax.tree.map(jnp.zeros_like, (layers, rows, columns))
    nothing = jnp.zeros((), rows.dtype)
    return jax.lax.fori_loop(0, last, one, ((nothing, nothing), zeros))


def _scaled(slopes: Any, cotangent: Any) -> Any:
    """The slopes times the factor of the first sum; pairs are no numbers to differentiate in."""
    by_total, _ = cotangent
    return *jax.tree.map(lambda slope: by_total * slope, slopes), None, None


_sums.defvjp(_with_slopes, _scaled)


def _row(
    layers: Layers,
    row: Float[Array, "features jets"],
    columns: Columns,
    same: Bool[Array, "pairs"],
    real: Bool[Array, "pairs"],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The two sums over the pairs of one row, jets running fastest."""
    *hidden, out = layers
    x = (row[:, None] + columns).reshape(len(row), -1)
    for layer in hidden:
        x = _dense(layer.weight, layer.bias, jax.nn.relu(x))
    logits = jnp.sum(out.weight * jax.nn.relu(x), axis=0) + out.bias
    right = (logits > 0) == same
    return (
        jnp.sum(jnp.where(real, pair_entropy(logits, same), 0)),
        jnp.sum(real & right, dtype=logits.dtype),
    )


@jax.custom_vjp
def _dense(
    weight: Float[Array, "inputs outputs"], bias: Float[Array, "outputs"], x: Float[Array, "inputs pairs"]
) -> Float[Array, "outputs pairs"]:
    """A dense layer over the first axis, of whose products, backwards too, none needs a transposed copy."""
    return weight.T @ x + bias[:, None]


def _dense_backwards(kept: Any, slope: Float[Array, "outputs pairs"]) -> Any:
    """From the derivative in the output to those in weight, bias and input."""
    weight, x = kept
    return x @ slope.T, jnp.sum(slope, axis=1), weight @ slope


_dense.defvjp(lambda weight, bias, x: (_dense(weight, bias, x), (weight, x)), _dense_backwards)
