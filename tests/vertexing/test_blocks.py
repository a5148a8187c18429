"""Many jets, which are fitted by blocks, against the same jets a few at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.tracks import Tracks
from ndive.vertexing import beam_spot, fit_vertex
from ndive.vertexing.blocks import BLOCK

pytestmark = pytest.mark.usefixtures("quick_compilation", "x64")

SLOTS = 4
JETS = BLOCK // SLOTS + 1
"""One more than a block, so that the blocks are not filled."""


@pytest.fixture(scope="module")
def jets(toy_jets):
    return toy_jets(jets=JETS, tracks=SLOTS, seed=31)


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(32).uniform(0.05, 1, (2, JETS, SLOTS))


def of_the_fit(parameters, weights, covariance, mean, start):
    """The vertices, and the slope of the sum of all numbers of their positions in parameters and weights."""

    def summed(parameters, weights):
        constraint = beam_spot(mean, np.diag([1.0, 1.0, 1e4]))
        vertex = fit_vertex(Tracks(parameters, covariance), weights, constraint, start)
        return jnp.sum(vertex.position), vertex

    slopes, vertex = jax.grad(summed, argnums=(0, 1), has_aux=True)(parameters, weights)
    return vertex, *slopes


def test_two_vertices_of_each_of_many_jets_are_those_of_the_jets_in_pieces(jets, weights):
    # The tracks have no axis of the two vertices, the beam spot none of the jets, the start all of them.
    mean = np.array([[[0.0, 0.0, 0.0]], [[0.5, 0.0, 0.0]]])
    start = np.random.default_rng(33).normal(0, 0.1, (2, JETS, 3))
    assert weights.size > BLOCK
    vertex, of_parameters, of_weights = jax.jit(of_the_fit)(
        jets.parameters, weights, jets.covariance, mean, start
    )
    some = jax.jit(of_the_fit)
    for first in (0, JETS // 2, JETS - 300):
        part = slice(first, first + 300)
        expected, slope, weight_slope = some(
            jets.parameters[part], weights[:, part], jets.covariance[part], mean, start[:, part]
        )
        jax.tree.map(
            lambda whole, piece, part=part: np.testing.assert_allclose(
                whole[:, part], piece, rtol=1e-8, atol=1e-10
            ),
            vertex,
            expected,
        )
        np.testing.assert_allclose(of_parameters[part], slope, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(of_weights[:, part], weight_slope, rtol=1e-6, atol=1e-8)


def test_many_vertices_of_one_jet_are_those_of_a_few(jets, weights):
    one = Tracks(jets.parameters[0], jets.covariance[0])
    fit = jax.jit(lambda weights: fit_vertex(one, weights).position)
    many = fit(weights[0])
    np.testing.assert_allclose(many[:20], fit(weights[0, :20]), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(many[-20:], fit(weights[0, -20:]), rtol=1e-8, atol=1e-10)


def test_mapped_jets_are_those_of_a_batch(jets, weights):
    def fit(parameters, covariance, weights):
        return fit_vertex(Tracks(parameters, covariance), weights)

    arrays = jets.parameters, jets.covariance, weights[0]
    mapped, batch = jax.jit(jax.vmap(fit))(*arrays), jax.jit(fit)(*arrays)
    jax.tree.map(
        lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10), mapped, batch
    )
