"""`ndive export` as StableHLO: a file that runs without this package and says what the model says."""

import os
import subprocess
import sys

import equinox as eqx
import jax
import numpy as np
import pytest

from ndive import Jet, Tracks
from ndive.cli import main
from ndive.models import ModelConfig, build_model, identity_normalisation, save_model
from tests.conftest import make_toy_jets, perigee
from tests.vertexing.reference import fit_by_scipy

pytestmark = pytest.mark.usefixtures("quick_compilation")

RUN = """
import sys
import jax.export, numpy as np
exported = jax.export.deserialize(bytearray(open(sys.argv[1], "rb").read()))
found = exported.call(dict(np.load(sys.argv[2])))
assert not any(name.partition(".")[0] == "ndive" for name in sys.modules)
np.savez(sys.argv[3], **found)
"""


def exported(*call):
    """Call the verb in a process without the run-time checks of shapes, which take no symbolic ones."""
    done = subprocess.run(
        [sys.executable, "-m", "ndive", "export", *map(str, call)], capture_output=True, text=True, check=True
    )
    return done.stdout


def run_elsewhere(program, inputs, directory):
    """The outputs of an exported file in a process that does not know this package."""
    np.savez(directory / "in.npz", **inputs)
    files = [str(program), str(directory / "in.npz"), str(directory / "out.npz")]
    hurried = {**os.environ, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    subprocess.run([sys.executable, "-c", RUN, *files], env=hurried, check=True)
    return dict(np.load(directory / "out.npz"))


def jets_of_few_tracks():
    """Three jets in three slots, of 3, 1 and no tracks, as arrays in single precision."""
    jets = make_toy_jets(jets=3, tracks=3, seed=7)
    mask = np.arange(3) < np.array([3, 1, 0])[:, None]
    arrays = {"parameters": jets.parameters, "covariance": jets.covariance, "field": np.full(3, 2.0)}
    return jets, {name: np.float32(array) for name, array in arrays.items()} | {"mask": mask}


def test_the_fit_alone_runs_without_the_package_and_agrees_with_scipy(tmp_path):
    jets, inputs = jets_of_few_tracks()
    weights = np.float32([[0.9, 0.4, 0.7]] * 3)
    said = exported("fit", "--output", tmp_path / "fit.stablehlo")
    assert "up to 512 jets and 7680 track slots a call; inputs parameters, covariance" in said
    found = run_elsewhere(tmp_path / "fit.stablehlo", inputs | {"weights": weights}, tmp_path)
    expected = fit_by_scipy(perigee, jets.parameters[0], jets.covariance[0], weights[0], jets.vertex[0])
    error = np.sqrt(np.diagonal(expected.covariance))
    assert found["vertex_status"].tolist() == [0, 2, 2]
    assert np.all(np.abs(found["vertex_position"][0] - expected.position) < 0.01 * error)
    assert found["vertex_chi2"][0] == pytest.approx(expected.chi2, rel=1e-3)
    assert all(np.isfinite(array).all() for array in found.values())


def test_a_tagger_says_the_same_elsewhere(tmp_path):
    config = ModelConfig(model="FTAG", vertexer="ndive", layers=0)
    model = eqx.filter_jit(build_model)(config, identity_normalisation(), key=jax.random.key(3))
    save_model(tmp_path / "best.eqx", model, config)
    exported(tmp_path / "best.eqx", "--output", tmp_path / "tagger.stablehlo")
    _, inputs = jets_of_few_tracks()
    axis = {"pt": [50, 80, 30], "eta": [0.4, -1, 0.2], "phi": [1, 2, 3]}
    inputs |= {name: np.float32(value) for name, value in axis.items()}
    found = run_elsewhere(tmp_path / "tagger.stablehlo", inputs, tmp_path)
    tracks = Tracks(*(inputs[name] for name in ("parameters", "covariance", "mask", "field")))
    jets = Jet(*(jax.numpy.asarray(inputs[name]) for name in axis), tracks)
    output = jax.jit(jax.vmap(model))(jets)
    exponential = np.exp(np.float64(output.flavour_logits))
    np.testing.assert_allclose(
        found["flavour"], exponential / exponential.sum(axis=-1, keepdims=True), atol=1e-5
    )
    vertex = output.vertex
    assert found["vertex_status"].tolist() == vertex.status.tolist()
    error = np.sqrt(np.diagonal(vertex.covariance, axis1=-2, axis2=-1))
    assert np.all(np.abs(found["vertex_position"] - vertex.position) < 0.01 * error)
    assert found["origin"].shape == (3, 3, 4)
    np.testing.assert_allclose(found["origin"].sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("config", "word"),
    [
        (ModelConfig(model="FTAG", vertexer="true_vertex", ghost=False, layers=0), "true_vertex"),
        (ModelConfig(model="NDIVE", activation="perfect", ghost=False), "perfect"),
    ],
)
def test_what_reads_the_truth_is_refused(config, word, tmp_path, told):
    model = eqx.filter_jit(build_model)(config, identity_normalisation(), key=jax.random.key(0))
    save_model(tmp_path / "best.eqx", model, config)
    said = told(["export", "best.eqx", "--output", "it.stablehlo"])
    assert word in said
    assert "reads the truth" in said


def test_the_state_for_pytorch_is_that_of_the_model(tmp_path, capsys):
    numbers = pytest.importorskip("safetensors.numpy")
    config = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=0)
    model = eqx.filter_jit(build_model)(config, identity_normalisation(), key=jax.random.key(3))
    save_model(tmp_path / "best.eqx", model, config)
    output = tmp_path / "tagger.safetensors"
    assert main(["export", str(tmp_path / "best.eqx"), "-o", str(output), "--format", "pytorch"]) == 0
    assert capsys.readouterr().out.startswith(
        f"pytorch of '{tmp_path / 'best.eqx'}' in '{output}': any number"
    )
    state = numbers.load_file(output)
    np.testing.assert_array_equal(
        state["heads.flavour.layers.0.weight"], model.heads.flavour.layers[0].weight.T
    )
    np.testing.assert_array_equal(state["normalisation.mean"], np.zeros(18))


def test_without_its_extra_the_state_is_refused(tmp_path, told, monkeypatch):
    config = ModelConfig(model="NDIVE", activation="none")
    save_model(
        tmp_path / "best.eqx", build_model(config, identity_normalisation(), key=jax.random.key(0)), config
    )
    monkeypatch.setitem(sys.modules, "safetensors", None)
    said = told(["export", "best.eqx", "-o", "state", "-f", "pytorch"])
    assert said == (
        "ndive: the format pytorch needs the extra 'torch': "
        "pip install 'ndive[torch]', in a clone uv sync --inexact --extra torch\n"
    )


def test_a_file_has_no_epochs_and_the_fit_no_state(told):
    assert "'best.eqx' is one file: leave out --epoch" in told(
        ["export", "best.eqx", "-o", "x", "--epoch", "3"]
    )
    assert "it is ndive.torch.VertexFit" in told(["export", "fit", "-o", "x", "--format", "pytorch"])


def test_an_unknown_model_a_directory_and_a_file_that_is_there_are_refused(tmp_path, told):
    assert "no trained model 'nobody'" in told(["export", "nobody", "--output", "x", "--models", "."])
    assert "is a directory" in told(["export", "fit", "--output", "."])
    there = tmp_path / "there"
    there.write_text("kept")
    assert f"output '{there}' is there" in told(["export", "fit", "-o", str(there)])
    assert there.read_text() == "kept"
