"""Programs as StableHLO, by `jax.export`: they run wherever JAX does, without this package."""

from collections.abc import Mapping
from pathlib import Path

import jax
import jax.export

from ndive.export.program import Program
from ndive.export.shapes import Axes, symbolic_shapes
from ndive.files import written_aside

PLATFORMS = ("cpu", "cuda")


def write_stablehlo(path: str | Path, program: Program, inputs: Mapping[str, Axes]) -> None:
    """Write `program` with these `inputs` for any sizes within `shapes.JETS` and `shapes.SLOTS`.

    `jax.export.deserialize(bytearray(file)).call(arrays)` runs it, with a dictionary of float32 arrays and a
    bool `mask`, on CPU and CUDA. The format is versioned by JAX, which reads files at least half a year old.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    with jax.enable_x64(False), written_aside(path) as aside:
        exported = jax.export.export(jax.jit(program), platforms=PLATFORMS)(symbolic_shapes(inputs))
        aside.write_bytes(exported.serialize())
