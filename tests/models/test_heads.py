"""The heads: the factored first layer is the layer on the concatenation."""

import jax
import jax.numpy as jnp
import numpy as np

from ndive.models.heads import Head, Heads


def on_concatenation(head: Head, x: np.ndarray) -> np.ndarray:
    """The head as written in the paper, in NumPy and float64."""
    for index, layer in enumerate(head.layers):
        x = x @ np.asarray(layer.weight, float) + np.asarray(layer.bias, float)
        x = x if index == len(head.layers) - 1 else np.maximum(x, 0)
    return x


def test_pairs_equal_the_layer_on_the_concatenation() -> None:
    rng = np.random.default_rng(0)
    tracks, jet = rng.normal(size=(4, 6)), rng.normal(size=6)
    heads = Heads(6, 3, 4, key=jax.random.key(0))
    flavour, origin, pairing = heads(jnp.asarray(tracks, jnp.float32), jnp.asarray(jet, jnp.float32))
    pairs = np.array([[np.concatenate([one, other, jet]) for other in tracks] for one in tracks])
    rows = np.array([np.concatenate([one, jet]) for one in tracks])
    np.testing.assert_allclose(pairing, on_concatenation(heads.pairing, pairs)[..., 0], atol=1e-5)
    np.testing.assert_allclose(origin, on_concatenation(heads.origin, rows), atol=1e-5)
    np.testing.assert_allclose(flavour, on_concatenation(heads.flavour, jet), atol=1e-5)
    assert not np.allclose(pairing, pairing.T)
