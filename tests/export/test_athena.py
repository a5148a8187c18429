"""Models as ATLAS software calls them: columns in, names out."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.export.athena import JET_INPUTS, gnn_config, named_program, of_one_jet, vertex_outputs
from ndive.export.columns import JET_COLUMNS, TRACK_COLUMNS, jets_of
from ndive.models import ModelConfig, build_model, identity_normalisation
from ndive.schema import load_schema
from ndive.vertexing import Vertex

pytestmark = pytest.mark.usefixtures("quick_compilation")

JET = np.float32([[50e3, 0.5, 1.2], [80e3, -1.1, -2.0]])
"""Two jets in MeV."""


def track_rows():
    """Two jets of two slots: two tracks, and one track before an empty slot."""
    rng = np.random.default_rng(2)
    rows = np.zeros((2, 2, len(TRACK_COLUMNS)), np.float32)
    rows[..., :5] = rng.normal(0, 0.5, (2, 2, 5)) * [0.1, 0.2, 1, 0.1, 2e-4] + [0, 0, 1, 1.4, 3e-4]
    rows[..., 5:10] = [0.02, 0.1, 2e-4, 3e-4, 2e-6]
    rows[..., 10:] = rng.uniform(-0.3, 0.3, (2, 2, 10))
    rows[1, 1] = np.nan
    return rows


@pytest.fixture(scope="module")
def tagger():
    config = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=0)
    return eqx.filter_jit(build_model)(config, identity_normalisation(), key=jax.random.key(1))


def test_columns_become_tracks_in_gev_with_their_covariance():
    rows = track_rows()
    jets = jets_of(jnp.asarray(JET), jnp.asarray(rows), 1.5)
    np.testing.assert_allclose(jets.pt, [50, 80], rtol=1e-6)
    assert jets.tracks.mask.tolist() == [[True, True], [True, False]]
    assert jets.tracks.field.tolist() == [1.5, 1.5]
    named = dict(zip(TRACK_COLUMNS, rows[0, 1], strict=True))
    np.testing.assert_allclose(jets.tracks.parameters[0, 1, 4], named["qOverP"] * 1e3, rtol=1e-6)
    covariance = np.asarray(jets.tracks.covariance[0, 1])
    assert covariance[3, 4] == pytest.approx(
        named["corr_theta_qOverP"] * named["thetaUncertainty"] * named["qOverPUncertainty"] * 1e3, rel=1e-5
    )
    assert covariance[1, 0] == pytest.approx(
        named["corr_d0_z0"] * named["d0Uncertainty"] * named["z0Uncertainty"], rel=1e-5
    )
    np.testing.assert_allclose(np.sqrt(covariance[2, 2]), named["phiUncertainty"], rtol=1e-6)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-6)


def test_the_columns_are_those_of_a_file_that_serves_to_predict():
    schema = load_schema()
    needs = schema.jobs["predict"].needs
    assert set(JET_COLUMNS) == set(needs["jets"])
    assert set(TRACK_COLUMNS[:10]) == set(needs["tracks"]) - {"valid"}
    assert set(TRACK_COLUMNS[10:]) == {name for name in schema.datasets["tracks"] if "corr_" in name}


def test_outputs_are_those_of_the_model_and_a_jet_alone_gives_the_same(tagger):
    rows = track_rows()
    program = jax.jit(named_program(tagger, "GNX", 2.0))
    found = program({"jet_features": JET, "track_features": rows})
    output = jax.jit(jax.vmap(tagger))(jets_of(jnp.asarray(JET), jnp.asarray(rows), 2.0))
    weight = np.exp(np.float64(output.flavour_logits))
    for k, name in enumerate(("GNX_pb", "GNX_pc", "GNX_pu")):
        np.testing.assert_allclose(found[name], weight[:, k] / weight.sum(axis=-1), atol=1e-6)
    values = np.array([origin.value for origin in load_schema().origin_classes])
    origin = values[np.argmax(output.origin_logits, axis=-1)]
    assert found["GNX_TrackOrigin"].tolist() == [origin[0].tolist(), [origin[1, 0], -1]]
    assert {found["GNX_TrackOrigin"].dtype, found["GNX_VertexIndex"].dtype} == {np.dtype(np.int8)}
    assert found["GNX_VertexIndex"][1].tolist() == [0, -1]
    of_one = jax.jit(of_one_jet(program))
    alone = of_one({"jet_features": JET[1:], "track_features": rows[1, :1]})
    assert alone["GNX_pb"].shape == ()
    np.testing.assert_allclose(alone["GNX_pb"], found["GNX_pb"][1], atol=1e-6)
    assert alone["GNX_TrackOrigin"].shape == (1,)
    assert of_one({"jet_features": JET[:1], "track_features": rows[0, :0]})["GNX_pb"] > 0


def test_vertices_have_the_names_of_their_columns():
    matrix, number = jnp.arange(9.0).reshape(1, 3, 3), jnp.array([4])
    vertex = Vertex(
        position=jnp.array([[1.0, 2.0, 3.0]]),
        covariance=matrix,
        sandwich_covariance=matrix,
        track_chi2=jnp.zeros((1, 2)),
        chi2=jnp.zeros(1),
        ndf=number,
        momenta=jnp.zeros((1, 2, 3)),
        iterations=number,
        status=number,
    )
    named = vertex_outputs(vertex)
    names = ("x", "y", "z", "cov_xz", "cov_yz", "status")
    assert [float(named[f"vertex_{name}"][0]) for name in names] == [1, 2, 3, 2, 5, 4]
    columns = load_schema().datasets["vertices"]
    assert {name.removeprefix("vertex_") for name in named} <= set(columns)


def test_the_metadata_name_every_column_and_output(tagger):
    program = of_one_jet(named_program(tagger, "GNX", 2.0))
    config = json.loads(gnn_config("GNX", program, JET_INPUTS, 2.0)["gnn_config"])
    assert config["onnx_model_version"] == "v1"
    assert set(config["output_names"]) == {
        *("GNX_pb", "GNX_pc", "GNX_pu"),
        *("GNX_TrackOrigin", "GNX_VertexIndex"),
    }
    (jet,) = config["inputs"]
    assert jet["variables"][0] == {"name": "pt", "offset": 0.0, "scale": 1.0}
    (sequence,) = config["input_sequences"]
    assert sequence["name"].startswith("tracks_")
    assert [variable["name"] for variable in sequence["variables"]] == list(TRACK_COLUMNS)
