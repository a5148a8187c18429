"""`Tracks`: what it takes, what it refuses, and the covariance about another point."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import ShapeError
from ndive.tracks import Jet, Tracks

pytestmark = pytest.mark.usefixtures("x64")

moved = jax.jit(lambda tracks, point: tracks.at(point))


@pytest.fixture(scope="module")
def jets(toy_jets):
    return toy_jets(jets=2, tracks=3, seed=5, pt=1.0)


def test_defaults_are_real_tracks_in_two_tesla_about_the_origin():
    tracks = Tracks(np.zeros((4, 3, 5)), np.eye(5))
    assert tracks.covariance.shape == (4, 3, 5, 5)
    assert np.all(tracks.mask)
    np.testing.assert_array_equal(tracks.field, np.full(4, 2.0))
    np.testing.assert_array_equal(tracks.reference, np.zeros((4, 3)))


def test_precision_is_that_of_the_parameters():
    tracks = Tracks(np.zeros((3, 5), np.float32), np.eye(5), field=np.float64(3.8))
    assert {leaf.dtype for leaf in jax.tree.leaves(tracks)} == {np.dtype(np.float32), np.dtype(bool)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"parameters": np.zeros(5)}, r"parameters have shape \(5,\); they take \[..., tracks, 5\]"),
        ({"parameters": np.zeros((3, 4))}, r"parameters have shape \(3, 4\)"),
        ({"parameters": np.zeros((3, 5), int)}, "parameters have dtype int64; they take floating point"),
        ({"covariance": np.zeros((3, 4, 4))}, r"covariance has shape \(3, 4, 4\); it takes \(3, 5, 5\)"),
        ({"covariance": np.zeros((2, 5, 5))}, r"covariance has shape \(2, 5, 5\); it takes \(3, 5, 5\)"),
        ({"covariance": np.zeros((1, 3, 5, 5))}, r"covariance has shape \(1, 3, 5, 5\)"),
        ({"mask": np.ones(2, bool)}, r"mask has shape \(2,\); it takes \(3,\)"),
        ({"mask": np.ones(3)}, "mask has dtype float64; it takes bool"),
        ({"field": np.ones(3)}, r"field has shape \(3,\); it takes \(\)"),
        ({"reference": np.zeros(2)}, r"reference has shape \(2,\); it takes \(3,\)"),
    ],
)
def test_wrong_shapes_and_types_are_named(arguments, message):
    with pytest.raises(ShapeError, match=message):
        Tracks(**{"parameters": np.zeros((3, 5)), "covariance": np.eye(5), **arguments})


@pytest.mark.parametrize("make", [Tracks.from_errors, Tracks.from_delphes])
def test_wrong_shapes_of_errors_are_named(make):
    with pytest.raises(ShapeError, match=r"errors has shape \(4,\); it takes \(3, 5\)"):
        make(np.full((3, 5), 0.5), np.ones(4))


def test_errors_make_a_diagonal_covariance():
    errors = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    tracks = Tracks.from_errors(np.zeros((2, 5)), errors, field=1.0)
    np.testing.assert_allclose(tracks.covariance, np.broadcast_to(np.diag(errors**2), (2, 5, 5)), atol=1e-17)
    assert tracks.field == 1


def test_delphes_tracks_worked_by_hand():
    # theta is 30 degrees and rho 1/m: pT is 0.599584916 GeV, the turn anticlockwise, so the charge negative.
    theirs, errors = np.array([[-0.2, 3.0, 0.3, np.pi / 6, 1e-3]]), np.array([[0.02, 0.1, 1e-3, 2e-3, 1e-5]])
    tracks = Tracks.from_delphes(theirs, errors)
    momentum = 0.599584916 / np.sin(np.pi / 6)
    np.testing.assert_allclose(tracks.parameters, [[0.2, 3.0, 0.3, np.pi / 6, -1 / momentum]], rtol=1e-12)
    # q/p = -sin(theta) rho / 0.599584916e-3: 1 % from rho, and 2e-3 / tan(30 degrees) from theta.
    relative = np.hypot(0.01, 2e-3 * np.sqrt(3))
    shared = -(2e-3**2) * np.sqrt(3) / momentum
    expected = np.diag([0.02**2, 0.1**2, 1e-6, 4e-6, (relative / momentum) ** 2])
    expected[3, 4] = expected[4, 3] = shared
    np.testing.assert_allclose(tracks.covariance[0], expected, rtol=1e-12, atol=1e-20)


def test_delphes_tracks_in_a_field_a_jet():
    theirs = np.broadcast_to([-0.2, 3.0, 0.3, 1.2, 1e-3], (2, 1, 5))
    tracks = Tracks.from_delphes(theirs, np.full(5, 1e-3), field=np.array([2.0, -4.0]))
    assert tracks.parameters[0, 0, 4] == pytest.approx(-2 * float(tracks.parameters[1, 0, 4]))


def test_covariance_about_another_point_is_that_of_another_geometry(jets, toy_perigee):
    point = np.array([[4.0, -7.0, 11.0], [-20.0, 3.0, 0.0]])
    tracks = moved(Tracks(jets.parameters, jets.covariance), point)

    def about(q, point):
        d0, z0, phi, theta, q_over_p = np.moveaxis(q, -1, 0)
        start = np.stack([-d0 * np.sin(phi), d0 * np.cos(phi), z0], axis=-1)
        return toy_perigee(start - point, phi, theta, q_over_p)

    for i in range(2):
        q, V = jets.parameters[i], jets.covariance[i]
        expected = about(q, point[i])
        off = np.asarray(tracks.parameters[i]) - expected
        off[:, 2] = (off[:, 2] + np.pi) % (2 * np.pi) - np.pi
        np.testing.assert_allclose(off, 0, atol=1e-9)
        jacobian = np.stack([_slope(lambda q, i=i: about(q, point[i]), q, j) for j in range(5)], axis=-1)
        transported = jacobian @ V @ np.swapaxes(jacobian, -1, -2)
        sigma = np.sqrt(np.diagonal(transported, axis1=-2, axis2=-1))
        scale = sigma[:, :, None] * sigma[:, None, :]
        np.testing.assert_allclose(tracks.covariance[i] / scale, transported / scale, atol=1e-6)


def _slope(function, q, j):
    """Fourth-order central difference in parameter j; the angle that leaves is unwrapped."""
    h = [1e-3, 1e-3, 1e-4, 1e-4, 1e-4][j]
    step = h * np.eye(5)[j]

    def change(size):
        off = function(q + size * step) - function(q - size * step)
        off[:, 2] = (off[:, 2] + np.pi) % (2 * np.pi) - np.pi
        return off

    return (8 * change(1) - change(2)) / (12 * h)


def test_there_and_back_is_the_same_measurement(jets):
    tracks, point = Tracks(jets.parameters, jets.covariance), np.array([[4.0, -7.0, 11.0], [-2.0, 3.0, 0.0]])
    back = moved(moved(tracks, point), np.zeros((2, 3)))
    np.testing.assert_allclose(back.parameters, tracks.parameters, atol=1e-10)
    sigma = np.sqrt(np.diagonal(jets.covariance, axis1=-2, axis2=-1))
    off = (back.covariance - tracks.covariance) / (sigma[..., :, None] * sigma[..., None, :])
    np.testing.assert_allclose(off, 0, atol=1e-10)
    np.testing.assert_array_equal(moved(tracks, point).reference, point)


def test_a_track_goes_through_the_point_where_it_was_made(jets):
    at_vertex = moved(Tracks(jets.truth, jets.covariance), jets.vertex)
    np.testing.assert_allclose(at_vertex.parameters[..., :2], 0, atol=1e-9)


def test_leading_axes_of_the_point_broadcast(jets):
    tracks = Tracks(jets.parameters, jets.covariance, field=np.array([2.0, 3.0]))
    points = np.random.default_rng(0).normal(size=(4, 2, 3))
    together = moved(tracks, points)
    assert together.parameters.shape == (4, 2, 3, 5)
    assert together.covariance.shape == (4, 2, 3, 5, 5)
    for k in range(4):
        one = moved(tracks, points[k])
        for mine, theirs in zip(jax.tree.leaves(together), jax.tree.leaves(one), strict=True):
            np.testing.assert_allclose(mine[k], theirs, rtol=1e-9, atol=1e-12)


def test_one_point_serves_all_jets_and_one_jet_takes_many(jets):
    tracks, point = Tracks(jets.parameters, jets.covariance), np.array([1.0, 2.0, 3.0])
    assert moved(tracks, point).reference.shape == (2, 3)
    alone = Tracks(jets.parameters[0], jets.covariance[0])
    assert moved(alone, point).parameters.shape == (3, 5)
    assert moved(alone, np.zeros((7, 3))).parameters.shape == (7, 3, 5)


def test_what_a_masked_slot_holds_changes_nothing(jets):
    mask = np.array([[True, True, False], [False, False, False]])
    q, V = jets.parameters.copy(), jets.covariance.copy()
    q[~mask], V[~mask] = np.nan, np.nan

    def total(q, V, point):
        tracks = Tracks(q, V, mask).at(point)
        return jnp.sum(tracks.parameters) + jnp.sum(tracks.covariance), tracks

    gradients, tracks = jax.jit(jax.grad(total, argnums=(0, 1, 2), has_aux=True))(q, V, np.ones((2, 3)))
    for leaf in (*gradients, *jax.tree.leaves(tracks)):
        assert np.all(np.isfinite(leaf))
    for gradient in gradients[:2]:
        assert np.all(np.asarray(gradient)[~mask] == 0)
    np.testing.assert_array_equal(tracks.mask, mask)
    clean = moved(Tracks(jets.parameters, jets.covariance), np.ones((2, 3)))
    np.testing.assert_allclose(
        np.asarray(tracks.parameters)[mask], np.asarray(clean.parameters)[mask], rtol=1e-10
    )


def test_a_jet_maps_over_its_batch(jets):
    jet = Jet(
        pt=jnp.ones(2), eta=jnp.zeros(2), phi=jnp.zeros(2), tracks=Tracks(jets.parameters, jets.covariance)
    )
    d0 = jax.vmap(lambda jet: jet.pt * jet.tracks.parameters[0, 0])(jet)
    np.testing.assert_array_equal(d0, jets.parameters[:, 0, 0])


@pytest.mark.parametrize(
    ("point", "message"),
    [(np.zeros(2), r"point has shape \(2,\); it takes"), (np.zeros((3, 3)), "do not broadcast")],
)
def test_a_point_of_the_wrong_shape_is_refused(point, message):
    with pytest.raises(ShapeError, match=message):
        Tracks(np.ones((2, 4, 5)), np.ones((2, 4, 5, 5))).at(point)


def test_derivatives_about_another_point_are_those_of_differences(jets, quick_compilation):
    rng = np.random.default_rng(6)
    sigma = np.sqrt(np.diagonal(jets.covariance, axis1=-2, axis2=-1))
    noise = rng.normal(size=jets.covariance.shape)
    inputs = (jets.parameters, jets.covariance, np.array([[4.0, -7.0, 11.0], [-20.0, 3.0, 0.0]]))
    directions = (
        rng.normal(size=sigma.shape) * sigma,
        (noise + np.swapaxes(noise, -1, -2)) * 0.05 * sigma[..., :, None] * sigma[..., None, :],
        rng.normal(size=(2, 3)),
    )

    @jax.jit
    def about(q, V, point):
        tracks = Tracks(q, V).at(point)
        return tracks.parameters, tracks.covariance

    forward = jax.jit(lambda tangents: jax.jvp(about, inputs, tangents)[1])
    cotangents = tuple(rng.normal(size=x.shape) for x in about(*inputs))
    back = jax.jit(lambda: jax.vjp(about, *inputs)[1](cotangents))()
    h = 1e-2
    for kind, direction in enumerate(directions):
        tangents = tuple(dx * (number == kind) for number, dx in enumerate(directions))
        ahead, behind, twice_ahead, twice_behind = (
            about(*(x + step * dx for x, dx in zip(inputs, tangents, strict=True)))
            for step in (h, -h, 2 * h, -2 * h)
        )
        slope = 0.0
        for i, (found, cotangent) in enumerate(zip(forward(tangents), cotangents, strict=True)):
            expected = 8 * (ahead[i] - behind[i]) - (twice_ahead[i] - twice_behind[i])
            expected = np.asarray(expected) / (12 * h)
            scale = np.abs(expected).max(axis=(0, 1)) + 1e-9
            np.testing.assert_allclose(found / scale, expected / scale, atol=1e-6)
            slope += np.sum(cotangent * expected)
        assert np.sum(back[kind] * direction) == pytest.approx(slope, rel=1e-6)


def test_covariance_about_another_point_is_that_of_smeared_tracks(jets):
    rng, point, drawn = np.random.default_rng(8), np.array([4.0, -7.0, 11.0]), 20_000
    q, V = jets.truth[0, 0], jets.covariance[0, 0] * 1e-2
    smeared = Tracks(rng.multivariate_normal(q, V, drawn)[:, None], V).at(point)
    once = Tracks(q[None], V[None]).at(point)
    correlation = np.corrcoef(smeared.parameters[:, 0], rowvar=False)
    sigma = np.sqrt(np.diagonal(once.covariance[0]))
    np.testing.assert_allclose(np.std(smeared.parameters[:, 0], axis=0) / sigma, 1, atol=0.025)
    np.testing.assert_allclose(correlation, once.covariance[0] / (sigma[:, None] * sigma), atol=0.03)
    shift = (np.mean(smeared.parameters[:, 0], axis=0) - once.parameters[0]) / sigma
    np.testing.assert_allclose(shift, 0, atol=0.04)
