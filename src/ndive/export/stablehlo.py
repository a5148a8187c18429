"""Programs as StableHLO, by `jax.export`: they run wherever JAX does, without this package."""

from collections.abc import Mapping
from pathlib import Path

import jax
import jax.export
import jax.numpy as jnp

from ndive.export.program import Program
from ndive.files import written_aside

JETS, SLOTS = 512, 7680
"""A call takes so many jets with so many track slots in all at most, which take their steps together."""

PLATFORMS = ("cpu", "cuda")


def write_stablehlo(path: str | Path, program: Program, inputs: Mapping[str, tuple[str | int, ...]]) -> None:
    """Write `program` with these `inputs` (axes; b jets of n slots) for any sizes within `JETS` and `SLOTS`.

    `jax.export.deserialize(bytearray(file)).call(arrays)` runs it, with a dictionary of float32 arrays and a
    bool `mask`, on CPU and CUDA. The format is versioned by JAX, which reads files at least half a year old.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    with written_aside(path) as aside:
        aside.write_bytes(_serialised(program, inputs))


def _serialised(program: Program, inputs: Mapping[str, tuple[str | int, ...]]) -> bytes:
    bounds = [f"b <= {JETS}", f"n <= {SLOTS}", f"b*n <= {SLOTS}"]
    b, n = jax.export.symbolic_shape("b, n", constraints=bounds)
    sizes = {"b": b, "n": n}
    arguments = {
        name: jax.ShapeDtypeStruct(
            tuple(sizes.get(axis, axis) if isinstance(axis, str) else axis for axis in axes),
            jnp.bool_ if name == "mask" else jnp.float32,
        )
        for name, axes in inputs.items()
    }
    with jax.enable_x64(False):
        return bytes(jax.export.export(jax.jit(program), platforms=PLATFORMS)(arguments).serialize())
