"""Trained models in PyTorch: they say what the same models say in JAX."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import CheckpointError, ConfigError
from ndive.models import ModelConfig, Normalisation, build_model, split_trainable
from ndive.tracks import Tracks
from tests.models.jets import random_jet, with_slots

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from ndive.export.torch_state import write_torch_state  # noqa: E402
from ndive.torch import NDIVE, Jets, Tagger, load_model  # noqa: E402

pytestmark = pytest.mark.usefixtures("quick_compilation")

TAGGER = ModelConfig(model="FTAG", vertexer="ndive", layers=1, heads=2)
ALL_PROPAGATED = ModelConfig(model="FTAG", vertexer="ndive", layers=0, ghost=False, propagated_errors=True)
BASE = ModelConfig(model="FTAG", vertexer="none", layers=1, heads=4, one_hot=True)
VERTEXER = ModelConfig(model="NDIVE", activation="softmax", layers=0, ghost=False, clip=True)
ALL_TRACKS = ModelConfig(model="NDIVE", activation="none")


def made(config, seed=0):
    """A model whose arrays, those of the normalisation too, are all drawn at random."""
    random = np.random.default_rng(seed)
    normalisation = Normalisation(
        mean=jnp.asarray(random.normal(size=18), jnp.float32),
        scale=jnp.asarray(random.uniform(0.5, 3, 18), jnp.float32),
        vertex_scale=jnp.asarray(random.uniform(0.5, 3, 3), jnp.float32),
    )
    model = eqx.filter_jit(build_model)(config, normalisation, key=jax.random.key(seed))
    trained, rest = split_trainable(model)
    return eqx.combine(jax.tree.map(lambda x: x + random.normal(0, 0.1, x.shape).astype("f4"), trained), rest)


@pytest.fixture(scope="module")
def jets():
    """Jets of 5, 3, 1 and no tracks in six slots, of which the masked ones hold nonsense."""
    several = [with_slots(random_jet(n, seed=n), 6, 1e9) for n in (5, 3, 1, 0)]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *several)


def tensors_of(jets):
    tracks = jets.tracks
    arrays = (jets.pt, jets.eta, jets.phi, tracks.parameters, tracks.covariance, tracks.mask, tracks.field)
    return Jets(*(torch.tensor(np.asarray(array)) for array in arrays))


def in_torch(model, config, path):
    write_torch_state(path, model, config)
    return load_model(path)


def assert_same_vertex(found, expected):
    np.testing.assert_array_equal(found.status, expected.status)
    error = np.sqrt(np.diagonal(expected.covariance, axis1=-2, axis2=-1))
    assert np.all(np.abs(found.position.detach().numpy() - expected.position) < 0.01 * error)


@pytest.mark.parametrize(
    "config", [TAGGER, ALL_PROPAGATED, BASE], ids=["with the fit", "errors about the vertex", "without"]
)
def test_a_tagger_says_the_same(config, jets, tmp_path):
    model = made(config)
    expected = jax.jit(jax.vmap(model))(jets)
    found = in_torch(model, config, tmp_path / "tagger.safetensors")(tensors_of(jets))
    real = np.asarray(jets.tracks.mask)
    pairs = real[:, :, None] & real[:, None, :]
    for logits, theirs, where in (
        (found.flavour_logits, expected.flavour_logits, ...),
        (found.origin_logits, expected.origin_logits, real),
    ):
        probabilities = jax.nn.softmax(theirs, axis=-1)
        np.testing.assert_allclose(
            logits.softmax(-1).detach().numpy()[where], probabilities[where], atol=1e-5
        )
    pairing = jax.nn.sigmoid(expected.pairing_logits)[pairs]
    np.testing.assert_allclose(found.pairing_logits.sigmoid().detach().numpy()[pairs], pairing, atol=1e-5)
    if config.vertexer == "none":
        assert found.vertex is found.weights is found.ghost_weight is None
    else:
        assert_same_vertex(found.vertex, expected.vertex)
        np.testing.assert_allclose(found.weights.detach(), expected.weights, atol=1e-5)
        if config.ghost:
            np.testing.assert_allclose(found.ghost_weight.detach(), expected.ghost_weight, atol=1e-5)


@pytest.mark.parametrize("config", [VERTEXER, ALL_TRACKS], ids=["softmax", "all tracks and the ghost"])
def test_a_vertexer_says_the_same(config, jets, tmp_path):
    model = made(config)
    expected = jax.jit(jax.vmap(model))(jets)
    with torch.no_grad():
        found = in_torch(model, config, tmp_path / "ndive.safetensors")(tensors_of(jets))
    assert_same_vertex(found.vertex, expected.vertex)
    np.testing.assert_allclose(found.weights, expected.weights, atol=1e-5)


def test_scores_that_sank_are_raised_alike(jets, tmp_path):
    config = ModelConfig(model="NDIVE", layers=0)
    model = eqx.tree_at(lambda one: one.weigher.out.bias, made(config), jnp.full(1, -90.0))
    expected = jax.jit(jax.vmap(model))(jets)
    with torch.no_grad():
        found = in_torch(model, config, tmp_path / "ndive.safetensors")(tensors_of(jets))
    assert_same_vertex(found.vertex, expected.vertex)
    some = np.asarray(jets.tracks.mask).any(axis=1)
    largest = np.maximum(np.asarray(expected.weights).max(axis=1), expected.ghost_weight)
    np.testing.assert_allclose(largest[some], np.exp(-20.0), rtol=1e-4)
    np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-3, atol=1e-15)


def test_it_goes_on_training_but_for_the_normalisation(jets, tmp_path):
    config = ModelConfig(model="NDIVE", layers=0)
    model = made(config)
    module = in_torch(model, config, tmp_path / "ndive.safetensors")
    vertex = module(tensors_of(jets)).vertex
    vertex.position[:2].square().sum().backward()
    gradient = jax.grad(
        lambda trained, rest: jnp.sum(
            jax.vmap(eqx.combine(trained, rest))(jax.tree.map(lambda x: x[:2], jets)).vertex.position ** 2
        )
    )(*split_trainable(model))
    assert {name for name, _ in module.named_buffers()} == {
        f"normalisation.{name}" for name in ("mean", "scale", "vertex_scale")
    }
    for ours, theirs in (
        (module.weigher.out.weight.grad, gradient.weigher.out.weight.T),
        (module.weigher.encoder.dense[0].weight.grad, gradient.weigher.encoder.dense[0].weight.T),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-3 * np.abs(theirs).max())


@pytest.mark.parametrize(
    "config", [ModelConfig(activation="perfect"), ModelConfig(model="FTAG", vertexer="true_vertex")]
)
def test_what_reads_the_truth_has_no_module(config):
    with pytest.raises(ConfigError, match="reads the truth"):
        (Tagger if config.model == "FTAG" else NDIVE)(config)


def test_a_tagger_without_a_vertexer_has_a_module_whatever_its_activation():
    Tagger(ModelConfig(model="FTAG", vertexer="none", activation="perfect"))


def test_what_is_no_state_is_refused(tmp_path):
    path = tmp_path / "tagger.safetensors"
    path.write_bytes(b"not one")
    with pytest.raises(CheckpointError, match=r"tagger.safetensors': not a file of 'ndive export --format"):
        load_model(path)
    write_torch_state(path, made(VERTEXER), BASE)
    with pytest.raises(CheckpointError, match="its arrays are not those of its configuration"):
        load_model(path)


def test_tracks_of_other_places_are_seen_from_a_point(tmp_path):
    """The helices about another point are those of `Tracks.at`, far turned ones too."""
    from ndive.export.torch_features import move_perigee

    random = np.random.default_rng(3)
    q = random.normal(size=(1, 50, 5)) * [1, 5, 2, 0.3, 4] + [0, 0, 0, np.pi / 2, 0]
    tracks = Tracks(q.astype("f4"), np.tile(np.eye(5, dtype="f4"), (1, 50, 1, 1)))
    point = np.float32([[30, -40, 5]])
    found = move_perigee(
        torch.tensor(np.asarray(tracks.parameters)), torch.tensor(point)[:, None], torch.tensor(2.0)
    )
    np.testing.assert_allclose(found, tracks.at(point).parameters, rtol=1e-4, atol=1e-4)
