"""Laws of the helix: symmetries of space, and steps that add up."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndive.tracks import move_perigee, point_at_arc_length
from tests.laws.drawing import angles, law, lengths, perigees, points

pytestmark = pytest.mark.usefixtures("x64")

CHARGE_FLIP = np.array([1, 1, 1, 1, -1])

_moved = jax.jit(move_perigee)
_point_at = jax.jit(point_at_arc_length)


def moved(track, shift, field=2.0):
    return np.asarray(_moved(track, shift, field))


def point_at(track, arc, field=2.0, reference=(0.0, 0.0, 0.0)):
    return np.asarray(_point_at(track, arc, field, np.array(reference)))


def rotated(angle, point):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ point


def turned(angle, track):
    return track + np.array([0, 0, angle, 0, 0])


def mirrored_across(track):
    """The track in a mirror that swaps y for -y; it bends the other way."""
    return track * np.array([-1, 1, -1, 1, -1])


def mirrored_along(track):
    """The track in a mirror that swaps z for -z."""
    return track * np.array([1, -1, 1, -1, 1]) + np.array([0, 0, 0, np.pi, 0])


def assert_same(one, other):
    assert np.all(np.isfinite(one))
    off = one - other
    off[2] = (off[2] + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(off, 0, atol=1e-9)


@law
@given(perigees(), points(), points())
def test_two_steps_are_one(track, first, second):
    assert_same(moved(moved(track, first), second), moved(track, first + second))


@law
@given(perigees(), points())
def test_there_and_back_is_where_it_began(track, shift):
    assert_same(moved(moved(track, shift), -shift), track)


@law
@given(perigees(), points(), angles)
def test_a_turn_about_the_beam_turns_the_answer(track, shift, angle):
    assert_same(moved(turned(angle, track), rotated(angle, shift)), turned(angle, moved(track, shift)))


@law
@given(perigees(), points())
def test_a_mirror_that_holds_the_beam_flips_charge_and_d0(track, shift):
    mirrored = moved(mirrored_across(track), shift * np.array([1, -1, 1]))
    assert_same(mirrored, mirrored_across(moved(track, shift)))


@law
@given(perigees(), points())
def test_a_mirror_across_the_beam_flips_z_alone(track, shift):
    mirrored = moved(mirrored_along(track), shift * np.array([1, 1, -1]))
    assert_same(mirrored, mirrored_along(moved(track, shift)))


@law
@given(perigees(), points(), st.floats(-4, 4))
def test_field_and_charge_flip_together(track, shift, field):
    flipped = moved(track * CHARGE_FLIP, shift, -field)
    assert_same(flipped, moved(track, shift, field) * CHARGE_FLIP)


@law
@given(perigees(), points(), st.floats(0.01, 100))
def test_lengths_and_momenta_scale_together(track, shift, scale):
    size = np.array([scale, scale, 1, 1, 1 / scale])
    assert_same(moved(track * size, shift * scale) / size, moved(track, shift))


@law
@given(perigees(), lengths(200.0), angles)
def test_points_along_the_track_turn_with_it(track, arc, angle):
    expected = rotated(angle, point_at(track, arc))
    np.testing.assert_allclose(point_at(turned(angle, track), arc), expected, atol=1e-9)


@law
@given(perigees(), lengths(200.0))
def test_a_point_of_the_track_is_a_perigee_without_impact(track, arc):
    there = point_at(track, arc)
    np.testing.assert_allclose(moved(track, there)[:2], 0, atol=1e-9)


@law
@given(perigees(), lengths(200.0), points())
def test_points_move_with_the_reference(track, arc, reference):
    expected = reference + point_at(track, arc)
    np.testing.assert_allclose(point_at(track, arc, reference=reference), expected, atol=1e-9)
