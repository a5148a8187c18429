"""Programs without calls inside them, which converters to other formats read most surely."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core
from jaxtyping import Array

CALLS = {
    "jit": "jaxpr",
    "remat2": "jaxpr",
    "custom_vmap_call": "call",
    "custom_jvp_call": "call_jaxpr",
}
"""Operations that only call a program, and the parameter that holds it."""


def plain(function: Callable[..., Any], *shapes: jax.ShapeDtypeStruct) -> Callable[..., list[Array]]:
    """`function` traced at `shapes`, as one that computes its leaves by elementary operations and loops only.

    What is called is written out, and what converters misread is said in other words: a choice between
    booleans becomes "and" and "or", and an axis of any length is made of one of length 1. So is what runtimes
    have in single precision only: tangents become quotients, and of arcus tangents only single precision is
    asked.
    """
    program = jax.make_jaxpr(function)(*shapes)
    return lambda *arguments: _evaluated(program, arguments)


def _evaluated(program: core.ClosedJaxpr, arguments: Sequence[Array]) -> list[Array]:
    """The outputs of a program, one equation after the other."""
    jaxpr = program.jaxpr
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*program.consts, *arguments], strict=True))

    def value(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else known[atom]

    for equation in jaxpr.eqns:
        outputs = _outputs(equation, [value(atom) for atom in equation.invars])
        known |= dict(zip(equation.outvars, outputs, strict=True))
    return [value(atom) for atom in jaxpr.outvars]


def _outputs(equation: core.JaxprEqn, inputs: list[Any]) -> Sequence[Array]:
    """The outputs of one equation."""
    name, parameters = equation.primitive.name, equation.params
    if name in CALLS:
        return _evaluated(_closed(parameters[CALLS[name]]), inputs)
    if name == "while":
        return _loop(parameters, inputs)
    if name == "scan":
        return _scan(parameters, inputs)
    if name == "select_n" and inputs[1].dtype == jnp.bool_:
        choice, otherwise, chosen = inputs
        return [(choice & chosen) | (~choice & otherwise)]
    if name in ANGLES:
        return [ANGLES[name](*inputs)]
    if name == "broadcast_in_dim" and _opens_an_axis(parameters):
        return [_broadcast(inputs[0], parameters)]
    outputs = equation.primitive.bind(*inputs, **equation.primitive.get_bind_params(parameters))
    return outputs if equation.primitive.multiple_results else [outputs]


def _loop(parameters: dict[str, Any], inputs: list[Any]) -> Sequence[Array]:
    of_condition, of_body = parameters["cond_nconsts"], parameters["body_nconsts"]
    shared, own = inputs[:of_condition], inputs[of_condition : of_condition + of_body]
    return jax.lax.while_loop(
        lambda state: _evaluated(parameters["cond_jaxpr"], [*shared, *state])[0],
        lambda state: _evaluated(parameters["body_jaxpr"], [*own, *state]),
        inputs[of_condition + of_body :],
    )


def _scan(parameters: dict[str, Any], inputs: list[Any]) -> Sequence[Array]:
    constants, carried = parameters["num_consts"], parameters["num_carry"]

    def body(state: list[Array], row: list[Array]) -> tuple[list[Array], list[Array]]:
        outputs = _evaluated(parameters["jaxpr"], [*inputs[:constants], *state, *row])
        return outputs[:carried], outputs[carried:]

    state, rows = jax.lax.scan(
        body,
        inputs[constants : constants + carried],
        inputs[constants + carried :],
        length=parameters["length"],
        reverse=parameters["reverse"],
    )
    return [*state, *rows]


def _opens_an_axis(parameters: dict[str, Any]) -> bool:
    """Whether an array gets a new first axis of symbolic length."""
    axes = parameters["broadcast_dimensions"]
    return bool(axes) and axes[0] != 0 and not isinstance(parameters["shape"][0], int)


def _broadcast(x: Array, parameters: dict[str, Any]) -> Array:
    shape = parameters["shape"]
    lengths = dict(zip(parameters["broadcast_dimensions"], x.shape, strict=True))
    with_axes = jax.lax.reshape(x, tuple(lengths.get(axis, 1) for axis in range(len(shape))))
    return jax.lax.broadcast_in_dim(with_axes, shape, tuple(range(len(shape))))


def _tangent(x: Array) -> Array:
    return lax.sin(x) / lax.cos(x)


def _arcus_tangent(y: Array, x: Array) -> Array:
    """The angle of (x, y), of which `atan2` has to know no more than half of the digits.

    With s and c its sine and cosine as far as known, what is missing is atan((y c - x s) / (x c + y s)).
    """
    angle = lax.atan2(y, x)
    sin, cos = lax.sin(angle), lax.cos(angle)
    ahead, aside = x * cos + y * sin, y * cos - x * sin
    somewhere = ahead > 0
    return angle + jnp.where(somewhere, aside, 0) / jnp.where(somewhere, ahead, 1)


ANGLES: dict[str, Callable[..., Array]] = {
    "tan": _tangent,
    "atan": lambda x: _arcus_tangent(x, jnp.ones_like(x)),
    "atan2": _arcus_tangent,
}


def _closed(program: Any) -> core.ClosedJaxpr:
    return program if isinstance(program, core.ClosedJaxpr) else core.ClosedJaxpr(program, ())
