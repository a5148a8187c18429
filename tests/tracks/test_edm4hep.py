"""Track states of EDM4hep: signs and units by a helix worked by hand, the covariance by differences."""

import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import ShapeError
from ndive.tracks import Tracks, point_at_arc_length

pytestmark = pytest.mark.usefixtures("x64")

PT = 0.599584916
"""GeV: 1000 mm of radius in 2 T, since pT = 0.299792458e-3 B R."""


def state(*, d0=1.0, phi=0.0, omega=1e-3, z0=5.0, tangent=0.75):
    return np.array([[d0, phi, omega, z0, tangent]])


def after(tracks, arc):
    """Where the one track is after `arc` mm in the transverse plane."""
    field, reference = tracks.field[None], tracks.reference[None]
    return point_at_arc_length(tracks.parameters, jnp.array([arc]), field, reference)[0]


def lower_triangle(matrix):
    """Row by row, as a loop."""
    return np.array([[matrix[i][j] for i in range(len(matrix)) for j in range(i + 1)]])


def test_a_positive_track_worked_by_hand():
    """It flies along +x, 1 mm above the beam line, and turns clockwise about (0, -999) mm."""
    tracks = Tracks.from_edm4hep(state(), np.zeros((1, 15)))
    d0, z0, phi, theta, q_over_p = tracks.parameters[0]
    np.testing.assert_allclose([d0, z0, phi], [1, 5, 0], atol=1e-12)
    np.testing.assert_allclose(np.tan(theta), 4 / 3)
    np.testing.assert_allclose(q_over_p, 1 / (1.25 * PT))
    quarter = 1000 * np.pi / 2
    point = after(tracks, quarter)
    np.testing.assert_allclose(point, [1000, -999, 5 + 0.75 * quarter], rtol=1e-9)


def test_a_negative_track_turns_the_other_way():
    """Anticlockwise about (0, 1001) mm; flying backwards, theta is obtuse."""
    tracks = Tracks.from_edm4hep(state(omega=-1e-3, tangent=-0.75), np.zeros((1, 15)))
    assert tracks.parameters[0, 3] > np.pi / 2
    np.testing.assert_allclose(tracks.parameters[0, 4], -1 / (1.25 * PT))
    quarter = 1000 * np.pi / 2
    point = after(tracks, quarter)
    np.testing.assert_allclose(point, [1000, 1001, 5 - 0.75 * quarter], rtol=1e-9)


def test_a_field_for_each_jet():
    tracks = Tracks.from_edm4hep(np.tile(state(), (2, 1, 1)), np.zeros(15), field=np.array([2.0, -4.0]))
    np.testing.assert_allclose(tracks.parameters[:, 0, 4], [1 / (1.25 * PT), -1 / (2.5 * PT)])


def perigee(values):
    """The same parameters by other formulas."""
    d0, phi, omega, z0, tangent = values
    momentum = 0.299792458e-3 * 2 / omega * np.hypot(1, tangent)
    return np.array([d0, z0, phi, np.arccos(tangent / np.hypot(1, tangent)), 1 / momentum])


def test_the_covariance_is_that_of_differences():
    random = np.random.default_rng(2)
    scale = np.array([0.02, 1e-3, 1e-6, 0.05, 2e-3])
    root = random.normal(size=(5, 5)) * scale[:, None]
    theirs, steps = root @ root.T, np.diag(1e-4 * scale)
    values = state(phi=2.0, tangent=-1.3)[0]
    columns = [(perigee(values + step) - perigee(values - step)) / (2 * step.sum()) for step in steps]
    jacobian = np.stack(columns, axis=-1)
    tracks = Tracks.from_edm4hep(values[None], lower_triangle(theirs))
    np.testing.assert_allclose(tracks.parameters[0], perigee(values), rtol=1e-12)
    expected = jacobian @ theirs @ jacobian.T
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(tracks.covariance[0] / size, expected / size, atol=1e-7)


def test_the_time_is_left_out():
    matrix = np.arange(1.0, 37.0).reshape(6, 6)
    with_time = Tracks.from_edm4hep(state(), lower_triangle(matrix))
    without = Tracks.from_edm4hep(state(), lower_triangle(matrix[:5, :5]))
    np.testing.assert_array_equal(with_time.covariance, without.covariance)


@pytest.mark.parametrize("shape", [(1, 20), (1, 5, 5), (2, 15)])
def test_another_number_of_terms_is_refused(shape):
    with pytest.raises(ShapeError, match="covariance has shape"):
        Tracks.from_edm4hep(state(), np.zeros(shape))
