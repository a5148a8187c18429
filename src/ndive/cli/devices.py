"""On which devices is trained, and what is said where they are not what was asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import jax

from ndive.cli.console import console
from ndive.errors import ArgumentError
from ndive.training import Notice, Progress
from ndive.training.devices import is_first_process
from ndive.training.progress import Report

PUBLISHED = 2
"""GPUs of each host to train on where no number is given."""

PROCESSES = ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")
"""In which srun and mpirun say how many processes they have started."""


@contextmanager
def chosen_devices(asked: int | None) -> Iterator[tuple[jax.Device, ...]]:
    """The first devices of each host, the CPU for 0; arrays lie on the first of this process.

    Where srun or mpirun has started several processes, one a host, they find each other first.

    **Raises:** `ArgumentError` for a negative number.
    """
    num_gpus = wanted(asked)
    if num_gpus < 0:
        raise ArgumentError(f"num_gpus is {num_gpus}, allowed: 0 (the CPU) or more")
    if any(int(os.environ.get(name, 1)) > 1 for name in PROCESSES) and not jax.distributed.is_initialized():
        jax.distributed.initialize(local_device_ids=[])
    there = jax.devices("cpu") if num_gpus == 0 else jax.devices()
    chosen = tuple(
        device
        for host in range(jax.process_count())
        for device in [device for device in there if device.process_index == host][: max(num_gpus, 1)]
    )
    with jax.default_device(next(device for device in chosen if device.process_index == jax.process_index())):
        yield chosen


def wanted(asked: int | None) -> int:
    """How many GPUs a host trains on if they are there, where `asked` for so many or without a word."""
    return PUBLISHED if asked is None else asked


def telling_devices(asked: int | None) -> Report:
    """A report that says once, when something is done, where the GPUs are not those that are wanted."""
    found = sum(device.platform == "gpu" for device in jax.local_devices())
    lines = [notice] if (notice := device_notice(asked, found)) and is_first_process() else []

    def report(event: Progress | Notice) -> None:
        while lines:
            console(stderr=True).print(lines.pop())

    return report


def device_notice(asked: int | None, found: int) -> str | None:
    """What to say where fewer GPUs are `found` than are wanted; None where there is nothing to say."""
    if wanted(asked) <= found:
        return None
    used = "them" if found > 1 else "it" if found else "the CPU"
    if asked is None:
        return f"{found or 'no'} GPU{'s' * (found > 1)} here: training on {used}"
    there = f"{found} {'is' if found == 1 else 'are'} here" if found else "none is here"
    return f"-n asks for {asked} GPU{'s' * (asked > 1)}, {there}: training on {used}"
