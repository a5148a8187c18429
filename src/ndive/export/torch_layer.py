"""The vertex fit inside a PyTorch network: `fit_vertex`, and `VertexFit` as a module."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import torch
from jaxtyping import Array
from torch import Tensor
from torch.autograd.function import once_differentiable

from ndive import vertexing
from ndive.errors import ArgumentError
from ndive.export.torch_arrays import check_process, check_tensors, in_precision_of, to_jax, to_torch
from ndive.export.torch_padding import cut, padded, size_of
from ndive.tracks import Tracks

SMOOTH = ("position", "covariance", "sandwich_covariance", "track_chi2", "chi2", "momenta")
"""Outputs that have derivatives."""

COUNTED = ("ndf", "iterations", "status")
"""Outputs that are integers."""

DIFFERENTIABLE = ("weights", "parameters", "covariance", "mean", "information")
"""Inputs by which they have them."""


class Vertex(NamedTuple):
    """Fitted vertices as tensors, one a jet: the fields of `ndive.Vertex`, with the same shapes and units.

    Gradients flow through all but `ndf`, `iterations` and `status`.
    """

    position: Tensor
    covariance: Tensor
    sandwich_covariance: Tensor
    track_chi2: Tensor
    chi2: Tensor
    momenta: Tensor
    ndf: Tensor
    iterations: Tensor
    status: Tensor

    @property
    def valid(self) -> Tensor:
        """Whether position, covariance and chi2 mean something, `[...]`: whether the fit converged."""
        return self.status == vertexing.Status.converged


class Constraint(NamedTuple):
    """A Gaussian on the vertex, which adds (v - mean)ᵀ information (v - mean) to the chi2.

    **Attributes:** `mean` `[..., 3]` in mm; `information` `[..., 3, 3]`, the inverse covariance in 1/mm²;
    `rank`, how many directions it constrains, which is what it adds to the ndf: 3 for a beam spot, 2 for a
    line. Gradients flow to both tensors.
    """

    mean: Tensor
    information: Tensor
    rank: int = 3


class _Settings(NamedTuple):
    """What a compiled program is made for, beside the shapes."""

    rank: int
    max_steps: int


def fit_vertex(
    parameters: Tensor,
    covariance: Tensor,
    weights: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    field: float | Tensor = 2.0,
    reference: Tensor | None = None,
    constraint: Constraint | None = None,
    start: Tensor | None = None,
    max_steps: int = 50,
    pad: bool = False,
) -> Vertex:
    """Fit one vertex to the tracks of each jet: `ndive.fit_vertex` on tensors, with their gradients.

    The fit runs in JAX, in the precision and on the device of `parameters`, on the same memory. Gradients
    flow to `parameters`, `covariance`, `weights` and the constraint, once: there are no gradients of
    gradients. The first call with new shapes compiles for some seconds.

    **Arguments:**

    - `parameters` `[..., n, 5]`: d0 (mm), z0 (mm), phi (rad), theta (rad), q/p (1/GeV); float32 or float64.
    - `covariance` `[..., n, 5, 5]` of the same.
    - `weights` `[..., n]`: multiply each track's chi2; one for all if none. Leading axes broadcast.
    - `mask` `[..., n]`: True for a real track; all are if none.
    - `field` `[...]`: tesla along +z.
    - `reference` `[..., 3]`: mm, the point about which the perigees are given; the origin if none.
    - `constraint`: a Gaussian on the vertex.
    - `start` `[..., 3]`: mm, where the solve begins; the reference point of the tracks if none.
    - `max_steps`: steps after which a jet is given up with `Status.step_limit`.
    - `pad`: fit a copy that is filled up to powers of two in the last axis of the batch and in that of the
      tracks, so that batches of any size share few compiled programs.

    Tensors of other floating dtypes than that of `parameters` are converted.

    **Returns:** a `Vertex`. What goes wrong with a jet is told by its status.

    **Raises:** `ShapeError` and `ArgumentError` as `ndive.fit_vertex`, and for tensors on several devices or
    on one that JAX cannot reach, for half precision, and in a forked process.
    """
    check_process()
    given = {
        "parameters": parameters,
        "covariance": covariance,
        "weights": weights,
        "mask": mask,
        "field": field if isinstance(field, Tensor) else torch.as_tensor(field, device=parameters.device),
        "reference": reference,
        "start": start,
        "mean": constraint.mean if constraint else None,
        "information": constraint.information if constraint else None,
    }
    inputs = {name: tensor for name, tensor in given.items() if tensor is not None}
    check_tensors(inputs)
    inputs = {name: _in_dtype(tensor, parameters.dtype) for name, tensor in inputs.items()}
    settings = _Settings(constraint.rank if constraint else 0, max_steps)
    if pad:
        return Vertex(**cut(_fitted(padded(inputs), settings), size_of(inputs)))
    return Vertex(**_fitted(inputs, settings))


class VertexFit(torch.nn.Module):
    """`fit_vertex` as a module without parameters of its own: `field` in tesla, `max_steps` and `pad` fixed.

    It can be pickled, moved and copied like any other, and works in the workers of a `DataLoader` that are
    spawned.
    """

    def __init__(self, field: float = 2.0, *, max_steps: int = 50, pad: bool = False) -> None:
        """A fit in a field of `field` tesla along +z.

        **Raises:** `ArgumentError` where `max_steps` is below 1.
        """
        super().__init__()
        if max_steps < 1:
            raise ArgumentError(f"max_steps is {max_steps}, allowed: 1 or more")
        self.field = field
        self.max_steps = max_steps
        self.pad = pad

    def forward(
        self,
        parameters: Tensor,
        covariance: Tensor,
        weights: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        reference: Tensor | None = None,
        constraint: Constraint | None = None,
        start: Tensor | None = None,
    ) -> Vertex:
        """Fit one vertex to the tracks of each jet; arguments as those of `fit_vertex`."""
        return fit_vertex(
            parameters,
            covariance,
            weights,
            mask=mask,
            field=self.field,
            reference=reference,
            constraint=constraint,
            start=start,
            max_steps=self.max_steps,
            pad=self.pad,
        )

    def extra_repr(self) -> str:
        """What is fixed, for `print`."""
        return f"field={self.field}, max_steps={self.max_steps}, pad={self.pad}"


def _in_dtype(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _fitted(inputs: Mapping[str, Tensor], settings: _Settings) -> dict[str, Tensor]:
    """The outputs by name, with a gradient where one of the inputs has one."""
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs.values()):
        outputs = _Fit.apply(settings, tuple(inputs), *inputs.values())
    else:
        with in_precision_of(inputs["parameters"]):
            smooth, counted = _fit(_arrays(inputs), settings)
            outputs = _tensors(smooth | counted)
    return dict(zip(SMOOTH + COUNTED, outputs, strict=True))


class _Fit(torch.autograd.Function):
    """The fit as one operation of PyTorch's graph; its derivative is that of JAX at the minimum."""

    @staticmethod
    def forward(
        ctx: Any, settings: _Settings, names: tuple[str, ...], *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        """The outputs in the order of `SMOOTH` and `COUNTED`."""
        inputs = dict(zip(names, tensors, strict=True))
        needed = dict(zip(names, ctx.needs_input_grad[2:], strict=True))
        wanted = tuple(name for name in DIFFERENTIABLE if needed.get(name))
        with in_precision_of(inputs["parameters"]):
            smooth, counted, ctx.linear = jax.block_until_ready(
                _linearised(_arrays(inputs), wanted, settings)
            )
            outputs = _tensors(smooth | counted)
        ctx.names, ctx.wanted = names, wanted
        ctx.save_for_backward(*tensors)
        ctx.mark_non_differentiable(*outputs[len(SMOOTH) :])
        ctx.set_materialize_grads(False)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: Tensor | None) -> tuple[Tensor | None, ...]:
        """Cotangents of the inputs from those of the outputs that were used."""
        inputs = dict(zip(ctx.names, ctx.saved_tensors, strict=True))  # raises if one was changed in place
        used = {name: x for name, x in zip(SMOOTH + COUNTED, cotangents, strict=True) if x is not None}
        with in_precision_of(inputs["parameters"]):
            like = {name: to_jax(inputs[name]) for name in ctx.wanted}
            pulled = jax.block_until_ready(_pulled_back(ctx.linear, like, _arrays(used)))
            gradients = {name: to_torch(array) for name, array in pulled.items()}
        return None, None, *(gradients.get(name) for name in ctx.names)


def _arrays(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    return {name: to_jax(tensor) for name, tensor in tensors.items()}


def _tensors(arrays: Mapping[str, Array]) -> tuple[Tensor, ...]:
    return tuple(to_torch(arrays[name]) for name in SMOOTH + COUNTED)


@partial(jax.jit, static_argnames="settings")
def _fit(inputs: dict[str, Array], settings: _Settings) -> tuple[dict[str, Array], dict[str, Array]]:
    """Outputs with and without derivatives, by name."""
    tracks = Tracks(
        inputs["parameters"],
        inputs["covariance"],
        inputs.get("mask"),
        inputs["field"],
        inputs.get("reference"),
    )
    constraint = None
    if "mean" in inputs:
        constraint = vertexing.Constraint(inputs["mean"], inputs["information"], settings.rank)
    vertex = vertexing.fit_vertex(
        tracks, inputs.get("weights"), constraint, inputs.get("start"), settings.max_steps
    )
    return (
        {name: getattr(vertex, name) for name in SMOOTH},
        {name: getattr(vertex, name) for name in COUNTED},
    )


@partial(jax.jit, static_argnames=("wanted", "settings"))
def _linearised(
    inputs: dict[str, Array], wanted: tuple[str, ...], settings: _Settings
) -> tuple[dict[str, Array], dict[str, Array], Any]:
    """What `_fit` returns, and the linear map from changes of the `wanted` inputs to those of the outputs."""
    smooth, linear, counted = jax.linearize(
        lambda changing: _fit(inputs | changing, settings),
        {name: inputs[name] for name in wanted},
        has_aux=True,
    )
    return smooth, counted, linear


@jax.jit
def _pulled_back(linear: Any, like: dict[str, Array], cotangents: dict[str, Array]) -> dict[str, Array]:
    """The transpose of `linear` on the cotangents of some outputs; the others cost nothing."""
    transpose = jax.linear_transpose(lambda change: {name: linear(change)[name] for name in cotangents}, like)
    (pulled,) = transpose(cotangents)
    return pulled
