"""What is installed, for `ndive --version` and reports of faults."""

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

BENEATH = ("jaxlib", "jax-cuda12-plugin", "jax-cuda13-plugin")
"""Packages that matter, though only those that we require ask for them."""


def versions() -> str:
    """A line for ndive, for Python, and for each installed package that ndive or an extra requires."""
    lines = [f"ndive {version('ndive')}", f"Python {platform.python_version()} on {platform.platform()}"]
    names = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in requires("ndive") or ()}
    return "\n".join([*lines, *_installed(sorted({*names, *BENEATH}))])


def _installed(names: list[str]) -> Iterator[str]:
    for name in names:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
