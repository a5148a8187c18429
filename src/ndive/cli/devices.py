"""On which device is trained, and what is said where it is not what was asked for."""

from contextlib import AbstractContextManager, nullcontext

import jax

from ndive.cli.console import console
from ndive.errors import ArgumentError
from ndive.training import Notice, Progress
from ndive.training.progress import Report


def chosen_device(num_gpus: int) -> AbstractContextManager[object]:
    """A context in which arrays lie on the device to train on: the CPU for 0, else what there is.

    **Raises:** `ArgumentError` for a negative number.
    """
    if num_gpus < 0:
        raise ArgumentError(f"num_gpus is {num_gpus}, allowed: 0 (the CPU) or more")
    return jax.default_device(jax.devices("cpu")[0]) if num_gpus == 0 else nullcontext()


def telling_device(num_gpus: int) -> Report:
    """A report that says once, when something is done, where the device is not what was asked for."""
    found = sum(device.platform == "gpu" for device in jax.devices())
    lines = [notice] if (notice := device_notice(num_gpus, found)) else []

    def report(event: Progress | Notice) -> None:
        while lines:
            console(stderr=True).print(lines.pop())

    return report


def device_notice(asked: int, found: int) -> str | None:
    """What to say where `asked` GPUs are wanted and `found` are there; None where there is nothing to say."""
    if asked == 0 or (asked == 1 and found):
        return None
    used = "one of them" if found > 1 else "it" if found else "the CPU"
    there = f"{found} {'is' if found == 1 else 'are'} here" if found else "none is here"
    return f"-n asks for {asked} GPU{'s' * (asked > 1)}, {there}: training on {used} (-n 0 is the CPU)"
