"""The helix against an integration of the Lorentz force, and against circles and lines worked by hand."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ndive.tracks import curvature, move_perigee, perigee_from_state, point_at_arc_length, wrap_angle

pytestmark = pytest.mark.usefixtures("x64")

TURN = 0.299792458e-3
"""GeV that a unit charge gains sideways per mm of path and tesla."""

RADIUS_OF_A_METRE = 2 * TURN * 1000
"""Transverse momentum in GeV whose circle has 1000 mm radius in 2 T."""

from_state = jax.jit(perigee_from_state)
point_at = jax.jit(point_at_arc_length)
moved = jax.jit(move_perigee)


def flown(position, momentum, charge, field, length):
    """`length` mm of flight in the field, by an integrator that knows the force and nothing of helices."""

    def force(_, state):
        direction = state[3:] / np.linalg.norm(state[3:])
        return np.concatenate([direction, charge * TURN * np.cross(direction, [0, 0, field])])

    return solve_ivp(
        force,
        (0, length),
        np.concatenate([position, momentum]),
        method="DOP853",
        rtol=1e-12,
        atol=1e-12,
        events=lambda _, state: state[:2] @ state[3:5],
    )


@pytest.fixture(scope="module")
def states():
    """Positions, momenta, charges and fields: soft and hard, forward and central, both signs, neutral."""
    rng = np.random.default_rng(4)
    n = 24
    transverse, phi, theta = (
        10 ** rng.uniform(-0.3, 1.5, n),
        rng.uniform(-np.pi, np.pi, n),
        rng.uniform(0.2, 2.9, n),
    )
    phi[:2] = np.pi, -np.pi
    momentum = np.stack([np.cos(phi), np.sin(phi), 1 / np.tan(theta)], -1) * transverse[:, None]
    charge = rng.choice([-1.0, 0.0, 1.0], n, p=[0.45, 0.1, 0.45])
    return rng.normal(size=(n, 3)) * 60, momentum, charge, rng.choice([2.0, 3.8, -1.5], n)


def test_perigee_is_where_an_integrated_track_comes_nearest_to_the_beam(states):
    position, momentum, charge, field = states
    reference = np.array([3.0, -5.0, 20.0])
    ours = from_state(position, momentum, charge, field, reference)
    for i in range(len(charge)):
        size = np.linalg.norm(momentum[i])
        reach = np.pi / max(TURN * abs(charge[i] * field[i]) / size, 1e-3)
        nearest = min(
            (
                state
                for sense in (1, -1)
                for state in flown(
                    position[i] - reference, momentum[i], charge[i], field[i], sense * reach
                ).y_events[0]
            ),
            key=lambda state: np.hypot(state[0], state[1]),
        )
        x, y, z, px, py, pz = nearest
        phi = np.arctan2(py, px)
        expected = [y * np.cos(phi) - x * np.sin(phi), z, phi, np.arccos(pz / size), charge[i] / size]
        np.testing.assert_allclose(ours[i, [0, 1, 3, 4]], np.delete(expected, 2), atol=1e-7)
        assert np.cos(ours[i, 2] - phi) > 1 - 1e-16
        assert np.sin(ours[i, 2] - phi) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("arc", [350.0, -200.0, 1e-3])
def test_points_along_the_helix_are_those_of_an_integrated_track(states, arc):
    _, momentum, charge, field = states
    rng = np.random.default_rng(9)
    phi = np.arctan2(momentum[:, 1], momentum[:, 0])
    theta = np.arctan2(np.hypot(momentum[:, 0], momentum[:, 1]), momentum[:, 2])
    size = np.linalg.norm(momentum, axis=-1)
    d0, z0, reference = (
        rng.normal(size=len(phi)) * 20,
        rng.normal(size=len(phi)) * 50,
        np.array([1.0, 2.0, 3.0]),
    )
    parameters = np.stack([d0, z0, phi, theta, charge / size], axis=-1)
    ours = point_at(parameters, np.full(len(phi), arc), field, reference)
    for i in range(len(phi)):
        perigee = reference + np.array([-d0[i] * np.sin(phi[i]), d0[i] * np.cos(phi[i]), z0[i]])
        track = flown(perigee, momentum[i], charge[i], field[i], arc / np.sin(theta[i]))
        np.testing.assert_allclose(ours[i], track.y[:3, -1], atol=1e-7)


@pytest.mark.parametrize(
    ("turn", "place"),
    [(0, (0, 0)), (0.25, (1000, -1000)), (0.5, (0, -2000)), (0.75, (-1000, -1000)), (1, (0, 0))],
)
def test_a_positive_track_runs_clockwise_round_its_circle(turn, place):
    theta = np.pi / 3
    track = np.array([0, 0, 0, theta, np.sin(theta) / RADIUS_OF_A_METRE])
    arc = 2 * np.pi * 1000 * turn
    x, y, z = point_at(track, arc, 2.0, np.zeros(3))
    np.testing.assert_allclose([x, y, z], [*place, arc / np.sqrt(3)], atol=1e-9)
    opposite = point_at(track * np.array([1, 1, 1, 1, -1]), arc, 2.0, np.zeros(3))
    np.testing.assert_allclose(opposite, [x, -y, z], atol=1e-9)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ((0, -400, 0), (400, 0, 0)),  # inside the circle, straight below its top
        ((0, 30, 0), (-30, 0, 0)),  # outside, above it
        ((1050, -1000, 0), (-50, 500 * np.pi, -np.pi / 2)),  # outside, a quarter turn on
        ((-900, -1000, 7), (-100 + 200, -500 * np.pi - 7, np.pi / 2)),  # inside, a quarter turn back
    ],
)
def test_perigee_on_a_circle_worked_by_hand(reference, expected):
    # The circle of radius 1000 mm round (0, -1000), run clockwise through the origin, climbing at 45 degrees.
    track = from_state(
        np.zeros(3), np.array([1, 0, 1]) * RADIUS_OF_A_METRE, 1.0, 2.0, np.array(reference, dtype=float)
    )
    np.testing.assert_allclose(track[:3], expected, atol=1e-9)
    np.testing.assert_allclose(track[3:], [np.pi / 4, 1 / np.sqrt(2) / RADIUS_OF_A_METRE], rtol=1e-12)


@pytest.mark.parametrize(
    ("position", "momentum", "expected"),
    [
        ((1, 2, 3), (1, 0, 1), (2, 2, 0, np.pi / 4)),  # passes left of the beam
        ((1, -2, 3), (1, 0, 1), (-2, 2, 0, np.pi / 4)),  # right of it
        ((-3, 1, 0), (0, 5, 0), (3, 0, np.pi / 2, np.pi / 2)),
        ((1, 1, np.sqrt(2)), (1, 1, np.sqrt(2)), (0, 0, np.pi / 4, np.pi / 4)),  # from the beam itself
    ],
)
def test_perigee_of_a_line_worked_by_hand(position, momentum, expected):
    arrays = (np.array(part, dtype=float) for part in (position, momentum))
    track = from_state(*arrays, 0.0, 2.0, np.zeros(3))
    np.testing.assert_allclose(track, [*expected, 0], atol=1e-12)


def test_sign_of_d0_is_that_of_the_left_side():
    track = np.array([1.0, 0, 0, np.pi / 2, 0.1])
    np.testing.assert_allclose(point_at(track, 0.0, 2.0, np.zeros(3)), [0, 1, 0], atol=1e-15)


def test_curvature_is_one_over_the_radius_and_negative_clockwise():
    theta, q_over_p = jnp.array([np.pi / 2, np.pi / 6]), jnp.array([1, -1]) / RADIUS_OF_A_METRE
    np.testing.assert_allclose(curvature(theta, q_over_p, jnp.array(2.0)), [-1e-3, 2e-3], rtol=1e-12)


@pytest.fixture(scope="module")
def perigees():
    """Perigees and displacements of up to a third of the radius; q/p is zero or nearly so in some."""
    rng = np.random.default_rng(12)
    n = 40
    theta, transverse = rng.uniform(0.2, 2.9, n), 10 ** rng.uniform(-0.5, 2, n)
    q_over_p = rng.choice([-1.0, 1.0], n) * np.sin(theta) / transverse
    q_over_p[:4] = 0, 1e-12, -1e-12, 1e-7
    phi = rng.uniform(-np.pi, np.pi, n)
    phi[4:7] = np.pi, -np.pi, np.pi - 1e-9
    tracks = np.stack([rng.normal(size=n) * 5, rng.normal(size=n) * 30, phi, theta, q_over_p], axis=-1)
    return tracks, rng.normal(size=(2, n, 3)) * 40


def assert_same_track(one, other, atol=1e-10):
    off = np.array(one) - np.array(other)
    off[..., 2] = (off[..., 2] + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(off, 0, atol=atol)


def test_there_and_back_is_the_same_track(perigees):
    tracks, (there, _) = perigees
    assert_same_track(moved(moved(tracks, there, 2.0), -there, 2.0), tracks)


def test_two_steps_are_one(perigees):
    tracks, (first, second) = perigees
    assert_same_track(moved(moved(tracks, first, 2.0), second, 2.0), moved(tracks, first + second, 2.0))


def test_a_step_along_the_beam_changes_z0_alone(perigees):
    tracks, _ = perigees
    expected = tracks - np.array([0, 7.0, 0, 0, 0])
    assert_same_track(moved(tracks, np.array([0.0, 0.0, 7.0]), 2.0), expected)


def test_moved_perigees_describe_the_same_points(perigees):
    tracks, (shift, _) = perigees
    start = point_at(tracks, np.zeros(len(tracks)), 2.0, np.zeros(3))
    about = moved(tracks, shift, 2.0)
    turned = np.asarray(wrap_angle(jnp.asarray(tracks[:, 2] - about[:, 2])))
    rho = -2 * TURN * tracks[:, 4] / np.sin(tracks[:, 3])
    straight = np.abs(rho) < 1e-9
    along = np.cos(about[:, 2]) * (start[:, 0] - shift[:, 0]) + np.sin(about[:, 2]) * (
        start[:, 1] - shift[:, 1]
    )
    arc = np.where(straight, along, turned / np.where(straight, 1, rho))
    np.testing.assert_allclose(point_at(about, arc, 2.0, shift), start, atol=1e-6)


@pytest.mark.parametrize("q_over_p", [0.0, 1e-12, -1e-12])
def test_straight_is_the_limit_of_curved_with_its_derivatives(q_over_p):
    track, shift = jnp.array([0.3, -2.0, 2.0, 0.7, q_over_p]), jnp.array([30.0, 20.0, -10.0])
    functions = (
        lambda q: move_perigee(q, shift, jnp.asarray(2.0)),
        lambda q: point_at_arc_length(q, jnp.asarray(150.0), jnp.asarray(2.0), jnp.zeros(3)),
    )
    for function in functions:
        function = jax.jit(function)
        columns = []
        for i, h in enumerate([1e-2, 1e-2, 1e-3, 1e-3, 1e-3]):
            step = h * np.eye(5)[i]
            near = function(track + step) - function(track - step)
            far = function(track + 2 * step) - function(track - 2 * step)
            columns.append((8 * near - far) / (12 * h))
        expected = np.stack(columns, axis=-1)
        for slope in (jax.jacfwd(function)(track), jax.jacrev(function)(track)):
            np.testing.assert_allclose(slope, expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("q_over_p", [1e-2, 1e-4, 1e-6])
def test_second_derivatives_of_hard_tracks_hold_in_single_precision(q_over_p):
    # They carry the gradient of a covariance about a fitted vertex.
    def z0(q_over_p, shift):
        track = jnp.stack([0.3, -2.0, 2.0, 0.3, q_over_p]).astype(shift.dtype)
        return move_perigee(track, shift, jnp.asarray(2, shift.dtype))[1]

    mixed = jax.jit(jax.jacfwd(jax.grad(z0, argnums=1)))
    shift = np.array([30.0, 20.0, -10.0])
    exact, single = mixed(q_over_p, shift), mixed(np.float32(q_over_p), shift.astype(np.float32))
    np.testing.assert_allclose(single, exact, rtol=1e-4, atol=1e-5 * np.abs(exact).max())


def test_derivatives_of_a_straight_state_are_finite():
    def perigee(momentum, charge):
        return perigee_from_state(
            jnp.array([3.0, 4.0, 5.0]), momentum, charge, jnp.asarray(2.0), jnp.zeros(3)
        )

    for slope in jax.jit(jax.jacrev(perigee, argnums=(0, 1)))(jnp.array([1.0, -2.0, 3.0]), 0.0):
        assert np.all(np.isfinite(slope))
        assert np.any(np.asarray(slope) != 0)


def test_single_precision_stays_single():
    track = np.array([0.1, 2.0, 0.5, 1.2, 0.3], np.float32)
    about = moved(track, np.ones(3, np.float32), np.float32(2))
    assert about.dtype == np.float32
    np.testing.assert_allclose(about, moved(track.astype(float), np.ones(3), 2.0), atol=1e-6)


def test_leading_axes_broadcast(perigees):
    tracks, shifts = perigees
    both = moved(np.broadcast_to(tracks, (2, *tracks.shape)), shifts, np.array([[2.0], [3.0]]))
    for k, field in enumerate((2.0, 3.0)):
        np.testing.assert_allclose(both[k], moved(tracks, shifts[k], field), rtol=1e-12, atol=1e-12)


def test_wrapped_angles_are_the_same_direction_in_one_turn():
    angles = np.linspace(-20, 20, 4001)
    wrapped = np.asarray(wrap_angle(jnp.asarray(angles)))
    assert np.all(np.abs(wrapped) <= np.pi)
    np.testing.assert_allclose(np.exp(1j * wrapped), np.exp(1j * angles), atol=1e-14)
    inside = np.abs(angles) < np.pi
    np.testing.assert_array_equal(wrapped[inside], angles[inside])
    jumps = [b - a for a, b in pairwise(wrapped) if b < a]
    np.testing.assert_allclose(jumps, 0.01 - 2 * np.pi, atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 3.0, np.pi, -np.pi, 4.0, 100.0])
def test_slope_of_wrapping_is_one(angle):
    assert jax.grad(wrap_angle)(angle) == 1
