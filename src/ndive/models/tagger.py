"""FTAG: a flavour tagger whose tracks are seen from the origin and from a vertex."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ndive.errors import ArgumentError
from ndive.models.config import ModelConfig
from ndive.models.dense import Dense
from ndive.models.encoder import WIDTH, Encoder, masked_softmax
from ndive.models.features import N_FEATURES, propagated_features, track_features
from ndive.models.heads import Heads
from ndive.models.ndive import NDIVE, VertexerOutput
from ndive.models.normalisation import Normalisation
from ndive.models.ranks import N_RANKS, one_hot_rank
from ndive.schema import load_schema
from ndive.tracks import Jet
from ndive.vertexing import Vertex


class TaggerOutput(eqx.Module):
    """Logits of one jet, and the vertex on the way.

    **Attributes:** `flavour_logits` `[3]` in the order of `schema.flavours`; `origin_logits` `[n, 4]` in the
    order of `schema.origin_classes`; `pairing_logits` `[n, n]`, same vertex; `weights` `[n]`, `vertex` and
    `ghost_weight` of the vertexer ndive, None otherwise. Rows of masked slots mean nothing.
    """

    flavour_logits: Float[Array, "*batch flavours"]
    origin_logits: Float[Array, "*batch tracks origins"]
    pairing_logits: Float[Array, "*batch tracks tracks"]
    weights: Float[Array, "*batch tracks"] | None
    vertex: Vertex | None
    ghost_weight: Float[Array, "*batch"] | None = None

    def with_fit(self, found: VertexerOutput) -> "TaggerOutput":
        """The same with what the vertexer `found`."""
        return replace(self, weights=found.weights, vertex=found.vertex, ghost_weight=found.ghost_weight)


class Tagger(eqx.Module):
    """The GN1-like tagger of arXiv:2310.12804, section 4, for one jet.

    With a vertexer, each track goes through the same encoder twice: as measured, with zeros for the vertex,
    and propagated to its perigee about the vertex, with the vertex's coordinates. Attention pooling gives the
    embedding of the jet, and three heads read it.
    """

    normalisation: Normalisation
    vertexer: NDIVE | None
    encoder: Encoder
    pooling: Dense
    heads: Heads
    vertexer_name: str = eqx.field(static=True)
    propagated_errors: bool = eqx.field(static=True)
    one_hot: bool = eqx.field(static=True)

    def __init__(self, config: ModelConfig, normalisation: Normalisation, *, key: PRNGKeyArray) -> None:
        """A tagger as `config` says, with fresh parameters from `key`."""
        vertexer_key, encoder_key, pooling_key, heads_key = jax.random.split(key, 4)
        schema = load_schema()
        inputs = N_FEATURES + 3 + (N_RANKS if config.one_hot else 0)
        width = WIDTH if config.vertexer == "none" else 2 * WIDTH
        self.normalisation = normalisation
        self.vertexer = NDIVE(config, normalisation, key=vertexer_key) if config.vertexer == "ndive" else None
        self.encoder = Encoder(inputs, config.layers, config.heads, key=encoder_key)
        self.pooling = Dense(width, 1, key=pooling_key)
        self.heads = Heads(width, len(schema.flavours), len(schema.origin_classes), key=heads_key)
        self.vertexer_name = config.vertexer
        self.propagated_errors = config.propagated_errors
        self.one_hot = config.one_hot

    @property
    def reads_truth(self) -> bool:
        """Whether it needs to be told the true vertex, or the tracks of it."""
        return self.vertexer_name == "true_vertex" or (
            self.vertexer is not None and self.vertexer.reads_truth
        )

    def __call__(
        self,
        jet: Jet,
        perfect_weights: Float[Array, "tracks"] | None = None,
        hadron_vertex: Float[Array, "3"] | None = None,
    ) -> TaggerOutput:
        """Tag one jet.

        `perfect_weights` `[n]` are read by a vertexer with the activation `perfect` alone, `hadron_vertex`
        `[3]` in mm by the vertexer `true_vertex` alone.

        **Raises:** `ArgumentError` where the model needs one of them and has none.
        """
        found = self.vertexer(jet, perfect_weights) if self.vertexer else None
        output = self.tag(jet, self.position(found, hadron_vertex))
        return output if found is None else output.with_fit(found)

    def tag(self, jet: Jet, position: Float[Array, "3"] | None) -> TaggerOutput:
        """The logits of one jet whose tracks are seen from `position` too, if there is one; no vertex."""
        flavour, origin, pairing = self.heads(*self.embed(jet, position))
        return TaggerOutput(
            flavour_logits=flavour, origin_logits=origin, pairing_logits=pairing, weights=None, vertex=None
        )

    def embed(
        self, jet: Jet, position: Float[Array, "3"] | None
    ) -> tuple[Float[Array, "tracks width"], Float[Array, "width"]]:
        """What the heads read: the tracks of one jet, and the jet, their mean by attention pooling."""
        tracks = self._encoded(jet, position)
        share = masked_softmax(self.pooling(tracks)[:, 0], jet.tracks.mask)
        return tracks, share @ tracks

    def position(
        self, found: VertexerOutput | None, hadron_vertex: Float[Array, "*batch 3"] | None
    ) -> Float[Array, "*batch 3"] | None:
        """Where the tracks are looked at a second time, `[..., 3]` in mm; None where they are not.

        `found` is what the vertexer ndive gave, None for another one.

        **Raises:** `ArgumentError` where it is the `hadron_vertex` and there is none.
        """
        if found is not None:
            return found.vertex.position
        if self.vertexer_name == "true_vertex" and hadron_vertex is None:
            raise ArgumentError("the vertexer 'true_vertex' needs hadron_vertex, found none")
        return hadron_vertex if self.vertexer_name == "true_vertex" else None

    def _encoded(self, jet: Jet, position: Float[Array, "3"] | None) -> Float[Array, "tracks width"]:
        """The tracks as measured, beside the tracks about `position`."""
        features = track_features(jet)
        measured = self._encode(jet, features, jnp.zeros(3, features.dtype))
        if position is None:
            return measured
        there = jet.tracks.at(position)
        moved = (
            track_features(replace(jet, tracks=there))
            if self.propagated_errors
            else propagated_features(features, there)
        )
        return jnp.concatenate([measured, self._encode(jet, moved, position)], axis=-1)

    def _encode(
        self, jet: Jet, features: Float[Array, "tracks 18"], position: Float[Array, "3"]
    ) -> Float[Array, "tracks 32"]:
        mask = jet.tracks.mask
        vertex = self.normalisation.vertex(position)
        parts = [self.normalisation(features), jnp.broadcast_to(vertex, (*mask.shape, 3))]
        if self.one_hot:
            parts.append(one_hot_rank(features[:, 0], mask))
        return self.encoder(jnp.concatenate(parts, axis=-1), mask)
