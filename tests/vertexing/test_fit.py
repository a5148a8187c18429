"""The minimum, its covariance and its gradient against scipy and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2, kstest

from ndive.tracks import Tracks
from ndive.vertexing import Status, beam_spot, fit_vertex, line
from tests.vertexing.reference import fit_by_scipy

pytestmark = pytest.mark.usefixtures("quick_compilation", "x64")

KINDS = {
    "prompt": {"flight": 0.01},
    "b_like": {"prompt": 0.4},
    "far": {"flight": 60.0},
    "soft": {"pt": 0.5},
    "two_tracks": {"real": 2},
}


@pytest.fixture(scope="module")
def fit():
    """One compiled fit for all tests of six slots."""
    return jax.jit(lambda tracks, weights: fit_vertex(tracks, weights))


@pytest.mark.parametrize("kind", KINDS)
def test_minimum_is_that_of_scipy(kind, fit, toy_jets, toy_perigee):
    options = dict(KINDS[kind])
    real = options.pop("real", 6)
    jets = toy_jets(jets=6, tracks=6, seed=11, **options)
    weights = np.random.default_rng(5).uniform(0.05, 1, (6, 6))
    mask = np.broadcast_to(np.arange(6) < real, (6, 6))
    vertex = fit(Tracks(jets.parameters, jets.covariance, mask), weights)
    assert np.all(vertex.status == Status.converged)
    for i in range(6):
        found = fit_by_scipy(
            toy_perigee,
            jets.parameters[i],
            jets.covariance[i],
            weights[i] * mask[i],
            np.asarray(vertex.position[i]) + 0.05,
        )
        size = np.trace(found.covariance)
        np.testing.assert_allclose(vertex.position[i], found.position, atol=1e-6)
        np.testing.assert_allclose(vertex.covariance[i], found.covariance, rtol=1e-6, atol=1e-6 * size)
        np.testing.assert_allclose(vertex.chi2[i], found.chi2, atol=1e-8 * (1 + found.chi2))
        np.testing.assert_allclose(vertex.momenta[i, :real], found.momenta, rtol=1e-6, atol=1e-8)


def test_prompt_tracks_of_little_weight_do_not_hold_up_a_far_vertex(fit, toy_jets, toy_perigee):
    """A prompt track of jets 77 and 79 has neither S' nor 1 - V_bb M positive, yet its chi2 is minimal."""
    jets = toy_jets(jets=300, tracks=6, seed=21, flight=60.0, pt=1.5, prompt=0.4)
    is_prompt = np.abs(jets.truth[..., 0]) < 1e-9
    weights = np.where(is_prompt, 1e-4, 0.5)
    vertex = fit(Tracks(jets.parameters, jets.covariance), weights)
    status = vertex.status[(~is_prompt).sum(axis=1) >= 2]
    assert np.all((status == Status.converged) | (status == Status.looper_clipped))
    assert np.mean(status == Status.converged) > 0.97
    for i in (77, 79):
        start = np.asarray(vertex.position[i])
        found = fit_by_scipy(toy_perigee, jets.parameters[i], jets.covariance[i], weights[i], start)
        np.testing.assert_allclose(vertex.position[i], found.position, atol=1e-6)
        np.testing.assert_allclose(vertex.chi2[i], found.chi2, atol=1e-8 * (1 + found.chi2))


def test_minimum_with_a_beam_spot_is_that_of_scipy(toy_jets, toy_perigee):
    jets = toy_jets(jets=3, seed=3, tracks=3)
    mean, covariance = np.array([0.1, -0.2, 1.0]), np.diag([0.3, 0.2, 5.0]) ** 2
    vertex = fit_vertex(Tracks(jets.parameters, jets.covariance), constraint=beam_spot(mean, covariance))
    for i in range(3):
        found = fit_by_scipy(
            toy_perigee, jets.parameters[i], jets.covariance[i], np.ones(3), np.zeros(3), (mean, covariance)
        )
        np.testing.assert_allclose(vertex.position[i], found.position, atol=1e-6)
        np.testing.assert_allclose(vertex.chi2[i], found.chi2, rtol=1e-8)
    assert np.all(vertex.ndf == 6)


def test_one_track_and_a_line_meet(toy_jets):
    jets = toy_jets(jets=4, seed=8, tracks=1)
    direction = jets.vertex + np.array([0.3, -0.2, 0.1])
    constraint = line(np.zeros((4, 3)), direction, width=1e-4)
    vertex = fit_vertex(Tracks(jets.parameters, jets.covariance), constraint=constraint)
    unit = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    off = np.cross(np.asarray(vertex.position), unit)
    assert np.all(vertex.status == Status.converged)
    assert np.all(vertex.ndf == 1)
    assert np.all(np.linalg.norm(off, axis=-1) < 1e-3)


@pytest.mark.parametrize("real", [2, 6])
def test_gradient_in_the_weights_is_that_of_refits(real, position_of, toy_jets):
    position, reverse, forward = position_of
    jets = toy_jets(jets=6, tracks=6, seed=2, prompt=0.3)
    measured = Tracks(jets.parameters, jets.covariance, np.broadcast_to(np.arange(6) < real, (6, 6)))
    weights = jnp.asarray(np.random.default_rng(1).uniform(0.2, 1, (6, 6)))
    backward = np.stack([reverse(weights, measured, along) for along in np.eye(3)], axis=1)
    ahead = np.stack([forward(weights, measured, to) for to in np.eye(6)], axis=-1)
    expected = np.stack([_difference(lambda w: position(w, measured), weights, i) for i in range(6)], axis=-1)
    norm = np.linalg.norm(expected, axis=(1, 2))
    assert np.all(np.linalg.norm(backward - expected, axis=(1, 2)) < 1e-6 * norm)
    assert np.all(np.linalg.norm(ahead - expected, axis=(1, 2)) < 1e-6 * norm)


@pytest.fixture(scope="module")
def position_of():
    """The position as a function of the weights, its pull-back and its push-forward, compiled once."""

    def position(weights, tracks):
        return fit_vertex(tracks, weights).position

    def reverse(weights, tracks, along):
        return jax.grad(lambda w: jnp.sum(position(w, tracks) @ along))(weights)

    def forward(weights, tracks, to):
        return jax.jvp(lambda w: position(w, tracks), (weights,), (jnp.broadcast_to(to, weights.shape),))[1]

    return jax.jit(position), jax.jit(reverse), jax.jit(forward)


def _difference(function, weights, i):
    """Fourth-order central difference in the weight of track i."""
    h = 2e-3
    move = jnp.zeros_like(weights).at[:, i].set(h)
    near = function(weights + move) - function(weights - move)
    far = function(weights + 2 * move) - function(weights - 2 * move)
    return np.asarray((8 * near - far) / (12 * h))


def test_gradients_in_tracks_and_covariance_are_those_of_refits(toy_jets):
    jets = toy_jets(jets=1, seed=4, tracks=3)
    rng = np.random.default_rng(0)
    sigma = np.sqrt(np.diagonal(jets.covariance, axis1=-2, axis2=-1))
    dq = jnp.asarray(rng.normal(size=sigma.shape) * sigma)
    dV = rng.normal(size=jets.covariance.shape)
    dV = jnp.asarray((dV + np.swapaxes(dV, -1, -2)) * 0.05 * sigma[..., :, None] * sigma[..., None, :])

    @jax.jit
    def moved(t):
        vertex = fit_vertex(Tracks(jets.parameters + t[0] * dq, jets.covariance + t[1] * dV))
        return jnp.concatenate(
            [vertex.position.ravel(), vertex.covariance.ravel(), vertex.chi2, vertex.momenta.ravel()]
        )

    slope = jax.jacfwd(moved)(jnp.zeros(2))
    for j in range(2):
        step = jnp.zeros(2).at[j].set(5e-3)
        expected = (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * 5e-3)
        np.testing.assert_allclose(slope[:, j], expected, rtol=1e-5, atol=1e-7 * np.abs(expected).max())


@pytest.fixture(scope="module")
def fit_many():
    """One compiled fit for all tests of 4000 jets."""
    return jax.jit(lambda tracks, weights: fit_vertex(tracks, weights))


def test_true_vertices_give_unit_pulls_and_chi2(fit_many, toy_jets):
    jets = toy_jets(jets=4000, seed=21, tracks=5)
    vertex = fit_many(Tracks(jets.parameters, jets.covariance), np.ones((4000, 5)))
    sigma = np.sqrt(np.diagonal(vertex.covariance, axis1=-2, axis2=-1))
    pulls = (np.asarray(vertex.position) - jets.vertex) / sigma
    np.testing.assert_allclose(pulls.std(axis=0), 1, atol=0.05)
    np.testing.assert_allclose(pulls.mean(axis=0), 0, atol=0.06)
    assert np.mean(vertex.chi2) == pytest.approx(7, abs=0.25)
    assert kstest(chi2.sf(vertex.chi2, vertex.ndf), "uniform").pvalue > 0.01


def test_sandwich_covariance_keeps_pulls_with_random_weights(fit_many, toy_jets):
    jets = toy_jets(jets=4000, seed=22, tracks=5)
    weights = np.random.default_rng(3).uniform(0.05, 1, (4000, 5))
    vertex = fit_many(Tracks(jets.parameters, jets.covariance), weights)
    off = np.asarray(vertex.position) - jets.vertex
    plain = off / np.sqrt(np.diagonal(vertex.covariance, axis1=-2, axis2=-1))
    sandwich = off / np.sqrt(np.diagonal(vertex.sandwich_covariance, axis1=-2, axis2=-1))
    np.testing.assert_allclose(sandwich.std(axis=0), 1, atol=0.06)
    assert np.all(plain.std(axis=0) < 0.9)


def test_several_weights_give_several_vertices_over_the_same_tracks(fit, toy_jets):
    jets = toy_jets(jets=6, seed=6, tracks=6, prompt=0.3)
    tracks = Tracks(jets.parameters, jets.covariance)
    weights = np.random.default_rng(3).uniform(0.05, 1, (2, 6, 6))
    together = fit_vertex(tracks, weights)
    assert together.position.shape == (2, 6, 3)
    for k in range(2):
        np.testing.assert_allclose(together.position[k], fit(tracks, weights[k]).position, atol=1e-9)


def test_single_precision_agrees_to_a_fraction_of_the_error(fit_many, toy_jets):
    jets = toy_jets(jets=4000, seed=17, tracks=5, prompt=0.3)
    double = fit_many(Tracks(jets.parameters, jets.covariance), np.ones((4000, 5)))
    rounded = jets.parameters.astype(np.float32), jets.covariance.astype(np.float32)
    single = fit_many(Tracks(*rounded), np.ones((4000, 5), np.float32))
    off = np.asarray(single.position, dtype=float) - np.asarray(double.position)
    length = np.sqrt(np.einsum("bi,bij,bj->b", off, np.linalg.inv(double.covariance), off))
    assert single.position.dtype == np.float32
    assert np.all(single.valid)
    assert length.max() < 0.005


@pytest.mark.parametrize("mapped", ["weights", "parameters", "start"])
def test_mapping_over_one_argument_is_a_batch_of_it(mapped, toy_jets):
    jets = toy_jets(jets=5, seed=9, tracks=4)
    rng = np.random.default_rng(2)
    many = {
        "weights": rng.uniform(0.2, 1, (5, 4)),
        "parameters": jets.parameters,
        "start": rng.normal(size=(5, 3)),
    }
    one = {name: value[0] for name, value in many.items()}

    def position(**arguments):
        tracks = Tracks(arguments["parameters"], jets.covariance[0])
        return fit_vertex(tracks, arguments["weights"], start=arguments["start"]).position

    found = jax.vmap(lambda x: position(**(one | {mapped: x})))(many[mapped])
    for place, x in enumerate(many[mapped]):
        np.testing.assert_allclose(found[place], position(**(one | {mapped: x})), atol=1e-9)
