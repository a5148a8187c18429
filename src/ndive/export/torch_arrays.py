"""Tensors of PyTorch as arrays of JAX and back by DLPack, on the same memory where it is laid out for it."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager

import jax
import jax.numpy as jnp
import torch
from torch import Tensor

from ndive.errors import ArgumentError, ShapeError

PROCESS = os.getpid()
"""Where this was imported; a process forked from it has another number."""

PRECISIONS = (torch.float32, torch.float64)


def check_process() -> None:
    """Refuse a process that was forked: the threads of JAX are not in it, and to wait for them never ends.

    **Raises:** `ArgumentError`.
    """
    if os.getpid() != PROCESS:
        raise ArgumentError(
            "the fit was called in a forked process, where JAX can hang; start the workers by spawn "
            "(DataLoader(..., multiprocessing_context='spawn'))"
        )


def check_tensors(tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors on several devices or on one that JAX does not share, and parameters of half precision.

    **Raises:** `ShapeError`, `ArgumentError`.
    """
    dtype, device = tensors["parameters"].dtype, tensors["parameters"].device
    if dtype not in PRECISIONS:
        raise ShapeError(f"parameters have dtype {dtype}; they take torch.float32 or torch.float64")
    check_device(device)
    for name, tensor in tensors.items():
        if tensor.device != device:
            raise ArgumentError(
                f"{name} is on {tensor.device}, parameters are on {device}; they take one device"
            )


def check_device(device: torch.device) -> None:
    """Refuse a device that JAX does not share with PyTorch.

    **Raises:** `ArgumentError`.
    """
    if device.type not in ("cpu", "cuda"):
        raise ArgumentError(f"tensors on {device}; the fit takes them on cpu or cuda")
    try:
        jax.devices(device.type)
    except RuntimeError as error:
        raise ArgumentError(
            f"tensors on {device}, and JAX has no CUDA here: pip install 'jax[cuda12]', or use the CPU"
        ) from error


def in_precision_of(tensor: Tensor) -> AbstractContextManager[object]:
    """A context in which JAX computes in the precision of `tensor`, whatever it does elsewhere."""
    return jax.enable_x64(tensor.dtype == torch.float64)


def to_jax(tensor: Tensor) -> jax.Array:
    """The same memory as an array; a copy where it is not contiguous or not aligned to 64 bytes."""
    return jnp.from_dlpack(tensor.detach().contiguous())


def to_torch(array: jax.Array) -> Tensor:
    """The same memory as a tensor; waits until the array is computed."""
    return torch.from_dlpack(array.block_until_ready())
