"""The example that trains a PyTorch tagger with the fit inside."""

import runpy
from pathlib import Path

import pytest

from tests.training.samples import write_directory

pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[2] / "examples" / "torch_tagger.py"


@pytest.mark.slow
def test_the_example_learns(tmp_path):
    trained = runpy.run_path(str(EXAMPLE))["trained"]
    (first, _), *_, (last, accuracy) = trained(str(write_directory(tmp_path)), 12, 35)
    assert last < 0.9 * first
    assert 0 <= accuracy <= 1
