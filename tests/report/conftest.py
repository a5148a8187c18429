import equinox as eqx
import jax
import numpy as np
import pytest

from ndive.data import open_sample, write_sample
from ndive.evaluation import (
    Evaluation,
    HeldOut,
    TrainedModel,
    measurements,
    read_example,
    read_jets,
    summarise,
    take,
    vertex_quantities,
)
from ndive.evaluation.summary import resolutions
from ndive.models import ModelConfig, build_model, identity_normalisation
from ndive.report.display import Shown
from ndive.report.style import styled
from tests.data.samples import make_rows
from tests.evaluation.toys import toy_predictions, toy_vertices

N_JETS = 1500


@pytest.fixture(autouse=True)
def style():
    with styled():
        yield


@pytest.fixture(scope="session")
def held_out(tmp_path_factory):
    """A made-up sample, with made-up fits whose truth is known."""
    path = tmp_path_factory.mktemp("sample") / "toy_test.h5"
    write_sample(path, [make_rows(N_JETS, n_slots=8, seed=30)], {"generator": "toy", "seed": 30})
    sample = open_sample(path, job="evaluate")
    jets = read_jets(sample)
    references = {"none": toy_vertices(jets, seed=32, narrow=2.0), "perfect": toy_vertices(jets, seed=33)}
    return HeldOut(
        sample=sample,
        jets=jets,
        references=references,
        resolutions={name: resolutions(fit, jets) for name, fit in references.items()},
        measurements={
            name: measurements(vertex_quantities(fit, jets), jets) for name, fit in references.items()
        },
    )


@pytest.fixture(scope="session")
def jets(held_out):
    return held_out.jets


@pytest.fixture(scope="session")
def evaluations(jets, tmp_path_factory):
    """A tagger without a vertex, and a better one with a vertex."""
    epochs = np.arange(1.0, 6.0)
    config = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=0)
    model = eqx.filter_jit(build_model)(config, identity_normalisation(), key=jax.random.key(0))

    def evaluation(name, sharpness, vertices):
        predictions = toy_predictions(jets, seed=34, sharpness=sharpness, vertices=vertices)
        history = {"epoch": epochs, "train_total": 2 / epochs, "val_total": 2.2 / epochs}
        history |= {"train_vertex": 1 / epochs, "val_vertex": 1 / epochs, "val_flavour": np.full(5, np.nan)}
        trained = TrainedModel(
            name=name,
            configuration=name,
            copy=None,
            directory=tmp_path_factory.getbasetemp(),
            path=tmp_path_factory.getbasetemp() / "best.eqx",
            model=model,
            config=config,
            artefact="f" * 64,
            epoch=5,
            history=history,
        )
        return Evaluation(
            trained=trained, predictions=predictions, summary=summarise(name, predictions, jets)
        )

    return [evaluation("base", 1.0, False), evaluation("with_vertex", 1.4, True)]


@pytest.fixture(scope="session")
def shown(held_out, jets):
    """A b jet with several tracks and a valid fit."""
    perfect = held_out.references["perfect"]
    row = int(np.flatnonzero((jets.flavour == 0) & perfect.valid & (jets.n_tracks > 3))[0])
    return Shown(example=read_example(held_out.sample, jets, row), fits={"perfect": take(perfect, [row])})
