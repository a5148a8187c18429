from pathlib import Path

import equinox as eqx
import jax
import pytest

from ndive.data import Sample, open_sample, write_sample
from ndive.evaluation import HeldOut, inference, read_held_out
from ndive.models import ModelConfig, build_model, identity_normalisation, save_model
from tests.data.samples import Rows, make_rows

N_JETS = 45
SLOTS = 6
CONFIG = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=0)


@pytest.fixture(scope="session")
def rows() -> Rows:
    return make_rows(N_JETS, n_slots=SLOTS, seed=41)


@pytest.fixture(scope="session")
def sample(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    path = tmp_path_factory.mktemp("sample") / "toy_test.h5"
    write_sample(path, [rows], {})
    return open_sample(path, job="evaluate")


@pytest.fixture(scope="session")
def tagger() -> eqx.Module:
    return eqx.filter_jit(build_model)(CONFIG, identity_normalisation(), key=jax.random.key(0))


@pytest.fixture(scope="session")
def models(tagger: eqx.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of one model that is called tagger, without a history."""
    models = tmp_path_factory.mktemp("models")
    save_model(models / "tagger" / "best.eqx", tagger, CONFIG)
    return models


@pytest.fixture(scope="session")
def held_out(sample: Sample, models: Path) -> HeldOut:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "JETS_AT_ONCE", N_JETS)
        return read_held_out(sample, models)
