"""Programs as ONNX graphs: they run in ONNX Runtime and in all else that reads the format."""

from collections.abc import Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ndive.errors import MissingExtraError
from ndive.export.plain import plain
from ndive.export.program import Program
from ndive.export.shapes import Axes, symbolic_shapes
from ndive.files import written_aside

try:
    import onnx
    import onnx_ir as ir
    from jax2onnx import to_onnx
    from onnx_ir.passes.common import (
        DeduplicateInitializersPass,
        LiftSubgraphInitializersToMainGraphPass,
        RemoveUnusedNodesPass,
    )

    from ndive.export.onnx_precision import with_single_edges, with_single_operators
except ImportError as error:
    raise MissingExtraError("onnx", "the format onnx") from error

OPSET = 21
"""Version of the operators, which ONNX Runtime knows since 1.20."""


def write_onnx(
    path: str | Path, program: Program, inputs: Mapping[str, Axes], metadata: Mapping[str, str] | None = None
) -> None:
    """Write `program` with these `inputs` for any number of jets and slots, with `metadata` beside it.

    Inputs are float32 arrays and a bool `mask`; outputs have the names that the program gives them, which may
    not be those of inputs, and are float32 or integers. In between all is computed in double precision. All
    jets of a call take their steps together. `onnx.checker` has seen the file.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    with jax.enable_x64(True), written_aside(path) as aside:
        model = _tidied(_graph(program, inputs))
        model.metadata_props.update(metadata or {})
        ir.save(model, aside)
        onnx.checker.check_model(aside, full_check=True)


def _graph(program: Program, inputs: Mapping[str, Axes]) -> ir.Model:
    shapes = symbolic_shapes(inputs, jnp.float64)

    def by_position(*arrays: Array) -> dict[str, Array]:
        return program(dict(zip(shapes, arrays, strict=True)))

    names = list(jax.eval_shape(by_position, *shapes.values()))
    written_out = plain(by_position, *shapes.values())
    graph = to_onnx(
        lambda *arrays: tuple(written_out(*arrays)),
        inputs=list(shapes.values()),
        model_name="ndive",
        opset=OPSET,
        input_names=list(shapes),
        output_names=names,
        enable_double_precision=True,
        return_mode="proto",
    )
    return ir.from_proto(graph)  # what the converter built and took out again is gone from it


def _tidied(model: ir.Model) -> ir.Model:
    """Constants there once where they are used, no shapes but those that follow, arrays that may be empty."""
    passes = LiftSubgraphInitializersToMainGraphPass(), DeduplicateInitializersPass(), RemoveUnusedNodesPass()
    for tidy in passes:
        model = tidy(model).model
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        if node.op_type == "Reshape":
            node.attributes["allowzero"] = ir.AttrInt64("allowzero", 1)  # a length of 0 is meant
        for value in node.outputs:
            if not value.is_graph_output():
                value.type = value.shape = None  # some that the converter notes are wrong
    with_single_operators(model)
    with_single_edges(model)
    return model
