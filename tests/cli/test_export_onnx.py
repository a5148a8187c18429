"""`ndive export` as ONNX: files that run without JAX and say what the fit and the models say."""

import json
import subprocess
import sys
from itertools import combinations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import onnx
import pytest

from ndive import Jet, Tracks, fit_vertex
from ndive.export.program import TRACKS
from ndive.models import ModelConfig, build_model, identity_normalisation, save_model
from tests.cli.test_export import exported, jets_of_few_tracks
from tests.conftest import make_toy_jets, perigee
from tests.vertexing.reference import fit_by_scipy

RUN = """
import sys
for unwanted in ("jax", "jaxlib", "ndive", "torch"):
    sys.modules[unwanted] = None
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
names = [output.name for output in session.get_outputs()]
for given, found in zip(sys.argv[2::2], sys.argv[3::2]):
    np.savez(found, **dict(zip(names, session.run(None, dict(np.load(given))))))
"""


def run_elsewhere(path, inputs, directory):
    """The outputs for several inputs in one process of ONNX Runtime that has neither JAX nor this package."""
    files = []
    for number, arrays in enumerate(inputs):
        files += [directory / f"in_{number}.npz", directory / f"out_{number}.npz"]
        np.savez(files[-2], **arrays)
    call = [sys.executable, "-c", RUN, path, *files]
    done = subprocess.run(list(map(str, call)), capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [dict(np.load(found)) for found in files[1::2]]


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "fit.onnx"
    said = exported("fit", "--format", "onnx", "--output", path)
    assert "any number of jets and track slots a call; inputs parameters, covariance" in said
    return path


def test_the_fit_alone_agrees_with_scipy_and_takes_any_number_of_jets_and_slots(fit, tmp_path):
    jets, inputs = jets_of_few_tracks()
    weights = np.float32([[0.9, 0.4, 0.7]] * 3)
    inputs |= {"weights": weights}
    lone = {name: array[:1, :1] if array.ndim > 1 else array[:1] for name, array in inputs.items()}
    without_slots = {name: array[:, :0] if array.ndim > 1 else array for name, array in inputs.items()}
    without_jets = {name: array[:0] for name, array in inputs.items()}
    many = {name: np.tile(array, (1000, *[1] * (array.ndim - 1))) for name, array in inputs.items()}
    given = [inputs, lone, without_slots, without_jets, many]
    found, of_one, of_none, nothing, of_many = run_elsewhere(fit, given, tmp_path)
    exact = {
        name: np.float64(array) if array.dtype == np.float32 else array for name, array in inputs.items()
    }
    expected = fit_by_scipy(
        perigee, exact["parameters"][0], exact["covariance"][0], exact["weights"][0], jets.vertex[0]
    )
    error = np.sqrt(np.diagonal(expected.covariance))
    assert found["vertex_status"].tolist() == [0, 2, 2]
    assert np.all(np.abs(found["vertex_position"][0] - expected.position) < 1e-3 * error)
    assert found["vertex_chi2"][0] == pytest.approx(expected.chi2, rel=1e-5)
    with jax.enable_x64(True):
        vertex = fit_vertex(Tracks(*(exact[name] for name in TRACKS)), exact["weights"])
    for name in ("position", "covariance", "chi2", "track_chi2", "momenta"):
        np.testing.assert_allclose(found[f"vertex_{name}"], getattr(vertex, name), rtol=1e-6, atol=1e-9)
    assert all(np.isfinite(array).all() for array in found.values())
    assert of_one["vertex_status"].tolist() == [2]
    assert of_none["vertex_status"].tolist() == [2, 2, 2]
    assert of_none["vertex_track_chi2"].shape == (3, 0)
    assert nothing["vertex_position"].shape == (0, 3)
    assert of_many["vertex_status"].tolist() == [0, 2, 2] * 1000
    np.testing.assert_allclose(of_many["vertex_position"][-3], expected.position, atol=0.01 * error.min())


def test_the_file_tells_its_operators_and_shapes(fit):
    model = onnx.load(fit)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 21)]
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes["covariance"] == ["b", "n", 5, 5]
    assert shapes["mask"] == ["b", "n"]
    assert shapes["vertex_position"] == ["b", 3]


def test_without_the_extra_it_says_how_to_get_it(monkeypatch, told):
    monkeypatch.setitem(sys.modules, "jax2onnx", None)
    monkeypatch.delitem(sys.modules, "ndive.export.onnx_graph", raising=False)
    said = told(["export", "fit", "--format", "onnx", "--output", "fit.onnx"])
    assert "the format onnx needs the extra 'onnx': pip install 'ndive[onnx]'" in said


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A tagger and the file of it for one jet a call."""
    directory = tmp_path_factory.mktemp("tagger") / "GN_toy-1"
    config = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=1)
    model = eqx.filter_jit(build_model)(config, identity_normalisation(), key=jax.random.key(4))
    save_model(directory / "best.eqx", model, config)
    exported(directory / "best.eqx", "--format", "athena", "--output", directory / "athena.onnx")
    return model, directory / "athena.onnx"


def columns_of(parameters, covariance):
    """Tracks `[n, 5]` and `[n, 5, 5]` in GeV as rows of a jets file, in MeV."""
    error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    correlation = covariance / error[..., :, None] / error[..., None, :]
    pairs = [correlation[..., i, j] for i, j in combinations(range(5), 2)]
    in_mev = np.array([1, 1, 1, 1, 1e-3])
    return np.float32(
        np.concatenate([parameters * in_mev, error * in_mev, np.stack(pairs, axis=-1)], axis=-1)
    )


def tracks_of(rows):
    """Parameters and covariance in double precision of rows of a jets file."""
    values, in_gev = np.float64(rows), np.array([1, 1, 1, 1, 1e3])
    parameters, error = values[:, :5] * in_gev, values[:, 5:10] * in_gev
    correlation = np.tile(np.eye(5), (len(rows), 1, 1))
    for column, (i, j) in enumerate(combinations(range(5), 2), start=10):
        correlation[:, i, j] = correlation[:, j, i] = values[:, column]
    return parameters, correlation * error[:, :, None] * error[:, None, :]


def in_double(model):
    return jax.tree.map(lambda x: x.astype(np.float64) if eqx.is_inexact_array(x) else x, model)


def test_a_tagger_takes_one_jet_of_any_number_of_tracks(tagger, tmp_path):
    model, path = tagger
    jets = make_toy_jets(jets=1, tracks=4, seed=3)
    rows = columns_of(jets.parameters[0], jets.covariance[0])
    jet_features = np.float32([[60e3, 0.3, 1.1]])
    counts = (4, 1, 0)
    given = [{"jet_features": jet_features, "track_features": rows[:count]} for count in counts]
    for count, found in zip(counts, run_elsewhere(path, given, tmp_path), strict=True):
        mask = np.arange(4) < count
        with jax.enable_x64(True):
            axis = (jnp.asarray(np.float64(value)) for value in (60, *jet_features[0, 1:]))
            output = in_double(model)(Jet(*axis, Tracks(*tracks_of(rows), mask)))
        weight = np.exp(np.asarray(output.flavour_logits))
        flavour = np.stack([found[f"GNtoy1_p{letter}"] for letter in "bcu"])
        assert flavour.shape == (3,)
        np.testing.assert_allclose(flavour, weight / weight.sum(), atol=1e-6)
        origin = np.array([3, 5, 2, 7])[np.argmax(output.origin_logits, axis=-1)]
        assert found["GNtoy1_TrackOrigin"].tolist() == origin[:count].tolist()
        assert found["GNtoy1_VertexIndex"].shape == (count,)
        assert found["GNtoy1_VertexIndex"].dtype == np.int8


def test_athena_finds_names_ranks_and_types(tagger):
    model = onnx.load(tagger[1])
    (metadata,) = model.metadata_props
    config = json.loads(metadata.value)
    ranks = {output.name: len(output.type.tensor_type.shape.dim) for output in model.graph.output}
    assert metadata.key == "gnn_config"
    assert config["output_names"] == list(ranks)
    assert ranks == dict.fromkeys(["GNtoy1_pb", "GNtoy1_pc", "GNtoy1_pu"], 0) | dict.fromkeys(
        ["GNtoy1_TrackOrigin", "GNtoy1_VertexIndex"], 1
    )
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in model.graph.input
    }
    assert shapes == {"jet_features": [1, 3], "track_features": ["n", 20]}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["fit", "--format", "athena"], "no features of jets"),
        (["fit", "--field", "0"], "up to 10 tesla"),
        (["best.eqx", "--format", "onnx", "--name", "my_model"], "letters and digits"),
    ],
)
def test_what_cannot_be_is_refused(options, word, tmp_path, told):
    config = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=0)
    model = eqx.filter_jit(build_model)(config, identity_normalisation(), key=jax.random.key(0))
    save_model(tmp_path / "best.eqx", model, config)
    assert word in told(["export", *options, "--output", "it.onnx"])
