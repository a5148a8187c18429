"""Speed of `fit_vertex`, with scipy on the same jets in the same run.

    uv run python benchmarks/fit.py [--jets 4096] [--slots 15] [--output fit.json]

Prints one JSON object: the machine, and for each precision the time to compile (CPU s) and jets/s of the fit
alone and of the fit with its gradient in the weights: median, minimum and maximum over the repeats.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from figures import add_output, write_figures
from scipy.optimize import least_squares
from toys import toy_tracks

from ndive import Tracks, fit_vertex
from ndive.tracks import move_perigee

REPEATS = 9
SCIPY_JETS = 20


def timed(function: Callable[..., jax.Array], *arguments: Any) -> dict[str, float]:
    """Compile `function`, then time it."""
    begin = time.process_time()
    compiled = jax.jit(function).lower(*arguments).compile()
    compile_time = time.process_time() - begin
    compiled(*arguments).block_until_ready()
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        compiled(*arguments).block_until_ready()
        seconds.append(time.perf_counter() - begin)
    rates = len(arguments[0]) / np.array(seconds)
    return {
        "compile_cpu_s": round(compile_time, 2),
        "jets_per_s": round(float(np.median(rates))),
        "slowest": round(float(rates.min())),
        "fastest": round(float(rates.max())),
    }


def by_scipy(tracks: Tracks) -> float:
    """Jets/s of `scipy.optimize.least_squares` on the same problem, one by one, the helix compiled."""
    whitening = np.linalg.inv(np.linalg.cholesky(np.asarray(tracks.covariance)))
    measured = np.asarray(tracks.parameters)

    @jax.jit
    def through(x: jax.Array) -> jax.Array:
        momenta = x[3:].reshape(-1, 3)
        at_vertex = jnp.concatenate([jnp.zeros_like(momenta[:, :2]), momenta], axis=-1)
        return move_perigee(at_vertex, -x[:3], jnp.asarray(2.0))

    jacobian = jax.jit(jax.jacfwd(through))
    start = [np.concatenate([np.zeros(3), q[:, 2:].ravel()]) for q in measured[:SCIPY_JETS]]
    through(start[0]), jacobian(start[0])
    begin = time.perf_counter()
    for x0, q, white in zip(start, measured, whitening, strict=False):
        least_squares(
            lambda x, q=q, white=white: np.einsum("nij,nj->ni", white, q - through(x)).ravel(),
            x0,
            lambda x, white=white: -np.einsum("nij,njk->nik", white, jacobian(x)).reshape(-1, len(x)),
            x_scale="jac",
        )
    return SCIPY_JETS / (time.perf_counter() - begin)


def measure(jets: int, slots: int) -> dict[str, Any]:
    """All figures."""

    def position(weights: jax.Array, tracks: Tracks) -> jax.Array:
        return fit_vertex(tracks, weights).position

    def gradient(weights: jax.Array, tracks: Tracks) -> jax.Array:
        return jax.grad(lambda w: jnp.sum(position(w, tracks) ** 2))(weights)

    figures: dict[str, Any] = {"jets": jets, "slots": slots}
    with jax.enable_x64(True):
        double = Tracks(*toy_tracks(np.random.default_rng(1), jets, slots))
        figures["scipy_jets_per_s"] = round(by_scipy(double), 1)
        weights = jnp.ones((jets, slots))
        figures["float64"] = {
            "fit": timed(position, weights, double),
            "gradient": timed(gradient, weights, double),
        }
    single = Tracks(np.asarray(double.parameters, np.float32), np.asarray(double.covariance, np.float32))
    weights = jnp.ones((jets, slots))
    figures["float32"] = {
        "fit": timed(position, weights, single),
        "gradient": timed(gradient, weights, single),
    }
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed of the vertex fit.")
    parser.add_argument("--jets", type=int, default=4096, help="jets in a batch (4096)")
    parser.add_argument("--slots", type=int, default=15, help="tracks a jet (15)")
    add_output(parser)
    options = parser.parse_args()
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    write_figures(machine | {"jax": jax.__version__} | measure(options.jets, options.slots), options.output)


if __name__ == "__main__":
    main()
