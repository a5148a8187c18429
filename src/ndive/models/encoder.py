"""The encoder of a jet's tracks: dense layers, then blocks of self-attention with a true padding mask."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ndive.models.dense import Dense, dense_stack

WIDTH = 32
HIDDEN = 128
EPSILON = 1e-6


class Encoder(eqx.Module):
    """Dense 32 ReLU three times, Dense 32 sigmoid, then blocks of attention (arXiv:2310.12804, section 4)."""

    dense: tuple[Dense, ...]
    blocks: tuple["Block", ...]

    def __init__(self, inputs: int, layers: int, heads: int, *, key: PRNGKeyArray) -> None:
        """An encoder of `inputs` numbers a track with `layers` attention blocks of `heads` heads each."""
        dense_key, *block_keys = jax.random.split(key, layers + 1)
        self.dense = dense_stack([inputs, WIDTH, WIDTH, WIDTH, WIDTH], key=dense_key)
        self.blocks = tuple(Block(heads, key=block_key) for block_key in block_keys)

    def __call__(
        self, inputs: Float[Array, "tracks inputs"], mask: Bool[Array, "tracks"]
    ) -> Float[Array, "tracks 32"]:
        """One row a track; the rows of masked slots mean nothing and reach no other row."""
        *hidden, last = self.dense
        x = inputs
        for layer in hidden:
            x = jax.nn.relu(layer(x))
        x = jax.nn.sigmoid(last(x))
        for block in self.blocks:
            x = block(x, mask)
        return x


class Block(eqx.Module):
    """Self-attention, add, LayerNorm, Dense 128 ReLU, Dense 32, add, LayerNorm."""

    attention: "Attention"
    attention_norm: eqx.nn.LayerNorm
    hidden: Dense
    out: Dense
    out_norm: eqx.nn.LayerNorm

    def __init__(self, heads: int, *, key: PRNGKeyArray) -> None:
        """A block whose attention has `heads` heads."""
        attention_key, hidden_key, out_key = jax.random.split(key, 3)
        self.attention = Attention(heads, key=attention_key)
        self.attention_norm = eqx.nn.LayerNorm(WIDTH, eps=EPSILON)
        self.hidden = Dense(WIDTH, HIDDEN, key=hidden_key)
        self.out = Dense(HIDDEN, WIDTH, key=out_key)
        self.out_norm = eqx.nn.LayerNorm(WIDTH, eps=EPSILON)

    def __call__(
        self, x: Float[Array, "tracks 32"], mask: Bool[Array, "tracks"]
    ) -> Float[Array, "tracks 32"]:
        """One block over the tracks of a jet."""
        x = jax.vmap(self.attention_norm)(x + self.attention(x, mask))
        return jax.vmap(self.out_norm)(x + self.out(jax.nn.relu(self.hidden(x))))


class Attention(eqx.Module):
    """Multi-head self-attention; a masked slot is never attended to."""

    query: Dense
    key: Dense
    value: Dense
    out: Dense
    heads: int = eqx.field(static=True)

    def __init__(self, heads: int, *, key: PRNGKeyArray) -> None:
        """Attention over rows of 32 numbers, split over `heads` heads."""
        keys = jax.random.split(key, 4)
        self.query, self.key, self.value, self.out = (Dense(WIDTH, WIDTH, key=each) for each in keys)
        self.heads = heads

    def __call__(
        self, x: Float[Array, "tracks 32"], mask: Bool[Array, "tracks"]
    ) -> Float[Array, "tracks 32"]:
        """What each track draws from the real tracks."""
        query, key, value = (
            layer(x).reshape(x.shape[0], self.heads, -1) for layer in (self.query, self.key, self.value)
        )
        drawn = attend(query, key, value, mask)
        return self.out(drawn.reshape(x.shape))


def attend(
    query: Float[Array, "tracks heads size"],
    key: Float[Array, "tracks heads size"],
    value: Float[Array, "tracks heads size"],
    mask: Bool[Array, "tracks"],
) -> Float[Array, "tracks heads size"]:
    """softmax(Q Kᵀ / √size) V over the real tracks (arXiv:1706.03762, equation 1)."""
    scores = jnp.einsum("qhd,khd->hqk", query, key) / jnp.sqrt(query.shape[-1])
    return jnp.einsum("hqk,khd->qhd", masked_softmax(scores, mask), value)


def masked_softmax(
    scores: Float[Array, "*axes tracks"], mask: Bool[Array, "tracks"]
) -> Float[Array, "*axes tracks"]:
    """Softmax over the real tracks, exactly zero elsewhere; zero everywhere where no track is real."""
    lowest = jnp.finfo(scores.dtype).min / 2
    masked = jnp.where(mask, scores, lowest)
    shifted = jnp.where(
        mask, jnp.exp(masked - jax.lax.stop_gradient(jnp.max(masked, axis=-1, keepdims=True))), 0
    )
    return shifted / jnp.maximum(jnp.sum(shifted, axis=-1, keepdims=True), jnp.finfo(scores.dtype).tiny)
