"""The encoder: its attention by hand, its mask, its form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.models.encoder import Block, Encoder, attend, masked_softmax


def test_masked_softmax_by_hand() -> None:
    scores = jnp.log(jnp.array([1.0, 3.0, 100.0]))
    np.testing.assert_allclose(
        masked_softmax(scores, jnp.array([True, True, False])), [0.25, 0.75, 0], rtol=1e-6
    )
    np.testing.assert_array_equal(masked_softmax(scores, jnp.zeros(3, bool)), 0)


def test_masked_softmax_of_huge_scores_is_finite() -> None:
    shares = masked_softmax(jnp.array([3e38, -3e38, 3e38]), jnp.array([True, True, True]))
    np.testing.assert_allclose(shares, [0.5, 0, 0.5])


def test_attention_by_hand() -> None:
    """One head of size 4, two tracks: the scores of the first are (2 ln 3) / sqrt 4 = ln 3 and 0."""
    query = jnp.array([[[2 * np.log(3.0), 0, 0, 0]], [[0, 0, 0, 0]]])
    key = jnp.array([[[1.0, 0, 0, 0]], [[0, 5.0, 0, 0]]])
    value = jnp.array([[[4.0, 0, 0, 1]], [[0, 8.0, 0, 1]]])
    drawn = attend(query, key, value, jnp.array([True, True]))
    np.testing.assert_allclose(drawn[0, 0], [3, 2, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(drawn[1, 0], [2, 4, 0, 1], rtol=1e-6)
    alone = attend(query, key, value, jnp.array([True, False]))
    np.testing.assert_allclose(alone[:, 0], [[4, 0, 0, 1]] * 2, rtol=1e-6)


@pytest.mark.parametrize("heads", [1, 2])
def test_heads_attend_apart(heads: int) -> None:
    """A head is attention over its own part of the rows."""
    rng = np.random.default_rng(0)
    query, key, value = (jnp.asarray(rng.normal(size=(3, heads, 8)), jnp.float32) for _ in range(3))
    mask = jnp.array([True, False, True])
    together = attend(query, key, value, mask)
    for head in range(heads):
        part = slice(head, head + 1)
        np.testing.assert_allclose(
            together[:, part], attend(query[:, part], key[:, part], value[:, part], mask), rtol=1e-5
        )


def test_block_ends_in_a_layer_norm() -> None:
    block = Block(2, key=jax.random.key(1))
    rows = block(jax.random.normal(jax.random.key(2), (5, 32)), jnp.ones(5, bool))
    np.testing.assert_allclose(rows.mean(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(rows.std(axis=-1), 1, atol=1e-2)


def test_layers_are_what_the_paper_counts() -> None:
    """18 inputs: 608 + 3 x 1056 in the dense layers, 12 704 in a block."""
    for layers in (1, 3):
        encoder = Encoder(18, layers, 1, key=jax.random.key(0))
        assert sum(leaf.size for leaf in jax.tree.leaves(encoder)) == 3776 + layers * 12704
