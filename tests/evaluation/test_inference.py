"""Running models over a sample: every jet once, in order, computed once."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.evaluation import inference
from ndive.evaluation.cache import cached
from ndive.evaluation.inference import predict, read_jets
from ndive.evaluation.predictions import JetTable, Predictions
from ndive.vertexing import fit_vertex
from tests.evaluation.toys import toy_jets, toy_predictions


def test_the_jets_are_those_of_the_file(rows, sample, monkeypatch):
    monkeypatch.setattr(inference, "BATCH_SIZE", 20)
    told = []
    jets = read_jets(sample, report=told.append)
    np.testing.assert_array_equal(jets.flavour, rows["jets"]["flavour_label"])
    np.testing.assert_allclose(jets.pt, rows["jets"]["pt"] / 1e3, rtol=1e-6)
    np.testing.assert_array_equal(jets.n_tracks, rows["jets"]["n_tracks"])
    heavy = np.isin(rows["tracks"]["ftagTruthOriginLabel"], (3, 4, 5))
    np.testing.assert_array_equal(jets.decay, heavy & rows["tracks"]["valid"])
    assert told == [20, 20, 5]


def test_the_reference_fits_weigh_all_tracks_and_the_true_ones(held_out):
    jets, fits = held_out.jets, held_out.references
    np.testing.assert_array_equal(fits["none"].track_weights, jets.real)
    np.testing.assert_array_equal(fits["perfect"].track_weights, jets.perfect_weights)
    alone = fit_vertex(held_out.sample.read(3, 4).jet.tracks)
    assert bool(alone.valid[0])
    sigma = np.sqrt(np.diagonal(np.asarray(alone.covariance[0])))
    np.testing.assert_array_less(
        np.abs(fits["none"].position[3] - np.asarray(alone.position[0])), 0.05 * sigma
    )


def test_a_tagger_gives_each_jet_what_it_gives_it_alone(sample, tagger):
    predictions = predict(tagger, sample)
    assert predictions.vertices is None
    np.testing.assert_allclose(predictions.flavour.sum(axis=1), 1, rtol=1e-5)
    alone = eqx.filter_jit(tagger)
    for row in (0, 21, 44):
        jet = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), sample.read(row, row + 1).jet)
        expected = jax.nn.softmax(alone(jet).flavour_logits)
        np.testing.assert_allclose(predictions.flavour[row], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("vertices", [True, False])
def test_what_is_kept_comes_back_whole(tmp_path, vertices):
    made = toy_predictions(toy_jets(20), vertices=vertices)
    cached(tmp_path, {"model": "a"}, Predictions, lambda: made)
    back = cached(tmp_path, {"model": "a"}, Predictions, lambda: pytest.fail("computed twice"))
    assert jax.tree.structure(back) == jax.tree.structure(made)
    for one, other in zip(jax.tree.leaves(back), jax.tree.leaves(made), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("change", [{"model": "b"}, {"epoch": 3}, {"sample": "other"}, {"version": "9"}])
def test_any_change_computes_anew(tmp_path, change):
    key = {"model": "a", "epoch": 2, "sample": "s", "version": "1"}
    cached(tmp_path, key, JetTable, lambda: toy_jets(3))
    assert len(cached(tmp_path, key | change, JetTable, lambda: toy_jets(4)).flavour) == 4


def test_a_damaged_file_is_computed_anew(tmp_path):
    cached(tmp_path, {"model": "a"}, JetTable, lambda: toy_jets(3))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:200])
    assert len(cached(tmp_path, {"model": "a"}, JetTable, lambda: toy_jets(4)).flavour) == 4
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_where_computing_fails(tmp_path):
    with pytest.raises(ZeroDivisionError):
        cached(tmp_path, {"model": "a"}, JetTable, lambda: 1 / 0)
    assert list(tmp_path.iterdir()) == []
