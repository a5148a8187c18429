"""`ndive export` as ONNX: files that run without JAX and say what the fit and the models say."""

import subprocess
import sys

import numpy as np
import onnx
import pytest

from tests.cli.test_export import exported, jets_of_few_tracks
from tests.conftest import perigee
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
    expected = fit_by_scipy(perigee, jets.parameters[0], jets.covariance[0], weights[0], jets.vertex[0])
    error = np.sqrt(np.diagonal(expected.covariance))
    assert found["vertex_status"].tolist() == [0, 2, 2]
    assert np.all(np.abs(found["vertex_position"][0] - expected.position) < 0.01 * error)
    assert found["vertex_chi2"][0] == pytest.approx(expected.chi2, rel=1e-3)
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
