"""NDIVE: a network weighs the tracks of a jet, a fit turns them into a vertex."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ndive.models.config import ModelConfig
from ndive.models.dense import Dense
from ndive.models.encoder import WIDTH, Encoder
from ndive.models.features import N_FEATURES, ghost_features, track_features
from ndive.models.ghost import with_ghost
from ndive.models.normalisation import Normalisation
from ndive.models.weights import LEARNED, given_weights, learned_weights
from ndive.tracks import Jet, Tracks
from ndive.vertexing import Vertex, fit_vertex

CLIP = 4000.0
"""Where the option `clip` holds the vertex, in mm."""

MAX_STEPS = 20
"""Steps after which the fit of a jet is given up: all jets of a batch wait for the last one."""


class VertexerOutput(eqx.Module):
    """A fitted vertex and the weights that led to it.

    **Attributes:** `weights` `[n]` of the jet's tracks; `vertex`, whose rows of tracks begin with the ghost's
    where there is one; `ghost_weight`, a scalar, None without a ghost.
    """

    weights: Float[Array, "*batch tracks"]
    vertex: Vertex
    ghost_weight: Float[Array, "*batch"] | None


class TrackWeigher(eqx.Module):
    """Encoder, Dense 32 ReLU, Dense 1: one score a track."""

    encoder: Encoder
    hidden: Dense
    out: Dense

    def __init__(self, layers: int, heads: int, *, key: PRNGKeyArray) -> None:
        """A network with `layers` attention blocks of `heads` heads."""
        encoder_key, hidden_key, out_key = jax.random.split(key, 3)
        self.encoder = Encoder(N_FEATURES, layers, heads, key=encoder_key)
        self.hidden = Dense(WIDTH, WIDTH, key=hidden_key)
        self.out = Dense(WIDTH, 1, key=out_key)

    def __call__(
        self, inputs: Float[Array, "tracks 18"], mask: Bool[Array, "tracks"]
    ) -> Float[Array, "tracks"]:
        """The scores of the tracks of one jet."""
        return self.out(jax.nn.relu(self.hidden(self.encoder(inputs, mask))))[:, 0]


class NDIVE(eqx.Module):
    """The vertexer of arXiv:2310.12804 for one jet: weights from a network, vertex from the fit.

    The activations `perfect` and `none` need no network, and then there is none.
    """

    normalisation: Normalisation
    weigher: TrackWeigher | None
    activation: str = eqx.field(static=True)
    ghost: bool = eqx.field(static=True)
    clip: bool = eqx.field(static=True)

    def __init__(self, config: ModelConfig, normalisation: Normalisation, *, key: PRNGKeyArray) -> None:
        """A vertexer as `config` says, with fresh parameters from `key`."""
        learned = config.activation in LEARNED
        self.normalisation = normalisation
        self.weigher = TrackWeigher(config.layers, config.heads, key=key) if learned else None
        self.activation = config.activation
        self.ghost = config.ghost
        self.clip = config.clip

    @property
    def reads_truth(self) -> bool:
        """Whether it needs to be told the tracks of the true vertex."""
        return self.activation == "perfect"

    def __call__(
        self,
        jet: Jet,
        perfect_weights: Float[Array, "tracks"] | None = None,
        hadron_vertex: Float[Array, "3"] | None = None,
    ) -> VertexerOutput:
        """Weigh and fit the tracks of one jet.

        `perfect_weights` `[n]` are read by the activation `perfect` alone; `hadron_vertex` is taken so that
        all models are called alike, and not read.

        **Raises:** `ArgumentError` where `perfect` has no `perfect_weights`.
        """
        return self.fit(jet, self.weigh(jet, perfect_weights))

    def fit(self, jet: Jet, weights: Float[Array, "slots"]) -> VertexerOutput:
        """Fit the tracks of one jet with the `weights` of `weigh`."""
        vertex = fit_vertex(self._tracks(jet), weights, max_steps=MAX_STEPS)
        if self.clip:
            clipped = jnp.clip(vertex.position, -CLIP, CLIP)
            vertex = eqx.tree_at(lambda fitted: fitted.position, vertex, clipped)
        if self.ghost:
            return VertexerOutput(weights=weights[1:], vertex=vertex, ghost_weight=weights[0])
        return VertexerOutput(weights=weights, vertex=vertex, ghost_weight=None)

    def weigh(self, jet: Jet, perfect_weights: Float[Array, "tracks"] | None = None) -> Float[Array, "slots"]:
        """One weight a track slot of one jet, behind that of the ghost if there is one; raises as a call."""
        tracks = self._tracks(jet)
        if self.weigher is None:
            if self.ghost and perfect_weights is not None:
                perfect_weights = jnp.concatenate([jnp.ones(1), perfect_weights])
            return given_weights(tracks.mask, perfect_weights, self.activation)
        features = track_features(jet)
        if self.ghost:
            features = jnp.concatenate([ghost_features(jet, features), features], axis=-2)
        scores = self.weigher(self.normalisation(features), tracks.mask)
        return learned_weights(scores, tracks.mask, self.activation)

    def _tracks(self, jet: Jet) -> Tracks:
        """What is fitted: the tracks of the jet, behind the ghost if there is one."""
        return with_ghost(jet) if self.ghost else jet.tracks
