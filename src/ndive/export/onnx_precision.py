"""ONNX graphs in double precision: single precision at their edges, and where a runtime knows no other."""

import onnx_ir as ir

SINGLE_ONLY = "Atan"
"""Has no kernel in double precision; `plain` has mended its result."""


def with_single_edges(model: ir.Model) -> None:
    """Give a graph of float64 inputs and outputs float32 ones of the same names and shapes, in place."""
    graph = model.graph
    for given in (value for value in graph.inputs if value.dtype == ir.DataType.DOUBLE):
        given.type = ir.TensorType(ir.DataType.FLOAT)
        wide = _cast(given, ir.DataType.DOUBLE)
        readers = [use for use in given.uses() if use.node is not wide]
        for node, place in readers:
            node.replace_input_with(place, wide.outputs[0])
        graph.insert_before(graph[0], wide)
    for place, found in enumerate(graph.outputs):
        if found.dtype == ir.DataType.DOUBLE:
            narrow = _cast(found, ir.DataType.FLOAT)
            told = narrow.outputs[0]
            told.name, found.name = found.name, f"{found.name}_double"
            told.shape, told.type = found.shape, ir.TensorType(ir.DataType.FLOAT)
            graph.outputs[place] = told
            graph.append(narrow)


def with_single_operators(model: ir.Model) -> None:
    """Compute `SINGLE_ONLY` in single precision, in place."""
    nodes = [node for node in ir.traversal.RecursiveGraphIterator(model.graph) if node.op_type == SINGLE_ONLY]
    for node in nodes:
        narrow, wide = _cast(node.inputs[0], ir.DataType.FLOAT), _cast(node.outputs[0], ir.DataType.DOUBLE)
        readers = [use for use in node.outputs[0].uses() if use.node is not wide]
        node.replace_input_with(0, narrow.outputs[0])
        for reader, place in readers:
            reader.replace_input_with(place, wide.outputs[0])
        node.graph.insert_before(node, narrow)
        node.graph.insert_after(node, wide)


def _cast(value: ir.Value | None, to: ir.DataType) -> ir.Node:
    return ir.node("Cast", [value], attributes={"to": to})
