"""Each way a fit can end, and that a bad jet is finite, without gradient, and alone in it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import ArgumentError, ShapeError
from ndive.tracks import Tracks
from ndive.vertexing import Status, beam_spot, fit_vertex

pytestmark = pytest.mark.usefixtures("quick_compilation", "x64")

CASES = (
    "good",
    "no_tracks",
    "one_track",
    "zero_weights",
    "nan_padding",
    "nan_track",
    "infinite_weight",
    "negative_weight",
    "indefinite_covariance",
    "identical_tracks",
    "looper",
    "winding",
    "turned_round",
    "theta_beyond_pi",
)
EXPECTED = {
    "good": Status.converged,
    "no_tracks": Status.undetermined,
    "one_track": Status.undetermined,
    "zero_weights": Status.undetermined,
    "nan_padding": Status.converged,
    "nan_track": Status.not_finite,
    "infinite_weight": Status.not_finite,
    "negative_weight": Status.negative_weight,
    "indefinite_covariance": Status.covariance_not_positive_definite,
    "identical_tracks": Status.singular_normal_matrix,
    "looper": Status.looper_clipped,
    "winding": Status.looper_clipped,
    "turned_round": Status.looper_clipped,
    "theta_beyond_pi": Status.theta_out_of_range,
}


def spoilt(case, q, V, mask, w):
    """One jet of three tracks with one thing wrong."""
    q, V, mask, w = q.copy(), V.copy(), mask.copy(), w.copy()
    match case:
        case "no_tracks":
            mask[:] = False
        case "one_track":
            mask[1:] = False
        case "zero_weights":
            w[:] = 0
        case "nan_padding":
            mask[2] = False
            q[2], V[2], w[2] = np.nan, np.inf, np.nan
        case "nan_track":
            q[1, 3] = np.nan
        case "infinite_weight":
            w[1] = np.inf
        case "negative_weight":
            w[1] = -1e-3
        case "indefinite_covariance":
            V[0, 0, 1] = V[0, 1, 0] = 2 * np.sqrt(V[0, 0, 0] * V[0, 1, 1])
        case "identical_tracks":
            q[:], V[:] = [0.1, 0.2, 0.3, 1.2, 1e-12], np.diag([1e-4, 1e-2, 1e-16, 1e-16, 1e-16])
        case "looper":
            q[0] = [700.0, 0.0, 0.5, 1.5, 20.0]
            V[0] = np.diag([1e-6, 1e-6, 1e-8, 1e-8, 1e-8])
        case "winding":
            # Radius 0.5 mm about a centre 5 mm away from the origin, which is on the other side.
            q[0, 4] = np.sign(q[0, 0]) * np.sin(q[0, 3]) / 0.3e-3
            q[0, 0] *= 5.5 / np.abs(q[0, 0])
        case "turned_round":
            # With d0 at -6 standard deviations of itself phi is expected at -5.4 rad of its measurement.
            q[0, 0] = 600.0
            V[0] = np.diag([1e4, 1e-2, 1.0, 1e-4, 1e-6])
            V[0, 0, 2] = V[0, 2, 0] = 90.0
        case "theta_beyond_pi":
            q[2, 3] = 3.2
    return q, V, mask, w


@pytest.fixture(scope="module")
def batch(toy_jets):
    jets = toy_jets(jets=1, tracks=3, seed=12)
    good = jets.parameters[0], jets.covariance[0], np.ones(3, bool), np.ones(3)
    return [np.stack(parts) for parts in zip(*(spoilt(case, *good) for case in CASES), strict=True)]


@pytest.fixture(scope="module")
def fit():
    """Gradients of the sum of all results, and the vertices, of a batch of jets."""

    def total(q, V, mask, w):
        vertex = fit_vertex(Tracks(q, V, mask), w)
        scalar = vertex.position.sum() + vertex.covariance.sum() + vertex.sandwich_covariance.sum()
        return scalar + vertex.chi2.sum() + vertex.track_chi2.sum() + vertex.momenta.sum(), vertex

    compiled = jax.jit(jax.grad(total, argnums=(0, 1, 3), has_aux=True))
    return lambda batch: compiled(*map(jnp.asarray, batch))


@pytest.fixture(scope="module")
def outcome(fit, batch):
    with jax.enable_x64(True):
        return fit(batch)


def test_every_case_ends_with_its_status(outcome):
    _, vertex = outcome
    assert {case: Status(int(s)) for case, s in zip(CASES, vertex.status, strict=True)} == EXPECTED


def test_nothing_is_nan(outcome):
    gradients, vertex = outcome
    for leaf in (*gradients, *jax.tree.leaves(vertex)):
        assert np.all(np.isfinite(leaf))


def test_a_jet_without_a_fit_has_no_gradient_and_stays_at_its_start(outcome):
    gradients, vertex = outcome
    bad = ~np.asarray(vertex.valid)
    assert bad.sum() == len(CASES) - 2, "only two cases can be fitted"
    for gradient in gradients:
        assert np.all(np.asarray(gradient)[bad] == 0)
        assert np.any(np.asarray(gradient)[~bad] != 0)
    assert np.all(np.asarray(vertex.position)[bad] == 0)


def test_padding_has_no_gradient_and_changes_nothing(fit, outcome, batch):
    gradients, vertex = outcome
    padded = CASES.index("nan_padding")
    q, V, mask, w = (part.copy() for part in batch)
    q[padded, 2], V[padded, 2], w[padded, 2] = [3.0, -4.0, 1.0, 0.1, 5.0], np.eye(5), 7.0
    _, other = fit((q, V, mask, w))
    for gradient in gradients:
        assert np.all(np.asarray(gradient)[padded, 2] == 0)
    for mine, theirs in zip(jax.tree.leaves(vertex), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_neighbours_do_not_notice(fit, outcome, batch):
    _, vertex = outcome
    _, among_good = fit([np.broadcast_to(part[:1], part.shape) for part in batch])
    good = CASES.index("good")
    for mine, theirs in zip(jax.tree.leaves(vertex), jax.tree.leaves(among_good), strict=True):
        np.testing.assert_array_equal(np.asarray(mine)[good], np.asarray(theirs)[good])


def test_no_track_and_a_beam_spot_give_the_beam_spot():
    tracks = Tracks(np.zeros((1, 5)), np.zeros((1, 5, 5)), np.zeros(1, bool))
    covariance = np.diag([0.01, 0.04, 9.0])
    vertex = fit_vertex(tracks, constraint=beam_spot(np.array([0.1, 0.2, 3.0]), covariance))
    assert vertex.status == Status.converged
    np.testing.assert_allclose(vertex.position, [0.1, 0.2, 3.0], atol=1e-12)
    np.testing.assert_allclose(vertex.covariance, covariance, atol=1e-12)


def test_tracks_without_weight_do_not_hold_up_the_others(toy_jets):
    jets = toy_jets(jets=2000, tracks=4, seed=12, flight=40.0, prompt=0.4)
    weights = (np.abs(jets.truth[..., 0]) > 1e-6) * 1.0
    vertex = fit_vertex(Tracks(jets.parameters, jets.covariance), weights)
    enough = weights.sum(axis=1) >= 2
    assert np.any(weights == 0)
    assert np.all(np.asarray(vertex.status)[enough] == Status.converged)


@pytest.mark.parametrize("max_steps", [1, 2, 3])
def test_step_limit_is_told(max_steps, toy_jets):
    jets = toy_jets(jets=1, tracks=3, seed=12)
    vertex = fit_vertex(Tracks(jets.parameters[0], jets.covariance[0]), max_steps=max_steps)
    assert vertex.status == Status.step_limit
    assert vertex.iterations == max_steps
    assert not vertex.valid


@pytest.mark.parametrize(("shrunk", "least", "most"), [(1.0, 1.0, 1.0), (1e-2, 0.2, 0.8), (1e-12, 0.0, 0.0)])
def test_single_precision_tells_where_it_ends(shrunk, least, most, toy_jets):
    jets = toy_jets(jets=300, tracks=4, seed=13, flight=60.0)
    single = jnp.asarray(jets.parameters, jnp.float32), jnp.asarray(shrunk * jets.covariance, jnp.float32)
    found = fit_vertex(Tracks(*single))
    exact = fit_vertex(Tracks(*(array.astype(float) for array in single)))
    assert np.all(exact.status == Status.converged)
    told = np.isin(found.status, [Status.converged, Status.precision_limit])
    assert np.all(told)
    good = np.asarray(found.converged)
    assert least <= np.mean(good) <= most
    off = np.asarray(found.position - exact.position)[good]
    pulls = np.einsum("ji,jik,jk->j", off, np.linalg.inv(exact.covariance[good]), off) ** 0.5
    assert np.all(pulls < 5e-3)


def test_single_precision_is_truthful_of_tracks_that_are_not_equally_well_measured(toy_jets):
    jets = toy_jets(jets=4000, tracks=6, seed=14)
    rng = np.random.default_rng(14)
    spread = 10.0 ** rng.uniform(-3, 1, (*jets.parameters.shape[:2], 1))
    q = jets.truth + spread * (jets.parameters - jets.truth)
    V = spread[..., None] ** 2 * jets.covariance
    q, V, w = (jnp.asarray(x, jnp.float32) for x in (q, V, rng.uniform(0.05, 1.0, q.shape[:2])))
    found = fit_vertex(Tracks(q, V), w)
    exact = fit_vertex(Tracks(q.astype(float), V.astype(float)), w.astype(float))
    good = np.asarray(found.converged & exact.converged)
    assert np.sum(good) > 1000
    off = np.asarray(found.position - exact.position)[good]
    pulls = np.einsum("ji,jik,jk->j", off, np.linalg.inv(exact.sandwich_covariance[good]), off) ** 0.5
    assert np.all(pulls < 5e-3)


@pytest.mark.parametrize(("z", "told"), [(10.0, Status.converged), (1e5, Status.precision_limit)])
def test_a_constraint_far_from_the_reference_is_beyond_single_precision(z, told):
    no_tracks = Tracks(np.zeros((2, 5), np.float32), np.zeros((2, 5, 5), np.float32), np.zeros(2, bool))
    spot = beam_spot(np.array([0.0, 0.0, z], np.float32), np.eye(3, dtype=np.float32) * 1e-4)
    assert fit_vertex(no_tracks, constraint=spot).status == told


def test_report_reads_like_a_fit():
    tracks = Tracks(
        np.array([[0.0, 0.0, 0.0, np.pi / 2, 0.1], [0.0, 0.0, 1.5, np.pi / 2, -0.1]]),
        np.broadcast_to(np.diag([1e-4, 4e-4, 1e-8, 1e-8, 1e-8]), (2, 5, 5)),
    )
    both = fit_vertex(tracks, np.array([[1.0, 1.0], [0.0, 0.0]]))
    fitted, not_fitted = (jax.tree.map(lambda leaf, jet=jet: leaf[jet], both) for jet in (0, 1))
    assert str(fitted).splitlines() == [
        "Vertex: converged after 3 steps",
        "  x =     0.0000 ± 0.0101 mm",
        "  y =     0.0000 ± 0.0100 mm",
        "  z =     0.0000 ± 0.0141 mm",
        "  chi2 / ndf = 0.00 / 1",
    ]
    assert str(not_fitted) == "Vertex: undetermined after 0 steps"
    assert str(both) == "Vertices (2,): 1 converged, 1 undetermined"


def test_no_step_at_all_is_refused(toy_jets):
    jets = toy_jets(jets=1, tracks=3, seed=12)
    with pytest.raises(ArgumentError, match="max_steps is 0, allowed: 1 or more"):
        fit_vertex(Tracks(jets.parameters, jets.covariance), max_steps=0)


def test_several_constraints_give_several_vertices_over_the_same_tracks(toy_jets):
    jets = toy_jets(jets=1, tracks=3, seed=12)
    tracks = Tracks(jets.parameters[0], jets.covariance[0])
    means = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    both = fit_vertex(tracks, constraint=beam_spot(means, np.eye(3) * 1e-8))
    np.testing.assert_allclose(both.position, means, atol=1e-4)
    assert np.all(both.status == Status.converged)
    with pytest.raises(ShapeError, match=r"tracks \[4\], constraint \[2\]"):
        fit_vertex(Tracks(np.zeros((4, 3, 5)), np.ones((4, 3, 5, 5))), constraint=beam_spot(means, np.eye(3)))


def test_a_reference_that_is_not_finite_is_told_and_leaves_a_finite_position(toy_jets):
    jets = toy_jets(jets=1, tracks=3, seed=12)
    vertex = fit_vertex(Tracks(jets.parameters, jets.covariance, reference=np.array([[0.0, np.nan, 0.0]])))
    assert vertex.status == Status.not_finite
    assert np.isfinite(vertex.position).all()


def test_a_start_takes_three_numbers(toy_jets):
    jets = toy_jets(jets=1, tracks=3, seed=12)
    with pytest.raises(ShapeError, match=r"start has shape \(2,\); it takes"):
        fit_vertex(Tracks(jets.parameters, jets.covariance), start=np.zeros(2))


@pytest.mark.parametrize(
    ("weights", "message"), [(np.ones(2), "one for each track slot"), (np.ones((3, 4)), "do not broadcast")]
)
def test_wrong_shapes_raise(weights, message, toy_jets):
    jets = toy_jets(jets=2, tracks=4, seed=1)
    with pytest.raises(ShapeError, match=message):
        fit_vertex(Tracks(jets.parameters, jets.covariance), weights)
