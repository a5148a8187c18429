"""Laws of the fit: symmetries of space, of the order of tracks and jets, and of the weights."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndive.tracks import Tracks
from ndive.vertexing import Status, fit_vertex
from tests.laws.drawing import angles, law, points, seeds

pytestmark = pytest.mark.usefixtures("quick_compilation", "x64")

SLOTS = 5
KINDS = ("plain", "straight", "at_pi", "two_tracks", "no_weight", "one_track", "no_track")
DETERMINED = [KINDS.index(kind) for kind in ("plain", "straight", "at_pi", "two_tracks")]


@pytest.fixture(scope="module")
def jets_of(toy_jets):
    """Tracks and weights of a jet of each kind, for a seed."""

    def make(seed):
        rng = np.random.default_rng(seed)
        jets = toy_jets(jets=len(KINDS), tracks=SLOTS, seed=seed, prompt=0.2, pt=4.0)
        parameters, mask = jets.parameters.copy(), np.ones((len(KINDS), SLOTS), bool)
        weights = rng.uniform(0.05, 1, mask.shape) * 10 ** rng.uniform(-2, 2, (len(KINDS), 1))
        weights[0, 3] = 0
        straight, at_pi = KINDS.index("straight"), KINDS.index("at_pi")
        parameters[straight, :, 4] = [0, 1e-12, -1e-12, 1e-7, -1e-3]
        parameters[at_pi, :, 2] += np.pi - np.mean(parameters[at_pi, :1, 2])
        parameters[at_pi, 0, 2] = np.pi
        mask[KINDS.index("two_tracks"), 2:] = False
        mask[KINDS.index("one_track"), 1:] = False
        mask[KINDS.index("no_track")] = False
        weights[KINDS.index("no_weight")] = 0
        parameters[..., 2] = (parameters[..., 2] + np.pi) % (2 * np.pi) - np.pi
        parameters[~mask], covariance = np.nan, np.where(mask[..., None, None], jets.covariance, np.nan)
        return Tracks(parameters, covariance, mask), weights

    return make


@pytest.fixture(scope="module")
def fit():
    """The vertices, and the slopes of position and chi2 in the weights, in one compiled function."""

    @jax.jit
    def fitted(tracks, weights):
        def differentiated(weights):
            vertex = fit_vertex(tracks, weights)
            return jnp.concatenate([vertex.position, vertex.chi2[:, None]], axis=-1), vertex

        _, pull, vertex = jax.vjp(differentiated, weights, has_aux=True)
        along = jnp.broadcast_to(jnp.eye(4)[:, None], (4, len(weights), 4))
        slopes = jax.vmap(pull)(along)[0]
        return vertex, slopes[:3], slopes[3]

    def checked(tracks, weights):
        out = jax.tree.map(np.asarray, fitted(tracks, jnp.asarray(weights)))
        assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(out))
        vertex, slopes, chi2_slopes = out
        return SimpleNamespace(**vars(vertex)), slopes, chi2_slopes

    return checked


moved = jax.jit(lambda tracks, point: tracks.at(point))


def rotation(angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def assert_same(vertex, expected):
    """The same answer, positions to a millionth of their errors."""
    np.testing.assert_array_equal(vertex.status, expected.status)
    np.testing.assert_array_equal(vertex.ndf, expected.ndf)
    errors = np.sqrt(np.diagonal(expected.covariance, axis1=-2, axis2=-1))
    np.testing.assert_allclose(vertex.position / errors, expected.position / errors, atol=1e-6)
    for name in ("covariance", "sandwich_covariance"):
        mine, theirs = getattr(vertex, name), getattr(expected, name)
        sigma = np.sqrt(np.diagonal(theirs, axis1=-2, axis2=-1))
        off = (mine - theirs) / (sigma[:, :, None] * sigma[:, None, :])
        np.testing.assert_allclose(off, 0, atol=1e-6)
    np.testing.assert_allclose(vertex.chi2, expected.chi2, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(vertex.track_chi2, expected.track_chi2, rtol=1e-6, atol=1e-7)
    off = vertex.momenta - expected.momenta
    off[..., 0] = (off[..., 0] + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(off, 0, atol=1e-8)


def converged(vertex):
    return vertex.status == Status.converged


def changed(vertex, **fields):
    """The expected answer: a vertex with some of its fields changed."""
    return SimpleNamespace(**(vars(vertex) | fields))


def replaced(tracks, **fields):
    """The tracks with some of their fields changed."""
    return Tracks(**(vars(tracks) | fields))


def in_mirror(tracks, signs):
    """Parameters and covariance with the signs of the five flipped."""
    signs = np.array(signs)
    return {
        "parameters": tracks.parameters * signs,
        "covariance": tracks.covariance * signs[:, None] * signs,
    }


@law
@given(seeds)
def test_determined_jets_converge_and_the_others_say_why(jets_of, fit, seed):
    vertex, *_ = fit(*jets_of(seed))
    assert np.all(vertex.status[DETERMINED] == Status.converged)
    assert np.all(np.delete(vertex.status, DETERMINED) == Status.undetermined)


@law
@given(seeds, angles)
def test_a_turn_about_the_beam_turns_the_vertex(jets_of, fit, seed, angle):
    tracks, weights = jets_of(seed)
    vertex, slopes, _ = fit(tracks, weights)
    other, turned_slopes, _ = fit(
        replaced(tracks, parameters=tracks.parameters + np.array([0, 0, angle, 0, 0])), weights
    )
    R = rotation(angle)
    expected = changed(
        vertex,
        position=vertex.position @ R.T,
        covariance=R @ vertex.covariance @ R.T,
        sandwich_covariance=R @ vertex.sandwich_covariance @ R.T,
        momenta=vertex.momenta + (vertex.track_chi2 > 0)[..., None] * np.array([angle, 0, 0]),
    )
    assert_same(other, expected)
    scale = np.abs(slopes).max(axis=(0, 2))[None, :, None] + 1e-12
    np.testing.assert_allclose(turned_slopes / scale, np.einsum("ij,jbn->ibn", R, slopes) / scale, atol=1e-5)


@law
@given(seeds)
def test_a_mirror_that_holds_the_beam_flips_y_and_charge(jets_of, fit, seed):
    tracks, weights = jets_of(seed)
    vertex, *_ = fit(tracks, weights)
    other, *_ = fit(replaced(tracks, **in_mirror(tracks, [-1, 1, -1, 1, -1])), weights)
    flip = np.array([1, -1, 1])
    expected = changed(
        vertex,
        position=vertex.position * flip,
        covariance=vertex.covariance * flip[:, None] * flip,
        sandwich_covariance=vertex.sandwich_covariance * flip[:, None] * flip,
        momenta=vertex.momenta * np.array([-1, 1, -1]),
    )
    assert_same(other, expected)


@law
@given(seeds)
def test_field_and_charge_flip_together(jets_of, fit, seed):
    tracks, weights = jets_of(seed)
    vertex, *_ = fit(tracks, weights)
    flipped = replaced(tracks, **in_mirror(tracks, [1, 1, 1, 1, -1]), field=-tracks.field)
    other, *_ = fit(flipped, weights)
    assert_same(other, changed(vertex, momenta=vertex.momenta * np.array([1, 1, -1])))


@law
@given(seeds, points())
def test_a_jet_carried_elsewhere_takes_its_vertex_along(jets_of, fit, seed, shift):
    tracks, weights = jets_of(seed)
    vertex, *_ = fit(tracks, weights)
    other, *_ = fit(replaced(tracks, reference=tracks.reference + shift), weights)
    assert_same(other, changed(vertex, position=vertex.position + shift))


@law
@given(seeds, points(20.0))
def test_the_reference_point_does_not_matter_to_tracks_that_meet(toy_jets, fit, seed, point):
    # A Gaussian about one point is one about another to first order only, so the residuals are small:
    # a ten thousandth of their errors.
    jets = toy_jets(jets=len(KINDS), tracks=SLOTS, seed=seed, pt=4.0)
    off = (jets.parameters - jets.truth + np.pi) % (2 * np.pi) - np.pi
    tracks = Tracks(jets.truth + 1e-4 * off, jets.covariance)
    weights = np.random.default_rng(seed).uniform(0.05, 1, (len(KINDS), SLOTS))
    vertex, *_ = fit(tracks, weights)
    other, *_ = fit(moved(tracks, np.broadcast_to(point, (len(KINDS), 3))), weights)
    errors = np.sqrt(np.diagonal(vertex.covariance, axis1=-2, axis2=-1))
    assert np.all(converged(vertex))
    np.testing.assert_allclose((vertex.position - jets.vertex) / errors, 0, atol=3e-3)
    np.testing.assert_allclose((vertex.position - other.position) / errors, 0, atol=1e-4)
    np.testing.assert_allclose(vertex.covariance, other.covariance, rtol=1e-3, atol=1e-3 * errors.min() ** 2)


@law
@given(seeds, st.permutations(range(SLOTS)))
def test_the_order_of_tracks_does_not_matter(jets_of, fit, seed, order):
    tracks, weights = jets_of(seed)
    vertex, slopes, _ = fit(tracks, weights)
    mixed = Tracks(tracks.parameters[:, order], tracks.covariance[:, order], tracks.mask[:, order])
    other, mixed_slopes, _ = fit(mixed, weights[:, order])
    expected = changed(vertex, track_chi2=vertex.track_chi2[:, order], momenta=vertex.momenta[:, order])
    assert_same(other, expected)
    np.testing.assert_allclose(mixed_slopes, slopes[..., order], rtol=1e-5, atol=1e-8)


@law
@given(seeds, st.permutations(range(len(KINDS))))
def test_a_jet_does_not_see_the_others_of_its_batch(jets_of, fit, seed, order):
    tracks, weights = jets_of(seed)
    vertex, *_ = fit(tracks, weights)
    other, *_ = fit(jax.tree.map(lambda leaf: leaf[np.array(order)], tracks), weights[order])
    assert_same(other, changed(vertex, **{name: leaf[order] for name, leaf in vars(vertex).items()}))
    np.testing.assert_array_equal(other.iterations, vertex.iterations[order])


@law
@given(seeds)
def test_a_track_without_weight_is_as_good_as_none(jets_of, fit, seed):
    tracks, weights = jets_of(seed)
    left_out = np.arange(SLOTS) == 4
    without, *_ = fit(tracks, np.where(left_out, 0, weights))
    masked, *_ = fit(replaced(tracks, mask=tracks.mask & ~left_out), weights)
    none = left_out[:, None]
    expected = changed(
        without,
        track_chi2=np.where(left_out, 0, without.track_chi2),
        momenta=np.where(none, 0, without.momenta),
    )
    assert_same(masked, expected)


@law
@given(seeds, st.floats(1e-6, 1e6))
def test_the_unit_of_the_weights_is_free(jets_of, fit, seed, scale):
    tracks, weights = jets_of(seed)
    vertex, slopes, chi2_slopes = fit(tracks, weights)
    other, scaled_slopes, scaled_chi2_slopes = fit(tracks, weights * scale)
    expected = changed(
        vertex,
        covariance=np.where(converged(vertex)[:, None, None], vertex.covariance / scale, vertex.covariance),
        chi2=vertex.chi2 * scale,
    )
    assert_same(other, expected)
    largest = np.abs(slopes).max(axis=(0, 2))[None, :, None] + 1e-12
    np.testing.assert_allclose(scaled_slopes * scale / largest, slopes / largest, atol=1e-5)
    np.testing.assert_allclose(scaled_chi2_slopes, chi2_slopes, rtol=1e-5, atol=1e-7)


@law
@given(seeds)
def test_the_vertex_does_not_move_along_the_weights(jets_of, fit, seed):
    tracks, weights = jets_of(seed)
    _, slopes, _ = fit(tracks, weights)
    terms = np.where(np.asarray(tracks.mask), weights, 0) * slopes
    largest = np.abs(terms).max(axis=(0, 2))
    assert np.all(largest[DETERMINED] > 0)
    assert np.all(np.abs(terms.sum(axis=-1)) <= 1e-6 * largest)


@law
@given(seeds)
def test_the_slope_of_chi2_in_a_weight_is_the_chi2_of_its_track(jets_of, fit, seed):
    tracks, weights = jets_of(seed)
    vertex, _, chi2_slopes = fit(tracks, weights)
    assert np.all((weights[0] == 0) == (np.arange(SLOTS) == 3))
    assert vertex.track_chi2[0, 3] > 0
    np.testing.assert_allclose(chi2_slopes, vertex.track_chi2, rtol=1e-6, atol=1e-9)


@law
@given(seeds)
def test_with_weights_of_one_both_covariances_are_equal(jets_of, fit, seed):
    tracks, weights = jets_of(seed)
    vertex, *_ = fit(tracks, np.ones_like(weights))
    np.testing.assert_allclose(vertex.sandwich_covariance, vertex.covariance, rtol=1e-9, atol=1e-9)
