"""Running models over a sample: every jet once, in order."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ndive.evaluation import inference
from ndive.evaluation.inference import predict, read_jets
from ndive.vertexing import fit_vertex


def test_the_jets_are_those_of_the_file(rows, sample, monkeypatch):
    monkeypatch.setattr(inference, "JETS_AT_ONCE", 20)
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


def test_many_jets_in_small_files_are_worth_more_programs(sample, tagger, monkeypatch):
    asked = []
    monkeypatch.setattr(inference, "slots_for", lambda n_jets, slots: asked.append(n_jets) or (slots,))
    predict(tagger, sample, range(3))
    predict(tagger, sample, range(3), n_jets=90_000)
    assert asked == [sample.n_jets, 90_000]
