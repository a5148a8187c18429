"""A small PyTorch tagger with the vertex fit inside.

    uv run python examples/torch_tagger.py SAMPLE [--epochs 5] [--batch-size 250]

SAMPLE is a directory that `ndive simulate` made. Prints the loss of the training jets and the accuracy on the
validation jets, epoch by epoch. Needs the extra `torch`.
"""

import argparse
from collections.abc import Iterator

import jax
import numpy as np
import torch
from torch import Tensor, nn

import ndive
from ndive.models import FEATURE_NAMES, track_features
from ndive.torch import VertexFit

# %% Jets as tensors: the inputs of a network, the tracks of the fit, and the flavour.

Jets = tuple[Tensor, Tensor, Tensor, Tensor]
features_of = jax.jit(track_features)


def tensors(batch: ndive.Batch) -> tuple[Jets, Tensor]:
    """Features `[B, n, 18]`, parameters, covariance and mask of the tracks; the flavour, -1 for padding."""
    tracks = batch.jet.tracks
    arrays = (features_of(batch.jet), tracks.parameters, tracks.covariance, tracks.mask)
    features, parameters, covariance, mask = (torch.from_numpy(np.array(array)) for array in arrays)
    return (features, parameters, covariance, mask), torch.from_numpy(np.array(batch.truth.flavour)).long()


# %% The tagger: a network weighs the tracks, the fit finds the vertex, a second network sees both.


class Tagger(nn.Module):
    """Three scores a jet, in the order of the schema's flavours."""

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        size = len(FEATURE_NAMES)
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.weigh = nn.Sequential(nn.Linear(size, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
        self.fit = VertexFit()
        self.embed = nn.Sequential(nn.Linear(size + 2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.flavour = nn.Sequential(nn.Linear(32 + 4, 32), nn.ReLU(), nn.Linear(32, 3))

    def forward(self, features: Tensor, parameters: Tensor, covariance: Tensor, mask: Tensor) -> Tensor:
        seen = ((features - self.mean) / self.scale).clamp(-20, 20)
        weights = self.weigh(seen)[..., 0] * mask
        vertex = self.fit(parameters, covariance, weights, mask=mask)
        fitted = torch.stack([weights, vertex.track_chi2.log1p()], dim=-1)
        embedded = self.embed(torch.cat([seen, fitted], dim=-1)) * mask[..., None]
        mean = embedded.sum(dim=-2) / mask.sum(dim=-1, keepdim=True).clamp(min=1)
        return self.flavour(
            torch.cat([mean, vertex.position.asinh(), vertex.chi2.log1p()[..., None]], dim=-1)
        )


# %% Training and validation.


def trained(sample: str, epochs: int, batch_size: int) -> Iterator[tuple[float, float]]:
    """The mean loss and the validation accuracy after each epoch."""
    torch.manual_seed(1)
    train, val = (ndive.open_sample(sample, split=split) for split in ("train", "val"))
    (features, _, _, mask), _ = tensors(next(ndive.batches(train, batch_size, seed=0, epoch=0)))
    tagger = Tagger(features[mask].mean(dim=0), features[mask].std(dim=0) + 1e-6)
    optimiser = torch.optim.Adam(tagger.parameters(), lr=2e-3)
    for epoch in range(epochs):
        losses = []
        for batch in ndive.batches(train, batch_size, seed=1, epoch=epoch):
            jets, flavour = tensors(batch)
            loss = nn.functional.cross_entropy(tagger(*jets), flavour)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        right = 0
        with torch.no_grad():
            for batch, _ in ndive.sequential_batches(val, batch_size):
                jets, flavour = tensors(batch)
                right += int((tagger(*jets).argmax(dim=-1) == flavour).sum())
        yield float(np.mean(losses)), right / val.n_jets


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description="A small PyTorch tagger with the vertex fit inside.")
    parser.add_argument("sample", help="directory made by 'ndive simulate'")
    parser.add_argument("--epochs", type=int, default=5, help="times through the training jets (5)")
    parser.add_argument("--batch-size", type=int, default=250, help="jets a step (250)")
    options = parser.parse_args()
    for epoch, (loss, accuracy) in enumerate(trained(options.sample, options.epochs, options.batch_size), 1):
        print(f"epoch {epoch}: loss {loss:.4f}, {accuracy:.1%} of the validation jets right", flush=True)


if __name__ == "__main__":
    main()
