"""The shapes for which a program is traced: any number of jets, any number of track slots."""

from collections.abc import Mapping

import jax
import jax.export
import jax.numpy as jnp

Axes = tuple[str | int, ...]
"""Of an input: b jets, n slots, or a number."""

JETS, SLOTS = 512, 7680
"""So many jets with so many track slots in all at most, which then take their steps together."""


def symbolic_shapes(
    inputs: Mapping[str, Axes], precision: type[jnp.floating] = jnp.float32
) -> dict[str, jax.ShapeDtypeStruct]:
    """Inputs of any number of jets and slots within `JETS` and `SLOTS`: `precision`, and bool the `mask`."""
    bounds = [f"b <= {JETS}", f"n <= {SLOTS}", f"b*n <= {SLOTS}"]
    b, n = jax.export.symbolic_shape("b, n", constraints=bounds)
    sizes = {"b": b, "n": n}
    return {
        name: jax.ShapeDtypeStruct(
            tuple(sizes.get(axis, axis) if isinstance(axis, str) else axis for axis in axes),
            jnp.bool_ if name == "mask" else precision,
        )
        for name, axes in inputs.items()
    }
