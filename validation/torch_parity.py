"""A trained model in PyTorch beside the same in JAX, on jets of all multiplicities, without a track too.

    uv run ndive export MODEL.eqx --output MODEL.safetensors --format pytorch
    uv run python validation/torch_parity.py SAMPLE.h5 MODEL.eqx MODEL.safetensors

Of each jet of SAMPLE.h5 (10 000 at most) so many tracks are left as chance says, from none to all. Prints how
far weights and probabilities are from each other where the fits end with the same status, how many do not,
and how far apart the vertices are in units of their errors.
"""

import sys

import equinox as eqx
import jax
import numpy as np
import torch

from ndive.data import open_sample
from ndive.models import TaggerOutput, load_model
from ndive.torch import Jets
from ndive.torch import load_model as load_torch_model

JETS = 10_000


def main() -> None:
    sample = open_sample(sys.argv[1], job="predict")
    jets = sample.read_jets(0, min(JETS, sample.n_jets))
    random = np.random.default_rng(0)
    tracks = jets.tracks
    kept = np.arange(sample.n_slots) < random.integers(0, sample.n_slots + 1, (len(jets.pt), 1))
    mask = np.asarray(tracks.mask) & kept
    jets = eqx.tree_at(lambda one: one.tracks.mask, jets, mask)
    ours = jax.jit(jax.vmap(load_model(sys.argv[2])[0]))(jets)
    arrays = (jets.pt, jets.eta, jets.phi, tracks.parameters, tracks.covariance, mask, tracks.field)
    with torch.no_grad():
        theirs = load_torch_model(sys.argv[3])(Jets(*(torch.tensor(np.asarray(one)) for one in arrays)))
    print(f"{len(mask)} jets, {int((~mask.any(axis=1)).sum())} without a track")
    same = np.ones(len(mask), bool)
    if ours.vertex is not None:
        same = np.asarray(ours.vertex.status) == theirs.vertex.status.numpy()
        valid = same & np.asarray(ours.vertex.valid)
        error = np.sqrt(np.diagonal(np.asarray(ours.vertex.covariance), axis1=-2, axis2=-1))
        apart = np.abs(theirs.vertex.position.numpy() - ours.vertex.position) / error
        print(
            f"fits that end otherwise: {int((~same).sum())}; vertices: {apart[valid].max():.1e} errors apart"
        )
        print(f"weights: {np.abs(theirs.weights.numpy() - ours.weights)[mask].max():.1e}")
    if isinstance(ours, TaggerOutput):
        pairs = mask[:, :, None] & mask[:, None, :] & same[:, None, None]
        for what, found, expected, where in (
            ("flavour", theirs.flavour_logits.softmax(-1), jax.nn.softmax(ours.flavour_logits), same),
            (
                "origin",
                theirs.origin_logits.softmax(-1),
                jax.nn.softmax(ours.origin_logits),
                mask & same[:, None],
            ),
            ("pairs", theirs.pairing_logits.sigmoid(), jax.nn.sigmoid(ours.pairing_logits), pairs),
        ):
            print(f"{what}: {np.abs(found.numpy() - np.asarray(expected))[where].max():.1e}")


if __name__ == "__main__":
    main()
