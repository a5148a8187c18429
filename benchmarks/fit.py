"""Speed and memory of `fit_vertex`, beside a dense implicit gradient and scipy, on one machine in one run.

    uv run python benchmarks/fit.py [--jets 1 100 ...] [--slots 15 40] [--devices 1] [--output fit.json]

Prints a table as it goes and one JSON object: the machine, and for each precision, number of jets and of
tracks the wall time of the position alone, of the position and its gradient in the weights, and in weights,
parameters and covariance: median, minimum and maximum over repeats (ms), jets/s of the median, CPU seconds to
compile and temporary memory (MB). Jets have random weights. With `--devices N` the processor counts as N
devices, each of which fits its share of the jets, where their number is a multiple of N.

`--curves` fits t = c + s n to times over 2 to 200 tracks and over 1 to 1 000 000 jets instead.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from figures import add_output, write_figures
from jax.sharding import NamedSharding, PartitionSpec
from scipy.optimize import least_squares
from toys import toy_tracks

from ndive import Tracks, fit_vertex
from ndive.tracks import move_perigee, wrap_angle

ENOUGH = 2.0
"""Seconds over which a program is repeated, and no less than so many times:"""
FEWEST = 7

SCIPY_JETS = 20
DENSE_JETS = 1000
TRACK_COUNTS = (2, 4, 8, 15, 30, 60, 100, 200)
JET_COUNTS = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)

Arrays = tuple[jax.Array, jax.Array, jax.Array]


def position(weights: jax.Array, parameters: jax.Array, covariance: jax.Array) -> jax.Array:
    """The fit alone."""
    return fit_vertex(Tracks(parameters, covariance), weights).position


def gradient(to: tuple[int, ...], *arrays: jax.Array) -> Any:
    """The position, and the gradient of its square in the arrays `to`."""

    def square(*arrays: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = position(*arrays)
        return jnp.sum(found**2), found

    return jax.grad(square, argnums=to, has_aux=True)(*arrays)


def residuals(x: jax.Array, q: jax.Array) -> jax.Array:
    """Measured less fitted parameters of one jet, `x` the vertex and the momenta there."""
    momenta = x[3:].reshape(-1, 3)
    at_vertex = jnp.concatenate([jnp.zeros_like(momenta[:, :2]), momenta], axis=-1)
    off = q - move_perigee(at_vertex, -x[:3], jnp.asarray(2.0, x.dtype))
    return off.at[:, 2].set(wrap_angle(off[:, 2]))


@jax.vmap
def dense(weights: jax.Array, parameters: jax.Array, covariance: jax.Array) -> Any:
    """The same gradient by the whole Hessian, 3 + 3n square, by automatic differentiation at our minimum."""
    vertex = fit_vertex(Tracks(parameters, covariance), weights)
    x = jax.lax.stop_gradient(jnp.concatenate([vertex.position, vertex.momenta.ravel()]))
    arrays = weights, parameters, covariance

    def slope(x: jax.Array, arrays: Arrays) -> jax.Array:
        def chi2(x: jax.Array) -> jax.Array:
            off = residuals(x, arrays[1])
            return jnp.sum(
                arrays[0] * jnp.einsum("ni,ni->n", off, jnp.linalg.solve(arrays[2], off[..., None])[..., 0])
            )

        return jax.grad(chi2)(x)

    back = jnp.concatenate([2 * vertex.position, jnp.zeros_like(x[3:])])
    y = jnp.linalg.solve(jax.jacfwd(slope)(x, arrays), back)
    return jax.vjp(lambda arrays: slope(x, arrays), arrays)[1](-y)


def timed(function: Callable[..., Any], *arguments: jax.Array) -> dict[str, float]:
    """Compile `function`, then time it."""
    begin, cpu = time.perf_counter(), time.process_time()
    compiled = jax.jit(function).lower(*arguments).compile()
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    jax.block_until_ready(compiled(*arguments))
    seconds: list[float] = []
    while len(seconds) < FEWEST or sum(seconds) < ENOUGH:
        begin = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        seconds.append(time.perf_counter() - begin)
    median = float(np.median(seconds))
    memory = compiled.memory_analysis()
    return {
        "ms": round(1e3 * median, 3),
        "fastest_ms": round(1e3 * min(seconds), 3),
        "slowest_ms": round(1e3 * max(seconds), 3),
        "jets_per_s": round(len(arguments[0]) / median),
        "compile_s": round(wall, 1),
        "compile_cpu_s": round(cpu, 1),
        "memory_MB": round(memory.temp_size_in_bytes / 1e6, 2) if memory else -1,
    }


def on_devices(program: Callable[..., Any], arrays: Arrays) -> tuple[Callable[..., Any], Arrays]:
    """The program and its arrays, with the jets shared out to all devices."""
    mesh = jax.make_mesh((jax.device_count(),), ("jets",))
    along = PartitionSpec("jets")
    shared = jax.shard_map(program, mesh=mesh, in_specs=along, out_specs=along, check_vma=False)
    first, second, third = (jax.device_put(x, NamedSharding(mesh, along)) for x in arrays)
    return shared, (first, second, third)


def by_scipy(arrays: Arrays) -> float:
    """Jets/s of `scipy.optimize.least_squares` on the same problem, one by one, the helix compiled."""
    weights, measured, covariance = map(np.asarray, arrays)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)) * np.sqrt(weights)[..., None, None]
    off, slope = jax.jit(residuals), jax.jit(jax.jacfwd(residuals))

    def whitened(x: np.ndarray, q: np.ndarray, white: np.ndarray) -> np.ndarray:
        return np.einsum("nij,nj->ni", white, off(x, q)).ravel()

    def jacobian(x: np.ndarray, q: np.ndarray, white: np.ndarray) -> np.ndarray:
        return np.einsum("nij,njk->nik", white, slope(x, q)).reshape(-1, len(x))

    start = [np.concatenate([np.zeros(3), q[:, 2:].ravel()]) for q in measured[:SCIPY_JETS]]
    off(start[0], measured[0]), slope(start[0], measured[0])
    begin = time.perf_counter()
    for x0, q, white in zip(start, measured, whitening, strict=False):
        least_squares(whitened, x0, jacobian, x_scale="jac", args=(q, white))
    return len(start) / (time.perf_counter() - begin)


def toys(jets: int, slots: int, dtype: str) -> Arrays:
    """Weights, parameters and covariances of toy jets."""
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        parameters, covariance = toy_tracks(rng, jets, slots)
    weights = rng.uniform(0.05, 1, (jets, slots))
    first, second, third = (jnp.asarray(x.astype(dtype)) for x in (weights, parameters, covariance))
    return first, second, third


def show(title: str, row: dict[str, float]) -> None:
    print(title.ljust(52), *(f"{name} {value:,}" for name, value in row.items()), flush=True)


def measure(jets: list[int], slots: list[int]) -> dict[str, Any]:
    """The table."""
    programs: dict[str, Callable[..., Any]] = {
        "position": position,
        "and gradient in weights": partial(gradient, (0,)),
        "and gradient in everything": partial(gradient, (0, 1, 2)),
    }
    figures: dict[str, Any] = {}
    for dtype in ("float32", "float64"):
        with jax.enable_x64(dtype == "float64"):
            for tracks in slots:
                for number in jets:
                    arrays = toys(number, tracks, dtype)
                    for name, program in programs.items():
                        title = f"{dtype}, {number} x {tracks}, {name}"
                        shared, parts = program, arrays
                        if jax.device_count() > 1 and number % jax.device_count() == 0:
                            shared, parts = on_devices(program, arrays)
                            title += f", {jax.device_count()} devices"
                        figures[title] = timed(shared, *parts)
                        show(title, figures[title])
            title = f"{dtype}, {DENSE_JETS} x 15, dense gradient"
            figures[title] = timed(dense, *toys(DENSE_JETS, 15, dtype))
            show(title, figures[title])
    with jax.enable_x64(True):
        figures["float64, scipy, jets/s"] = round(by_scipy(toys(SCIPY_JETS, 15, "float64")), 1)
    print("float64, scipy, jets/s", figures["float64, scipy, jets/s"])
    return figures


def curves() -> dict[str, Any]:
    """Times over the number of tracks and of jets, with the straight lines through them."""
    figures: dict[str, Any] = {}
    everything = partial(gradient, (0, 1, 2))
    cases = {
        "tracks, 1000 jets": [(1000, count) for count in TRACK_COUNTS],
        "jets, 15 tracks": [(count, 15) for count in JET_COUNTS],
    }
    for name, sizes in cases.items():
        along = 1 if name.startswith("tracks") else 0
        times = []
        for size in sizes:
            row = timed(everything, *toys(*size, "float32"))
            show(f"{size[0]} x {size[1]}", row)
            times.append(row["ms"])
        n, t = np.array([size[along] for size in sizes], float), np.array(times)
        # Relative errors count, so that the short times do too.
        slope, offset = np.polyfit(n, t, 1, w=1 / t)
        worst = float(np.max(np.abs(offset + slope * n - t) / t))
        figures[name] = {
            "n": n.tolist(),
            "ms": times,
            "ms_each": round(float(slope), 6),
            "ms_offset": round(float(offset), 3),
            "largest_relative_deviation": round(worst, 3),
        }
        print(name, figures[name], flush=True)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed and memory of the vertex fit.")
    parser.add_argument(
        "--jets", type=int, nargs="+", default=[1, 100, 1000, 4096, 10_000], help="jets in a batch"
    )
    parser.add_argument("--slots", type=int, nargs="+", default=[15, 40], help="tracks a jet (15 40)")
    parser.add_argument("--devices", type=int, default=1, help="devices that the processor counts as (1)")
    parser.add_argument("--curves", action="store_true", help="times over tracks and jets instead")
    add_output(parser)
    options = parser.parse_args()
    jax.config.update("jax_num_cpu_devices", options.devices)
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    figures = curves() if options.curves else measure(options.jets, options.slots)
    write_figures(machine | {"jax": jax.__version__} | figures, options.output)


if __name__ == "__main__":
    main()
