"""Trained models as PyTorch modules: NDIVE and the tagger on batches of jets, with the fit inside."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ndive.errors import CheckpointError, ConfigError
from ndive.export.torch_features import (
    Jets,
    about,
    ghost_features,
    one_hot_rank,
    propagated_features,
    track_features,
    with_ghost,
)
from ndive.export.torch_layer import Vertex, fit_vertex
from ndive.export.torch_network import Encoder, Heads, Normalisation, masked_softmax
from ndive.export.torch_state import read_torch_state
from ndive.models import ModelConfig
from ndive.models.encoder import WIDTH
from ndive.models.features import N_FEATURES
from ndive.models.ndive import CLIP, MAX_STEPS
from ndive.models.ranks import N_RANKS
from ndive.models.weights import LEARNED, LOWEST_BEST
from ndive.schema import load_schema


class VertexerOutput(NamedTuple):
    """Fitted vertices, one a jet, and the weights that led to them: the fields of `ndive.VertexerOutput`."""

    weights: Tensor
    vertex: Vertex
    ghost_weight: Tensor | None


class TaggerOutput(NamedTuple):
    """Logits and vertices of a batch: the fields of `ndive.TaggerOutput`, with the jets as leading axis."""

    flavour_logits: Tensor
    origin_logits: Tensor
    pairing_logits: Tensor
    weights: Tensor | None
    vertex: Vertex | None
    ghost_weight: Tensor | None


class TrackWeigher(nn.Module):
    """Encoder, Linear 32 ReLU, Linear 1: one score a track."""

    def __init__(self, layers: int, heads: int) -> None:
        """A network with `layers` attention blocks of `heads` heads."""
        super().__init__()
        self.encoder = Encoder(N_FEATURES, layers, heads)
        self.hidden = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, 1)

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """The scores `[b, n]` of tracks `[b, n, 18]`."""
        return self.out(self.hidden(self.encoder(inputs, mask)).relu())[..., 0]


class NDIVE(nn.Module):
    """`ndive.NDIVE`: a network weighs the tracks of each jet, the fit turns them into a vertex."""

    def __init__(self, config: ModelConfig, *, pad: bool = False) -> None:
        """A vertexer as `config` says, untrained; `pad` as in `ndive.torch.fit_vertex`.

        **Raises:** `ConfigError` where it would read the truth.
        """
        super().__init__()
        if config.activation == "perfect":
            raise ConfigError("the activation 'perfect' reads the truth, which has no PyTorch module")
        self.normalisation = Normalisation()
        learned = config.activation in LEARNED
        self.weigher = TrackWeigher(config.layers, config.heads) if learned else None
        self.activation, self.ghost, self.clip, self.pad = config.activation, config.ghost, config.clip, pad

    def forward(self, jets: Jets) -> VertexerOutput:
        """Weigh and fit the tracks of each jet."""
        fitted = with_ghost(jets) if self.ghost else jets
        weights = self._weigh(jets, fitted.mask)
        vertex = fit_vertex(
            fitted.parameters,
            fitted.covariance,
            weights,
            mask=fitted.mask,
            field=fitted.field,
            max_steps=MAX_STEPS,
            pad=self.pad,
        )
        if self.clip:
            vertex = vertex._replace(position=vertex.position.clamp(-CLIP, CLIP))
        if self.ghost:
            return VertexerOutput(weights[:, 1:], vertex, weights[:, 0])
        return VertexerOutput(weights, vertex, None)

    def _weigh(self, jets: Jets, mask: Tensor) -> Tensor:
        """One weight a fitted track `[b, n]`, the ghost's first."""
        if self.weigher is None:
            return mask.to(jets.parameters.dtype)
        features = track_features(jets)
        if self.ghost:
            features = torch.cat([ghost_features(jets, features), features], dim=-2)
        scores = self.weigher(self.normalisation(features), mask)
        if self.activation == "softmax":
            return masked_softmax(scores, mask)
        best = torch.where(mask, scores, -torch.inf).amax(dim=-1, keepdim=True)
        lift = torch.where(mask.any(dim=-1, keepdim=True), (LOWEST_BEST - best).clamp(min=0), 0)
        return torch.where(mask, (scores + lift).sigmoid(), 0)


class Tagger(nn.Module):
    """`ndive.Tagger`: tracks as measured and from the vertex, attention pooling, three heads."""

    def __init__(self, config: ModelConfig, *, pad: bool = False) -> None:
        """A tagger as `config` says, untrained; `pad` as in `ndive.torch.fit_vertex`.

        **Raises:** `ConfigError` where it would read the truth.
        """
        super().__init__()
        if config.vertexer == "true_vertex":
            raise ConfigError("the vertexer 'true_vertex' reads the truth, which has no PyTorch module")
        schema = load_schema()
        width = WIDTH if config.vertexer == "none" else 2 * WIDTH
        self.normalisation = Normalisation()
        self.vertexer = NDIVE(config, pad=pad) if config.vertexer == "ndive" else None
        inputs = N_FEATURES + 3 + (N_RANKS if config.one_hot else 0)
        self.encoder = Encoder(inputs, config.layers, config.heads)
        self.pooling = nn.Linear(width, 1)
        self.heads = Heads(width, len(schema.flavours), len(schema.origin_classes))
        self.one_hot, self.propagated_errors = config.one_hot, config.propagated_errors

    def forward(self, jets: Jets) -> TaggerOutput:
        """Tag each jet."""
        found = None if self.vertexer is None else self.vertexer(jets)
        tracks = self._embed(jets, None if found is None else found.vertex.position)
        share = masked_softmax(self.pooling(tracks)[..., 0], jets.mask)
        logits = self.heads(tracks, torch.einsum("bn,bnw->bw", share, tracks))
        return TaggerOutput(*logits, *((None, None, None) if found is None else found))

    def _embed(self, jets: Jets, position: Tensor | None) -> Tensor:
        """The tracks as measured, beside the tracks about `position` `[b, 3]`."""
        features = track_features(jets)
        measured = self._encode(jets, features, torch.zeros_like(jets.parameters[:, 0, :3]))
        if position is None:
            return measured
        if self.propagated_errors:
            moved = track_features(about(jets, position))
        else:
            moved = propagated_features(features, jets, position)
        return torch.cat([measured, self._encode(jets, moved, position)], dim=-1)

    def _encode(self, jets: Jets, features: Tensor, position: Tensor) -> Tensor:
        vertex = self.normalisation.vertex(position)[:, None].expand(*features.shape[:-1], 3)
        parts = [self.normalisation(features), vertex]
        if self.one_hot:
            parts.append(one_hot_rank(features[..., 0], jets.mask))
        return self.encoder(torch.cat(parts, dim=-1), jets.mask)


def load_model(path: str | Path, *, pad: bool = False) -> NDIVE | Tagger:
    """The module of a file that `ndive export --format pytorch` wrote, trained, in its precision.

    `pad` as in `ndive.torch.fit_vertex`. Its parameters can be trained on; the normalisation stays.

    **Raises:** `FileAccessError`, `CheckpointError` and `ConfigError` where the file cannot be read, is
    damaged or of another version.
    """
    tensors, config = read_torch_state(path)
    model = (NDIVE if config.model == "NDIVE" else Tagger)(config, pad=pad)
    try:
        model.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise CheckpointError(f"state '{path}': its arrays are not those of its configuration") from error
    return model
