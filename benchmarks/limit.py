"""How far the fit is from the arithmetic limit of the processor.

    uv run python benchmarks/limit.py [--jets 4096] [--slots 15] [--output limit.json]

Counts the floating-point operations of the compiled program: sums, differences, products, quotients, roots,
extrema and absolute values are one each, comparisons and choices none. What is in a loop counts as often as
it is run, in that of the fit as often as the slowest jet of a block takes it. Prints for the position alone
and with its gradient in everything: operations and divisions a track, GFLOP/s reached, and as a part of what
the same cores reach in a large matrix product and in products and sums of numbers that stay in registers,
compiled as the fit is.
"""

import argparse
import math
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from figures import add_output, write_figures
from fit import gradient, position, timed, toys

from ndive import Tracks, fit_vertex
from ndive.vertexing.blocks import division
from ndive.vertexing.solve import GAUSS_NEWTON_STEPS

DEAR = {"divide", "sqrt", "rsqrt", "cbrt"}
CHEAP = {"add", "subtract", "multiply", "maximum", "minimum", "negate", "abs"}
SUMS = {"reduce", "dot"}
"""Over tracks: as many operations as the largest operand has numbers, with products twice as many."""

MATRIX = 3000
CHAINS, LINKS = 8, 40
CACHED = 4096


class Count(NamedTuple):
    """Floating-point operations, and how many of them are divisions and roots."""

    all: float
    dear: float

    def plus(self, other: "Count", times: float = 1) -> "Count":
        return Count(self.all + times * other.all, self.dear + times * other.dear)


def counted(text: str, passes: float) -> Count:
    """The operations of a compiled program, in which loops of unknown length are run `passes` times."""
    bodies: dict[str, list[str]] = {}
    name = entry = ""
    for line in text.splitlines():
        if head := re.match(r"(ENTRY )?%?([\w.\-]+) \(.*\{$", line):
            name = head[2]
            bodies[name] = []
            entry = name if head[1] else entry
        elif " = " in line:
            bodies[name].append(line)
    known: dict[str, Count] = {}

    def of(name: str) -> Count:
        if name not in known:
            known[name] = sum_of(bodies[name])
        return known[name]

    def sum_of(lines: list[str]) -> Count:
        total, sizes = Count(0, 0), dict[str, int]()
        for line in lines:
            found = re.search(r"%?([\w.\-]+) = f\d+\[([\d,]*)\]\S* ([\w\-]+)\((.*?)\)", line)
            if found:
                size = sizes[found[1]] = math.prod(int(n) for n in found[2].split(",") if n)
                largest = max(
                    (sizes.get(name, 0) for name in re.findall(r"%([\w.\-]+)", found[4])), default=0
                )
                operations = {"reduce": largest, "dot": 2 * largest}.get(found[3], size)
                if found[3] in CHEAP | DEAR | SUMS:
                    total = total.plus(Count(operations, operations * (found[3] in DEAR)))
            if " while(" in line:
                trips = re.search(r'"known_trip_count":\{"n":"(\d+)"', line)
                body = re.search(r"body=%?([\w.\-]+)", line)
                total = total.plus(of(body[1]), float(trips[1]) if trips else passes) if body else total
            elif called := re.search(r"(?:calls|to_apply)=%?([\w.\-]+)", line):
                total = total.plus(of(called[1]))
        return total

    return of(entry)


def fastest(function: Callable[..., Any], *arguments: jax.Array) -> float:
    """Seconds of the fastest of some calls."""
    compiled = jax.jit(function).lower(*arguments).compile()
    seconds = []
    for _ in range(8):
        begin = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def peaks() -> dict[str, float]:
    """GFLOP/s of a matrix product, and of independent chains of products and sums."""
    square = jnp.ones((MATRIX, MATRIX), jnp.float32)
    rows = jnp.ones((512, CACHED), jnp.float32)

    def sums(x: jax.Array) -> jax.Array:
        chains = [x + i for i in range(CHAINS)]
        for _ in range(LINKS):
            chains = [one * 0.999 + 0.001 for one in chains]
        return sum(chains, jnp.zeros_like(x))

    return {
        "matrix product": 2 * MATRIX**3 / fastest(jnp.dot, square, square) / 1e9,
        "products and sums": 2 * CHAINS * LINKS * rows.size / fastest(sums, rows) / 1e9,
    }


def mean_passes(jets: int, slots: int, arrays: Any) -> float:
    """How often a block takes the loop, in the mean: as often as its slowest jet."""
    weights, parameters, covariance = arrays
    steps = np.asarray(fit_vertex(Tracks(parameters, covariance), weights).iterations)
    divided = division((jets,), jets * slots)
    size = divided.size if divided else jets
    return float(np.mean([steps[i : i + size].max() for i in range(0, jets, size)]) - GAUSS_NEWTON_STEPS)


def main() -> None:
    """Count, measure and print."""
    parser = argparse.ArgumentParser(description="The fit beside the arithmetic limit.")
    parser.add_argument("--jets", type=int, default=4096, help="jets in a batch (4096)")
    parser.add_argument("--slots", type=int, default=15, help="tracks a jet (15)")
    add_output(parser)
    options = parser.parse_args()
    arrays = toys(options.jets, options.slots, "float32")
    passes = mean_passes(options.jets, options.slots, arrays)
    limits = peaks()
    figures: dict[str, Any] = {"passes": passes} | {
        f"GFLOP/s, {what}": round(x, 1) for what, x in limits.items()
    }
    programs: dict[str, Callable[..., Any]] = {
        "position": position,
        "everything": partial(gradient, (0, 1, 2)),
    }
    for name, program in programs.items():
        text = jax.jit(program).lower(*arrays).compile().as_text() or ""
        count = counted(text, passes)
        reached = count.all / timed(program, *arrays)["ms"] / 1e6
        figures[name] = {
            "operations_a_track": round(count.all / options.jets / options.slots),
            "divisions_a_track": round(count.dear / options.jets / options.slots),
            "GFLOP_per_s": round(reached, 1),
        } | {f"part of {what}": round(reached / x, 3) for what, x in limits.items()}
    write_figures(figures, options.output)


if __name__ == "__main__":
    main()
