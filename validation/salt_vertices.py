"""The vertices of `examples/salt_vertex.py` beside those that `ndive` fits to the same tracks of the file.

    PYTHONPATH=examples python validation/salt_vertices.py CONFIG CHECKPOINT

Runs in the environment of Salt; docs/torch.md says how it was made. CONFIG and CHECKPOINT are what `salt fit`
left, and the jets are the first ones of the test file that CONFIG names. In Salt the tracks go through its
normalisation in float32; here they are read from the file and fitted in float64, with the weights of the
model. Prints how far the vertices are apart, and the gradient of the loss in the vertices and, through them,
in the weights.
"""

import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import salt.utils.cli  # noqa: F401  lets a list of weights in a checkpoint be a tensor
import torch
import yaml
from salt.data.datasets import SaltDataset
from salt.modelwrapper import ModelWrapper
from torch import Tensor

import ndive
from ndive.torch import Vertex

JETS = 2000


def run_salt(config: dict[str, Any], checkpoint: Path) -> tuple[Tensor, Vertex, Tensor]:
    """Weights and vertices within Salt, and the gradient of the loss in the positions."""
    data = config["data"]
    names = ("norm_dict", "variables", "input_map")
    jets = SaltDataset(
        data["test_file"], **{name: data[name] for name in names}, stage="test", labels=data["labels"]
    )
    model = ModelWrapper.load_from_checkpoint(checkpoint, weights_only=False)
    calls: list[tuple[Any, Any]] = []
    model.model.fit.register_forward_hook(lambda module, given, made: calls.append((given, made)))
    *_, losses = model.shared_step(jets[0:JETS])
    ((_, _, weights), vertex) = calls[0]
    (gradient,) = torch.autograd.grad(losses["loss"], vertex.position, retain_graph=True)
    return weights, vertex, gradient


def by_file(path: Path, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, their errors and which are valid, by the fit of the file's tracks in float64."""
    with jax.enable_x64(True):
        tracks = ndive.open_sample(path, job="fit").read_tracks(0, len(weights), np.float64)
        vertex = jax.jit(ndive.fit_vertex)(tracks, weights.astype(float))
        errors = np.sqrt(np.diagonal(vertex.covariance, axis1=-2, axis2=-1))
        return np.asarray(vertex.position), errors, np.asarray(vertex.valid)


def main() -> None:
    """Compare."""
    config = yaml.safe_load(Path(sys.argv[1]).read_text(encoding="utf-8"))
    weights, theirs, gradient = run_salt(config, Path(sys.argv[2]))
    (in_weights,) = torch.autograd.grad(theirs.position, weights, gradient)
    position, errors, found = by_file(Path(config["data"]["test_file"]), weights.detach().numpy())
    valid = theirs.valid.numpy()
    both = valid & found
    apart = (np.abs(theirs.position.detach().numpy() - position) / errors)[both].max(axis=-1)
    middle, most, worst = np.quantile(apart, [0.5, 0.99, 1])
    print(f"{both.sum()} of {JETS} jets have a vertex in both, {(valid != found).sum()} in one of them")
    print(f"apart by {middle:.1e} standard deviations (median), 99 % below {most:.1e}, at most {worst:.1e}")
    print(f"norm of the gradient of the loss in the vertices {gradient.norm():.1e} / mm")
    print(f"and through them in the weights of the tracks {in_weights.norm():.1e}")
    assert in_weights.norm() > 0
    assert most < 1e-2


if __name__ == "__main__":
    main()
