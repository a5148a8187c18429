"""The three heads of the tagger: flavour of the jet, origin of each track, same vertex for each pair."""

from collections.abc import Sequence

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from ndive.models.dense import Dense, dense_stack

HEAD = (64, 32, 16)


class Head(eqx.Module):
    """Dense 64, 32, 16 with ReLU, then the logits, over the concatenation of several inputs.

    The first layer is linear before its ReLU, so it is applied to each input with its own rows of the weight
    and the results are added with broadcasting: the same numbers as on the concatenation, which for the pairs
    of a jet would be an array `[n, n, 5 · 32]`.
    """

    layers: tuple[Dense, ...]

    def __init__(self, inputs: int, outputs: int, *, key: PRNGKeyArray) -> None:
        """A head from `inputs` numbers in all to `outputs` logits."""
        self.layers = dense_stack([inputs, *HEAD, outputs], key=key)

    def __call__(self, parts: Sequence[Float[Array, "..."]]) -> Float[Array, "*axes outputs"]:
        """Logits from `parts`, whose leading axes broadcast against each other."""
        first, *others = self.layers
        x: Array = first.bias
        row = 0
        for part in parts:
            x = x + part @ first.weight[row : row + part.shape[-1]]
            row += part.shape[-1]
        for layer in others:
            x = layer(jax.nn.relu(x))
        return x


class Heads(eqx.Module):
    """Flavour from the jet, origin from a track and the jet, pairing from two tracks and the jet."""

    flavour: Head
    origin: Head
    pairing: Head

    def __init__(self, width: int, flavours: int, origins: int, *, key: PRNGKeyArray) -> None:
        """Heads over embeddings of `width` numbers, for so many classes of flavour and origin."""
        flavour_key, origin_key, pairing_key = jax.random.split(key, 3)
        self.flavour = Head(width, flavours, key=flavour_key)
        self.origin = Head(2 * width, origins, key=origin_key)
        self.pairing = Head(3 * width, 1, key=pairing_key)

    def __call__(
        self, tracks: Float[Array, "tracks width"], jet: Float[Array, "width"]
    ) -> tuple[Float[Array, "flavours"], Float[Array, "tracks origins"], Float[Array, "tracks tracks"]]:
        """Logits of flavour, origin and pairing of one jet."""
        pairing = self.pairing([tracks[:, None], tracks[None, :], jet])
        return *self.classes(tracks, jet), pairing[..., 0]

    def classes(
        self, tracks: Float[Array, "tracks width"], jet: Float[Array, "width"]
    ) -> tuple[Float[Array, "flavours"], Float[Array, "tracks origins"]]:
        """Logits of flavour and origin of one jet, without those of its pairs."""
        return self.flavour([jet]), self.origin([tracks, jet])
