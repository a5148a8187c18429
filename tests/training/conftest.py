from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

from tests.training.samples import write_directory


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_directory(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def quick_compilation() -> Iterator[None]:
    """Programs compiled without much care: the arrays are tiny, the compiler's time is the tests' time."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
