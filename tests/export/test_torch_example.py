"""The example that trains a PyTorch tagger with the fit inside."""

import runpy
from pathlib import Path

import pytest

from tests.training.samples import write_jets

pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[2] / "examples" / "torch_tagger.py"


@pytest.mark.slow
def test_the_example_learns(tmp_path):
    """A third of the jets are of each flavour; b and c jets are alike here, so that 2/3 are right at best."""
    write_jets(tmp_path / "toy_train.h5", 350, seed=1)
    write_jets(tmp_path / "toy_val.h5", 210, seed=2)
    trained = runpy.run_path(str(EXAMPLE))["trained"]
    (first, _), *_, (last, accuracy) = trained(str(tmp_path), 12, 35)
    assert last < 0.9 * first
    assert accuracy > 0.45
