"""The published helpers: arrays with their keys and columns, against the file and the model themselves."""

import itertools

import numpy as np
import pytest

from ndive.errors import ArgumentError, CheckpointError, SampleError
from ndive.evaluation import (
    get_param_count,
    get_test_output,
    get_test_output_list,
    inference,
    load_trained,
    predictions_of,
)
from ndive.evaluation.published import _outputs
from tests.evaluation.toys import toy_jets, toy_predictions


@pytest.fixture(autouse=True)
def model_path(models, monkeypatch):
    monkeypatch.setenv("NDIVE_MODEL_PATH", str(models))
    monkeypatch.setattr(inference, "JETS_AT_ONCE", 45)


@pytest.fixture
def arrays(sample):
    return get_test_output("tagger", samples=sample.paths[0])


def test_keys_shapes_and_order_are_the_published_ones(arrays, rows):
    assert list(arrays) == [f"{f}_{what}_arr" for f in "bcu" for what in ("input", "output")]
    for label, f in enumerate("bcu"):
        count = (rows["jets"]["flavour_label"] == label).sum()
        assert arrays[f"{f}_input_arr"].shape == (count, 15, 51)
        assert arrays[f"{f}_output_arr"].shape == (count, 31)


def test_inputs_are_those_of_the_file(arrays, rows):
    jets, tracks = rows["jets"], rows["tracks"]
    c = jets["flavour_label"] == 1
    jet, track, inputs = jets[c], tracks[c], arrays["c_input_arr"][:, :6]
    valid = track["valid"]
    theta, q_over_p = track["theta"][valid], track["qOverP"][valid]
    expected = {
        0: np.sin(theta) / np.abs(q_over_p) / 1e3,
        1: track["d0"][valid],
        3: track["phi"][valid],
        9: track["d0Uncertainty"][valid],
        17: track["truth_prod_y"][valid],
        21: np.repeat(jet["hadron_z"], jet["n_tracks"]),
        22: np.repeat(jet["n_tracks"], jet["n_tracks"]),
        23: track["ftagTruthVertexIndex"][valid],
        25: np.repeat(2 * np.arctan(np.exp(-jet["eta"])), jet["n_tracks"]),
        26: np.repeat(jet["pt"], jet["n_tracks"]) / 1e3,
        28: 4,
        44: 0,
        45: 1,
        47: track["ftagTruthOriginLabel"][valid] == 3,
        48: np.isin(track["ftagTruthOriginLabel"][valid], (4, 5)),
        49: track["ftagTruthOriginLabel"][valid] == 2,
    }
    for column, values in expected.items():
        np.testing.assert_allclose(inputs[valid][:, column], values, rtol=2e-5, err_msg=str(column))
    assert not inputs[~valid].any()
    assert not arrays["c_input_arr"][:, 6:].any()


def test_same_vertex_flags_join_tracks_of_one_index(arrays, rows):
    b = rows["jets"]["flavour_label"] == 0
    index = rows["tracks"]["ftagTruthVertexIndex"][b]
    for flags, jet in zip(arrays["b_input_arr"][..., 29:44], index, strict=True):
        expected = np.array([[one == other and one >= 0 for other in jet] for one in jet])
        np.testing.assert_array_equal(flags[:6, :6] > 0, expected)


def test_outputs_are_those_of_the_model(arrays, rows, sample, models):
    predictions = predictions_of(load_trained("tagger", models), sample)
    c = rows["jets"]["flavour_label"] == 1
    np.testing.assert_array_equal(arrays["c_output_arr"][:, :3], predictions.flavour[c])
    assert not arrays["c_output_arr"][:, 3:].any()


def test_a_vertex_its_covariance_and_the_weights_have_their_columns():
    made = toy_predictions(toy_jets(9))
    outputs, fit = _outputs(made, 9), made.vertices
    np.testing.assert_allclose(outputs[:, 4], fit.position[:, 1], rtol=1e-6)
    np.testing.assert_allclose(outputs[:, 8], fit.covariance[:, 0, 2], rtol=1e-6)
    np.testing.assert_allclose(outputs[:, 15], fit.ghost_weight, rtol=1e-6)
    np.testing.assert_allclose(outputs[:, 16:24], fit.track_weights, rtol=1e-6)
    assert not outputs[:, 24:].any()


def test_all_copies_come_in_a_list_and_nothing_is_computed_twice(sample, monkeypatch):
    (first,) = get_test_output_list("tagger", samples=sample.paths[0])
    monkeypatch.setattr(inference, "one_ahead", lambda *_: pytest.fail("read again"))
    monkeypatch.setenv("NDIVE_SAMPLES_PATH", str(sample.paths[0]))
    again = get_test_output("tagger")
    np.testing.assert_array_equal(again["u_output_arr"], first["u_output_arr"])


def dense(*widths):
    return sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(widths))


def test_the_parameters_are_those_of_the_layers():
    encoder, pooling = dense(18 + 3, 32, 32, 32, 32), dense(32, 1)
    heads = sum(dense(inputs, 64, 32, 16, outputs) for inputs, outputs in ((32, 3), (64, 4), (96, 1)))
    assert get_param_count("tagger") == encoder + pooling + heads


def test_what_is_not_there_is_said(sample, monkeypatch):
    monkeypatch.delenv("NDIVE_SAMPLES_PATH", raising=False)
    with pytest.raises(ArgumentError, match="NDIVE_SAMPLES_PATH"):
        get_test_output("tagger")
    with pytest.raises(CheckpointError, match="no copies"):
        get_test_output("tagger", model_number=2, samples=sample.paths[0])
    monkeypatch.setattr("ndive.evaluation.published.SLOTS", 5)
    with pytest.raises(SampleError, match="6 track slots"):
        get_test_output("tagger", samples=sample.paths[0])
