"""What a call from PyTorch costs beside the same call in JAX.

    uv run python benchmarks/torch_overhead.py [--slots 15] [--output torch.json]

Needs the extra `torch`. For each number of jets, in single precision: median wall time (ms) of the fit, and
of the fit with the gradient of the position in the weights, in JAX alone and from PyTorch, taken in turns.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from figures import add_output, write_figures
from toys import toy_tracks

import ndive
from ndive.torch import fit_vertex

JETS = (1, 256)
TURNS = 101


def milliseconds(call: Callable[[], Any]) -> float:
    """Wall time of one call."""
    begin = time.perf_counter()
    jax.block_until_ready(call())
    return 1e3 * (time.perf_counter() - begin)


def compared(jets: int, slots: int) -> dict[str, float]:
    """One row of the table."""
    rng = np.random.default_rng(1)
    tracks = toy_tracks(rng, jets, slots)
    arrays = [np.float32(x) for x in (*tracks, rng.uniform(0.1, 1, (jets, slots)))]
    parameters, covariance, weights = map(jnp.asarray, arrays)
    measured, errors, given = map(torch.from_numpy, arrays)
    learned = given.clone().requires_grad_()

    @jax.jit
    def in_jax(w: jax.Array) -> ndive.Vertex:
        return ndive.fit_vertex(ndive.Tracks(parameters, covariance), w)

    @jax.jit
    def gradient_in_jax(w: jax.Array) -> jax.Array:
        return jax.grad(lambda w: jnp.sum(in_jax(w).position ** 2))(w)

    def gradient_in_torch() -> torch.Tensor:
        loss = (fit_vertex(measured, errors, learned).position ** 2).sum()
        return torch.autograd.grad(loss, learned)[0]

    calls: dict[str, Callable[[], Any]] = {
        "jax": lambda: in_jax(weights),
        "torch": lambda: fit_vertex(measured, errors, given),
        "jax, gradient": lambda: gradient_in_jax(weights),
        "torch, gradient": gradient_in_torch,
    }
    times = [[milliseconds(call) for call in calls.values()] for _ in range(TURNS + 1)][1:]
    return dict(zip(calls, np.median(times, axis=0).round(3).tolist(), strict=True))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Overhead of a call from PyTorch.")
    parser.add_argument("--slots", type=int, default=15, help="tracks a jet (15)")
    add_output(parser)
    options = parser.parse_args()
    rows = {f"{jets} jets": compared(jets, options.slots) for jets in JETS}
    write_figures({"tracks": options.slots} | rows, options.output)


if __name__ == "__main__":
    main()
