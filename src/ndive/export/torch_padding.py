"""Batches grown to powers of two, so that batches of any size need few compiled programs."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor


class Axes(NamedTuple):
    """Where an input or output of the fit has the last axis of the batch, and that of the tracks."""

    jets: int
    tracks: int | None = None


INPUTS = {
    "parameters": Axes(-3, -2),
    "covariance": Axes(-4, -3),
    "weights": Axes(-2, -1),
    "mask": Axes(-2, -1),
    "field": Axes(-1),
    "reference": Axes(-2),
    "start": Axes(-2),
    "mean": Axes(-2),
    "information": Axes(-3),
}

OUTPUTS = {
    "position": Axes(-2),
    "covariance": Axes(-3),
    "sandwich_covariance": Axes(-3),
    "track_chi2": Axes(-2, -1),
    "chi2": Axes(-1),
    "momenta": Axes(-3, -2),
    "ndf": Axes(-1),
    "iterations": Axes(-1),
    "status": Axes(-1),
}


class Size(NamedTuple):
    """Jets in the last axis of a batch, and slots for tracks."""

    jets: int
    tracks: int


def size_of(inputs: Mapping[str, Tensor]) -> Size:
    """The size of the batch that these inputs make by broadcasting."""
    jets = [x.shape[INPUTS[name].jets] for name, x in inputs.items() if x.dim() >= -INPUTS[name].jets]
    return Size(max(jets, default=1), inputs["parameters"].shape[-2])


def padded(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inputs with jets without tracks and masked slots behind, up to the next powers of two.

    Axes that broadcast stay as they are.
    """
    parameters = inputs["parameters"]
    mask = torch.ones(parameters.shape[:-1], dtype=torch.bool, device=parameters.device)
    whole = {"mask": mask, **inputs}
    size = size_of(whole)
    grown = Size(*map(_power_of_two, size))
    return {name: _grown(x, INPUTS[name], size, grown) for name, x in whole.items()}


def cut(outputs: Mapping[str, Tensor], size: Size) -> dict[str, Tensor]:
    """The outputs of a batch of this size out of those of one that was padded."""
    return {name: _cut(x, OUTPUTS[name], size) for name, x in outputs.items()}


def _power_of_two(size: int) -> int:
    return 1 << max(size - 1, 0).bit_length()


def _grown(x: Tensor, axes: Axes, size: Size, grown: Size) -> Tensor:
    for axis, old, new in zip(axes, size, grown, strict=True):
        if axis is not None and x.dim() >= -axis and x.shape[axis] == old < new:
            missing = list(x.shape)
            missing[axis] = new - old
            x = torch.cat([x, x.new_zeros(missing)], dim=axis)
    return x


def _cut(x: Tensor, axes: Axes, size: Size) -> Tensor:
    for axis, length in zip(axes, size, strict=True):
        if axis is not None and x.dim() >= -axis:
            x = x.narrow(axis, 0, length)
    return x
