"""A full disk, played by a limit on the size of a file."""

import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="no limit on file sizes here")

LIMITS = (0, 100, 3000, 40_000, 163_000)
"""Bytes; the rows take 160 kB, so the limits hit the header, the first chunks, the middle and the end."""

PROGRAM = """
import resource, sys
import numpy as np
from ndive.data import write_datasets
from ndive.errors import FileAccessError

random = np.random.default_rng(0)
rows = np.zeros(2000, [("x", "f8"), ("y", "f8")])
rows["x"], rows["y"] = random.normal(size=(2, 2000))
for limit in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        write_datasets(sys.argv[1], ({"numbers": rows} for _ in range(5)), {"seed": 1}, {})
    except FileAccessError as error:
        print(error)
"""


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    target = tmp_path / "a.h5"
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(target), *map(str, LIMITS)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"cannot write '{target}': File too large\n" * len(LIMITS)
    assert run.stderr == ""
    assert list(tmp_path.iterdir()) == []
