"""Jets computed in blocks of like numbers of tracks, and put back in order."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax

from ndive.data import Batch, Sample
from ndive.evaluation import Predictions, inference, outputs, predict
from ndive.evaluation.grouping import vertex_indices
from ndive.evaluation.outputs import NO_JET, arranged, computed, predictions
from ndive.models import Model, ModelConfig, build_model, identity_normalisation
from ndive.training import forward, stacking
from tests.evaluation.conftest import SLOTS

MOST = 60
CUTS = (1, 3, SLOTS)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch, quick_compilation: None) -> None:
    """Blocks of seven jets."""
    monkeypatch.setattr(outputs, "JETS_A_BLOCK", 7)


@pytest.fixture
def scattered(sample: Sample) -> Batch:
    """The jets of the sample, their tracks in any slots."""
    batch = sample.read(0, sample.n_jets)
    slots = np.random.default_rng(3).permuted(np.tile(np.arange(SLOTS), (sample.n_jets, 1)), axis=1)
    rows = np.arange(sample.n_jets)[:, None], slots
    return jax.tree.map(lambda leaf: leaf[rows] if leaf.shape[1:2] == (SLOTS,) else leaf, batch)


def a_model(**options: object) -> Model:
    config = ModelConfig(layers=1, **options)  # type: ignore[arg-type]
    return build_model(config, identity_normalisation(), key=jax.random.key(5))


def in_blocks(model: Model, batch: Batch) -> Predictions:
    jets = arranged(batch, MOST, CUTS)
    return predictions(computed(model, jets), jets)


def test_every_jet_is_in_one_block_that_holds_all_its_tracks(scattered: Batch) -> None:
    jets = arranged(scattered, MOST, CUTS)
    n_jets = len(scattered.truth.flavour)
    assert jets.rows.shape == (-(-MOST // 7) + len(CUTS) - 1, 7)
    used = jets.rows != NO_JET
    assert_array_equal(np.sort(jets.rows[used]), np.arange(n_jets))
    assert np.all(np.diff(used.any(axis=-1).astype(int)) <= 0)
    mask, n_tracks = np.asarray(jets.blocks.jets.jet.tracks.mask), jets.real.sum(axis=-1)
    assert_array_equal(mask, np.arange(SLOTS) < mask.sum(axis=-1, keepdims=True))
    assert_array_equal(mask.sum(axis=-1)[used], n_tracks[jets.rows[used]])
    needs = np.broadcast_to(np.asarray(jets.blocks.needs)[:, None], used.shape)
    assert_array_equal(needs[used], np.searchsorted(CUTS, n_tracks[jets.rows[used]]))
    assert not mask[~used].any()
    assert len(np.unique(np.asarray(jets.blocks.needs)[used.any(axis=-1)])) == len(CUTS)


@pytest.mark.parametrize("vertexer", ["none", "true_vertex"])
def test_a_tagger_in_blocks_says_what_it_says_of_all_slots(scattered: Batch, vertexer: str) -> None:
    model = a_model(model="FTAG", vertexer=vertexer)
    whole = jax.jit(forward)(model, scattered)
    found = in_blocks(model, scattered)
    real = np.asarray(scattered.jet.tracks.mask)
    assert_allclose(found.flavour, softmax(whole.flavour_logits, axis=-1), rtol=1e-4, atol=1e-6)
    assert_allclose(found.origin[real], softmax(whole.origin_logits, axis=-1)[real], rtol=1e-4, atol=1e-6)
    assert_array_equal(found.origin[~real], 0)
    assert_array_equal(found.vertex_index, vertex_indices(np.asarray(whole.pairing_logits), real))
    assert found.vertices is None


@pytest.mark.parametrize("model", ["NDIVE", "FTAG"])
def test_fits_in_blocks_are_those_of_all_slots(x64: None, scattered: Batch, model: str) -> None:
    fitting = a_model(model=model, vertexer="ndive", ghost=True)
    batch = jax.tree.map(lambda leaf: leaf.astype(float) if leaf.dtype == np.float32 else leaf, scattered)
    whole = jax.jit(forward)(fitting, batch)
    found = in_blocks(fitting, batch)
    real, vertices = np.asarray(batch.jet.tracks.mask), found.vertices
    assert vertices is not None
    assert_array_equal(vertices.status, whole.vertex.status)
    assert vertices.valid.sum() > 20
    for name in ("position", "covariance", "sandwich_covariance", "chi2"):
        expected = np.asarray(getattr(whole.vertex, name))[vertices.valid]
        assert_allclose(getattr(vertices, name)[vertices.valid], expected, rtol=1e-6, atol=1e-9)
    assert_allclose(vertices.track_weights[real], np.asarray(whole.weights)[real], rtol=1e-9)
    assert_array_equal(vertices.track_weights[~real], 0)
    assert_allclose(vertices.ghost_weight, whole.ghost_weight, rtol=1e-9)
    if model == "FTAG":
        expected = softmax(np.asarray(whole.flavour_logits), axis=-1)[vertices.valid]
        assert_allclose(found.flavour[vertices.valid], expected, rtol=1e-6)


def test_a_jet_is_told_the_same_in_any_company(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacking, "SLOT_COUNTS", CUTS[:-1])
    monkeypatch.setattr(stacking, "WORTH_COMPILING", 0)
    model = a_model(model="FTAG", vertexer="none")
    together = predict(model, sample)
    monkeypatch.setattr(inference, "JETS_AT_ONCE", 11)
    for start, stop in ((0, sample.n_jets), (5, 32)):
        apart = predict(model, sample, range(start, stop))
        assert_array_equal(apart.vertex_index, together.vertex_index[start:stop])
        assert_allclose(apart.flavour, together.flavour[start:stop], rtol=1e-5)
        assert_allclose(apart.origin, together.origin[start:stop], rtol=1e-5)


def test_blocks_without_a_jet_are_not_computed(scattered: Batch) -> None:
    jets = arranged(scattered, MOST, CUTS)
    model = a_model(model="FTAG", vertexer="none")
    model = eqx.tree_at(lambda tagger: tagger.heads.flavour.layers[-1].bias, model, jnp.ones(3))
    output = computed(model, jets)
    unused = (jets.rows == NO_JET).all(axis=-1)
    assert unused.any()
    assert not jnp.any(output.flavour_logits[unused])
    assert jnp.all(output.flavour_logits[~unused])
