"""K vertices over the same tracks in one call, beside K calls of one vertex each.

    uv run python benchmarks/many_vertices.py [--jets 4096] [--slots 15] [--output many.json]

Prints for each precision, K, and the position alone or with its gradient in weights, parameters and
covariance: median wall and CPU time (ms) of one call and of K calls, taken in turns, the medians of the
ratios of both, and the temporary memory (MB) of the one program and of that of a single vertex.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from figures import add_output, write_figures
from fit import gradient, position, show, toys
from rich.console import Console
from rich.progress import track

VERTICES = (1, 2, 4)
TURNS = 11


def clocked(call: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(call())
    return 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)


def compared(
    program: Callable[..., Any], jets: int, slots: int, vertices: int, dtype: str
) -> dict[str, float]:
    """One row of the table."""
    _, parameters, covariance = toys(jets, slots, dtype)
    drawn = np.random.default_rng(2).uniform(0.05, 1, (vertices, jets, slots))
    weights = jnp.asarray(drawn.astype(dtype))
    single = jax.jit(program).lower(weights[0], parameters, covariance).compile()
    whole = jax.jit(program).lower(weights, parameters, covariance).compile()
    parts = list(weights)

    def together() -> Any:
        return whole(weights, parameters, covariance)

    def one_by_one() -> Any:
        return [single(part, parameters, covariance) for part in parts]

    jax.block_until_ready((together(), one_by_one()))
    label = f"{dtype}, K = {vertices}"
    times = np.array(
        [
            (*clocked(together), *clocked(one_by_one))
            for _ in track(range(TURNS), label, console=Console(stderr=True))
        ]
    )
    wall, cpu, wall_each, cpu_each = np.median(times, axis=0)
    ratio, cpu_ratio = np.median(times[:, :2] / times[:, 2:], axis=0)
    found = [compiled.memory_analysis() for compiled in (whole, single)]
    memory = [one.temp_size_in_bytes / 1e6 if one else -1 for one in found]
    return {
        "ms": round(wall, 2),
        "ms_one_by_one": round(wall_each, 2),
        "ratio": round(ratio, 3),
        "cpu_ms": round(cpu, 2),
        "cpu_ms_one_by_one": round(cpu_each, 2),
        "cpu_ratio": round(cpu_ratio, 3),
        "memory_MB": round(memory[0], 2),
        "memory_of_one_MB": round(memory[1], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Several vertices over the same tracks.")
    parser.add_argument("--jets", type=int, default=4096, help="jets in a batch (4096)")
    parser.add_argument("--slots", type=int, default=15, help="tracks a jet (15)")
    add_output(parser)
    options = parser.parse_args()
    programs: dict[str, Callable[..., Any]] = {
        "position": position,
        "and gradient in everything": partial(gradient, (0, 1, 2)),
    }
    figures: dict[str, Any] = {}
    for dtype in ("float32", "float64"):
        with jax.enable_x64(dtype == "float64"):
            for name, program in programs.items():
                for vertices in VERTICES:
                    title = f"{dtype}, {name}, K = {vertices}"
                    figures[title] = compared(program, options.jets, options.slots, vertices, dtype)
                    show(title, figures[title])
    write_figures({"jets": options.jets, "tracks": options.slots} | figures, options.output)


if __name__ == "__main__":
    main()
