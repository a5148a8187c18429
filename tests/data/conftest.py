from collections.abc import Callable
from pathlib import Path

import pytest

from ndive.data import write_sample
from tests.data.samples import Rows, make_rows

Edit = Callable[[Rows], Rows | None]


@pytest.fixture(scope="session")
def rows() -> Rows:
    """Forty jets; nobody may change them."""
    made = make_rows(40)
    for array in made.values():
        array.setflags(write=False)
    return made


@pytest.fixture(scope="session")
def path(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of those jets."""
    path = tmp_path_factory.mktemp("sample") / "jets_train.h5"
    write_sample(path, [rows], {"seed": 3})
    return path
