"""The networks of the models as PyTorch modules, on batches of b jets of n slots.

Names and shapes of parameters are those of `ndive.models`, but that a weight is `[outputs, inputs]`, as
PyTorch has it.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ndive.models.encoder import EPSILON, HIDDEN, WIDTH
from ndive.models.features import N_FEATURES
from ndive.models.heads import HEAD
from ndive.models.normalisation import LIMIT


class Normalisation(nn.Module):
    """Shift and scale of the inputs, which are not trained: `ndive.models.Normalisation`."""

    mean: Tensor
    scale: Tensor
    vertex_scale: Tensor

    def __init__(self) -> None:
        """No shift and unit scale."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(N_FEATURES))
        self.register_buffer("scale", torch.ones(N_FEATURES))
        self.register_buffer("vertex_scale", torch.ones(3))

    def forward(self, features: Tensor) -> Tensor:
        """The normalised inputs `[..., 18]`."""
        return ((features - self.mean) / self.scale).clamp(-LIMIT, LIMIT)

    def vertex(self, position: Tensor) -> Tensor:
        """The normalised coordinates of a vertex `[..., 3]` in mm."""
        return (position / self.vertex_scale).clamp(-LIMIT, LIMIT)


class Encoder(nn.Module):
    """`ndive.models.encoder.Encoder`: dense layers, then blocks of self-attention."""

    def __init__(self, inputs: int, layers: int, heads: int) -> None:
        """An encoder of `inputs` numbers a track with `layers` blocks of `heads` heads each."""
        super().__init__()
        self.dense = _dense([inputs, WIDTH, WIDTH, WIDTH, WIDTH])
        self.blocks = nn.ModuleList(Block(heads) for _ in range(layers))

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """One row a track `[b, n, 32]`; those of masked slots mean nothing."""
        *hidden, last = self.dense
        x = inputs
        for layer in hidden:
            x = layer(x).relu()
        x = last(x).sigmoid()
        for block in self.blocks:
            x = block(x, mask)
        return x


class Block(nn.Module):
    """Self-attention, add, LayerNorm, Linear 128 ReLU, Linear 32, add, LayerNorm."""

    def __init__(self, heads: int) -> None:
        """A block whose attention has `heads` heads."""
        super().__init__()
        self.attention = Attention(heads)
        self.attention_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.hidden = nn.Linear(WIDTH, HIDDEN)
        self.out = nn.Linear(HIDDEN, WIDTH)
        self.out_norm = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """One block over the tracks of each jet `[b, n, 32]`."""
        x = self.attention_norm(x + self.attention(x, mask))
        return self.out_norm(x + self.out(self.hidden(x).relu()))


class Attention(nn.Module):
    """Multi-head self-attention; a masked slot is never attended to."""

    def __init__(self, heads: int) -> None:
        """Attention over rows of 32 numbers, split over `heads` heads."""
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.heads = heads

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """What each track draws from the real tracks `[b, n, 32]`."""
        query, key, value = (
            layer(x).unflatten(-1, (self.heads, -1)) for layer in (self.query, self.key, self.value)
        )
        scores = torch.einsum("bqhd,bkhd->bhqk", query, key) / math.sqrt(query.shape[-1])
        share = masked_softmax(scores, mask[:, None, None])
        return self.out(torch.einsum("bhqk,bkhd->bqhd", share, value).flatten(-2))


class Head(nn.Module):
    """Linear 64, 32, 16 with ReLU, then the logits, over the concatenation of several inputs.

    The first layer takes each input by its own columns, as `ndive.models.heads.Head` does.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        """A head from `inputs` numbers in all to `outputs` logits."""
        super().__init__()
        self.layers = _dense([inputs, *HEAD, outputs])

    def forward(self, parts: Sequence[Tensor]) -> Tensor:
        """Logits from `parts`, whose leading axes broadcast against each other."""
        first, *others = self.layers
        weights = first.weight.split([part.shape[-1] for part in parts], dim=1)
        x = first.bias
        for part, weight in zip(parts, weights, strict=True):
            x = x + functional.linear(part, weight)
        for layer in others:
            x = layer(x.relu())
        return x


class Heads(nn.Module):
    """Flavour from the jet, origin from a track and the jet, pairing from two tracks and the jet."""

    def __init__(self, width: int, flavours: int, origins: int) -> None:
        """Heads over embeddings of `width` numbers, for so many classes of flavour and origin."""
        super().__init__()
        self.flavour = Head(width, flavours)
        self.origin = Head(2 * width, origins)
        self.pairing = Head(3 * width, 1)

    def forward(self, tracks: Tensor, jet: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits `[b, 3]`, `[b, n, 4]` and `[b, n, n]` from tracks `[b, n, width]` and jets `[b, width]`."""
        pairing = self.pairing([tracks[:, :, None], tracks[:, None], jet[:, None, None]])
        return self.flavour([jet]), self.origin([tracks, jet[:, None]]), pairing[..., 0]


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the real tracks, zero elsewhere, and everywhere where no track is real."""
    limits = torch.finfo(scores.dtype)
    masked = torch.where(mask, scores, limits.min / 2)
    shifted = torch.where(mask, (masked - masked.amax(dim=-1, keepdim=True).detach()).exp(), 0)
    return shifted / shifted.sum(dim=-1, keepdim=True).clamp(min=limits.tiny)


def _dense(sizes: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(sizes[k], sizes[k + 1]) for k in range(len(sizes) - 1))
