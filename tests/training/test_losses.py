"""Each loss, worked by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import log_loss

from ndive.data import Batch, Truth
from ndive.models import TaggerOutput, VertexerOutput
from ndive.models.heads import Head
from ndive.tracks import Jet, Tracks
from ndive.training import TrainConfig, preset
from ndive.training.losses import (
    LOSS_NAMES,
    Mean,
    absolute_error,
    batch_losses,
    euclidean_error,
    flavour_loss,
    loss_weights,
    mean_over,
    no_losses,
    origin_loss,
    pairing_loss,
    total_loss,
    vertex_errors,
    weight_loss,
)
from ndive.vertexing import Vertex

LN2 = np.log(2)


def test_flavour() -> None:
    """Probabilities (1/2, 1/4, 1/4), labels 0 and 2, and a jet of padding: (ln 2 + ln 4) / 2."""
    logits = jnp.log(jnp.array([[2.0, 1, 1], [2, 1, 1], [9, 1, 1]]))
    labels = jnp.array([0, 2, -1])
    assert flavour_loss(logits, labels, (1, 1, 1)).value() == pytest.approx(1.5 * LN2, rel=1e-6)


def test_flavour_with_class_weights() -> None:
    """ln 2 counted 0.1 times and ln 4 counted 0.3 times: 0.7 ln 2 / 0.4, as scikit-learn weighs samples."""
    logits = jnp.log(jnp.array([[2.0, 1, 1], [2, 1, 1], [9, 1, 1]]))
    value = flavour_loss(logits, jnp.array([0, 2, -1]), (0.1, 5, 0.3)).value()
    probabilities = [[0.5, 0.25, 0.25]] * 2
    expected = log_loss([0, 2], probabilities, sample_weight=[0.1, 0.3], labels=[0, 1, 2])
    assert value == pytest.approx(expected, rel=1e-6)
    assert value == pytest.approx(0.7 / 0.4 * LN2, rel=1e-6)


def test_origin() -> None:
    """Three real tracks: ln 2, ln 4 and ln 4; a masked one and one without a label do not count."""
    logits = jnp.log(jnp.array([[[2.0, 1, 1, 1e-9]] * 3, [[2.0, 1, 1, 1e-9]] * 3]))
    origin = jnp.array([[0, 1, 0], [2, -1, 1]])
    mask = jnp.array([[True, True, False], [True, True, False]])
    assert origin_loss(logits, origin, mask).value() == pytest.approx(5 / 3 * LN2, rel=1e-5)


def test_pairing() -> None:
    """Two tracks of one vertex, one without: 4 ordered pairs are the same, 5 are not; all odds are 3 to 1."""
    logits = jnp.full((1, 4, 4), np.log(3.0))
    index = jnp.array([[1, 1, -2, 1]])
    mask = jnp.array([[True, True, True, False]])
    expected = (4 * np.log(4 / 3) + 5 * np.log(4)) / 9
    loss = pairing_loss(logits, index, mask)
    assert loss.count == 9
    assert loss.value() == pytest.approx(expected, rel=1e-6)


def test_pairing_equals_the_published_average() -> None:
    """In value and gradient: one row of concatenated inputs for each ordered pair of real tracks."""
    rng = np.random.default_rng(3)
    tracks, jets = rng.normal(size=(2, 3, 5)).astype("float32"), rng.normal(size=(2, 5)).astype("float32")
    index, mask = np.array([[1, 1, 0], [-2, 2, 2]]), np.array([[True, True, True], [True, False, True]])
    head = Head(15, 1, key=jax.random.key(1))

    def ours(head: Head, tracks: jax.Array) -> jax.Array:
        logits = jax.vmap(lambda one, jet: head([one[:, None], one[None, :], jet])[..., 0])(tracks, jets)
        return pairing_loss(logits, jnp.asarray(index), jnp.asarray(mask)).value()

    def published(head: Head, tracks: jax.Array) -> jax.Array:
        jet, i, j = np.nonzero(mask[:, :, None] & mask[:, None, :])
        x = jnp.concatenate([tracks[jet, i], tracks[jet, j], jets[jet]], axis=-1)
        for layer in head.layers[:-1]:
            x = jax.nn.relu(layer(x))
        logits = head.layers[-1](x)[:, 0]
        same = (index[jet, i] == index[jet, j]) & (index[jet, i] >= 0)
        return -jnp.mean(jnp.log(jax.nn.sigmoid(jnp.where(same, logits, -logits))))

    found = jax.value_and_grad(ours, argnums=(0, 1))(head, tracks)
    expected = jax.value_and_grad(published, argnums=(0, 1))(head, tracks)
    for mine, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_two_unlinked_tracks_do_not_match() -> None:
    certain = pairing_loss(jnp.full((1, 2, 2), -30.0), jnp.array([[-2, -2]]), jnp.ones((1, 2), bool))
    assert certain.value() == pytest.approx(0, abs=1e-6)


def test_vertex_errors() -> None:
    position, target = jnp.array([[3.0, 0, 4]]), jnp.array([[0.0, 0, 0]])
    assert absolute_error(position, target) == pytest.approx(7 / 3)
    assert euclidean_error(position, target) == pytest.approx(5)
    assert jax.grad(lambda x: euclidean_error(x, x * 0))(jnp.zeros(3)) == pytest.approx([0, 0, 0])


@pytest.mark.parametrize(("length", "expected"), [(0.5, 0.5), (4.0, 0.5 / 4)])
def test_vertex_error_over_the_decay_length(length: float, expected: float) -> None:
    config = TrainConfig(use_mse_loss=True, normalize_vertex_loss=True)
    target = jnp.array([[0.0, 0, length]])
    assert vertex_errors(target + jnp.array([0, 0.5, 0]), target, config) == pytest.approx(expected)


def test_weights() -> None:
    """-ln 0.8 for a decay track of weight 0.8, -ln 0.75 for another track of weight 0.25."""
    loss = weight_loss(
        jnp.array([[0.8, 0.25, 0.9]]), jnp.array([[1.0, 0, 0]]), jnp.array([[True, True, False]])
    )
    assert loss.value() == pytest.approx((np.log(1 / 0.8) + np.log(1 / 0.75)) / 2, rel=1e-6)


def test_certain_and_wrong_weights_are_finite() -> None:
    loss = weight_loss(jnp.array([[0.0, 1.0]]), jnp.array([[1.0, 0.0]]), jnp.ones((1, 2), bool))
    assert loss.value() == pytest.approx(-np.log(1e-6), rel=0.02)


def test_means_add_up_over_batches() -> None:
    first = mean_over(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([True, True, False]))
    second = mean_over(jnp.array([6.0]), jnp.array([True]))
    both = jax.tree.map(jnp.add, first, second)
    assert both.value() == pytest.approx(3.0)
    assert no_losses()["vertex"].value() == 0


def vertex(position: np.ndarray, chi2: np.ndarray, status: np.ndarray) -> Vertex:
    jets = len(chi2)
    return Vertex(
        position=jnp.asarray(position),
        covariance=jnp.zeros((jets, 3, 3)),
        sandwich_covariance=jnp.zeros((jets, 3, 3)),
        track_chi2=jnp.zeros((jets, 1)),
        chi2=jnp.asarray(chi2),
        ndf=jnp.ones(jets, jnp.int32),
        momenta=jnp.zeros((jets, 1, 3)),
        iterations=jnp.ones(jets, jnp.int32),
        status=jnp.asarray(status, jnp.int32),
    )


def batch(*, flavour: list[int], mask: bool, vertex_index: int = 0) -> Batch:
    jets = len(flavour)
    tracks = Tracks.from_errors(jnp.ones((jets, 1, 5)), jnp.ones((jets, 1, 5)), jnp.full((jets, 1), mask))
    truth = Truth(
        flavour=jnp.array(flavour),
        origin=jnp.zeros((jets, 1), jnp.int32),
        vertex_index=jnp.full((jets, 1), vertex_index),
        hadron_vertex=jnp.zeros((jets, 3)),
        perfect_weights=jnp.ones((jets, 1)),
    )
    return Batch(jet=Jet(jnp.ones(jets), jnp.ones(jets), jnp.ones(jets), tracks), truth=truth)


def test_only_valid_fits_of_real_jets_count() -> None:
    fitted = vertex(
        np.array([[3.0, 0, 0], [99, 0, 0], [50, 0, 0]]), np.array([2.0, 7, 9]), np.array([0, 2, 0])
    )
    output = VertexerOutput(weights=jnp.full((3, 1), 0.5), vertex=fitted, ghost_weight=None)
    means = batch_losses(output, batch(flavour=[0, 1, -1], mask=True), TrainConfig())
    assert means["vertex"].value() == pytest.approx(1.0)
    assert means["chi2"].value() == pytest.approx(2.0)
    assert means["vertex"].count == 1
    assert means["flavour"].count == 0


def test_a_batch_with_nothing_in_it_is_zero_with_zero_gradient() -> None:
    """No known flavour, no real track, no pair, no valid fit."""
    nothing = batch(flavour=[-1, -1], mask=False, vertex_index=-2)
    fitted = vertex(np.zeros((2, 3)), np.zeros(2), np.array([2, 2]))

    def total(x: jax.Array) -> jax.Array:
        output = TaggerOutput(
            flavour_logits=jnp.full((2, 3), x),
            origin_logits=jnp.full((2, 1, 4), x),
            pairing_logits=jnp.full((2, 1, 1), x),
            weights=jnp.full((2, 1), x),
            vertex=fitted,
        )
        config = TrainConfig(model_name="FTAG", chi_squared_loss=True, track_weight_loss=True)
        means = batch_losses(output, nothing, config)
        assert set(means) == set(LOSS_NAMES)
        return total_loss(means, loss_weights(config))

    value, slope = jax.jit(jax.value_and_grad(total))(jnp.asarray(0.3))
    assert value == 0
    assert slope == 0


def test_weights_of_the_losses() -> None:
    assert loss_weights(preset("final_ndive_only")) == {"vertex": 1.0}
    assert loss_weights(preset("final_ftag_base")) == {"flavour": 1.0, "origin": 0.5, "pairing": 1.5}
    everything = TrainConfig(model_name="FTAG", chi_squared_loss=True, track_weight_loss=True)
    assert loss_weights(everything) == {
        **{"flavour": 1.0, "origin": 0.5, "pairing": 1.5},
        **{"vertex": 0.1, "chi2": 0.001, "weight": 1.0},
    }
    means = {name: Mean(total=jnp.asarray(4.0), count=jnp.asarray(2.0)) for name in LOSS_NAMES}
    assert total_loss(means, loss_weights(everything)) == pytest.approx(2 * 4.101)
