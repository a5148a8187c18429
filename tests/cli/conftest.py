"""Held-out jets and two taggers, judged once for the tests of all verbs that judge."""

from collections.abc import Callable, Sequence
from pathlib import Path

import equinox as eqx
import jax
import pytest

from ndive.cli import main
from ndive.evaluation import inference
from ndive.models import ModelConfig, build_model, identity_normalisation, save_model
from tests.training.samples import write_jets

N_JETS = 45
CONFIG = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=0)


@pytest.fixture(scope="session")
def held_out_jets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a test file: 15 jets of each flavour."""
    directory = tmp_path_factory.mktemp("held_out")
    write_jets(directory / "toy_test.h5", N_JETS, seed=3)
    return directory


@pytest.fixture(scope="session")
def judged(held_out_jets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of two models, `tagger` and `other`, with what `ndive evaluate` left beside them."""
    models = tmp_path_factory.mktemp("judged")
    for seed, name in enumerate(("tagger", "other")):
        model = eqx.filter_jit(build_model)(CONFIG, identity_normalisation(), key=jax.random.key(seed))
        save_model(models / name / "best.eqx", model, CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "JETS_AT_ONCE", N_JETS)
        jax.config.update("jax_disable_most_optimizations", True)
        call = ["evaluate", "tagger", "other", "-s", str(held_out_jets), "--models", str(models)]
        assert main(call) == 0
        jax.config.update("jax_disable_most_optimizations", False)
    return models


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models run over no more jets than there are."""
    monkeypatch.setattr(inference, "JETS_AT_ONCE", N_JETS)


@pytest.fixture
def told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Sequence[str]], str]:
    """Call it with arguments that are refused: status 2, no file left, one line on stderr, returned."""

    def told(call: Sequence[str]) -> str:
        before = sorted(tmp_path.rglob("*"))
        capsys.readouterr()
        assert main(call) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("ndive: ")
        assert said.err.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
        return said.err

    monkeypatch.chdir(tmp_path)
    return told
