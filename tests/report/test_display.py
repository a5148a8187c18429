"""The geometry behind the event display."""

import numpy as np
import pytest

from ndive.report.display import FAINTEST, display, ellipsoid, jet_frame


def test_ellipsoid_points_are_one_sigma_away():
    root = np.array([[2.0, 0.0, 0.0], [0.5, 1.0, 0.0], [-0.3, 0.2, 0.1]])
    covariance, centre = root @ root.T, np.array([1.0, -2.0, 3.0])
    away = ellipsoid(centre, covariance).reshape(-1, 3) - centre
    distance = np.einsum("ij,jk,ik->i", away, np.linalg.inv(covariance), away)
    np.testing.assert_allclose(distance, 1, rtol=1e-9)


def test_the_frame_is_a_rotation_with_the_jet_first():
    eta, phi = -1.3, 2.1
    frame = jet_frame(eta, phi)
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(frame) == pytest.approx(1)
    theta = 2 * np.arctan(np.exp(-eta))
    axis = [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]
    np.testing.assert_allclose(frame @ axis, [1, 0, 0], atol=1e-12)


def test_tracks_start_from_the_perigee_and_fade_with_their_weight(shown):
    figure = display([shown])
    lines = [trace for trace in figure.data if trace.name.startswith("track")]
    real = np.flatnonzero(shown.example.truth.real[0])
    assert len(lines) == len(real)
    weights = shown.fits["perfect"].track_weights[0][real]
    expected = FAINTEST + (1 - FAINTEST) * weights / weights.max()
    np.testing.assert_allclose([line.opacity for line in lines], expected)
    jet = shown.example.batch.jet
    frame = jet_frame(float(jet.eta), float(jet.phi))
    for line, (d0, z0, phi, _, _) in zip(lines, np.asarray(jet.tracks.parameters)[real], strict=True):
        perigee = frame @ [-d0 * np.sin(phi), d0 * np.cos(phi), z0]
        points = np.stack([line.x, line.y, line.z], axis=1)
        step = np.linalg.norm(np.diff(points, axis=0), axis=1).max()
        assert np.linalg.norm(points - perigee, axis=1).min() <= step / 2 * 1.001


def test_the_decay_lies_at_its_distance_and_the_fit_at_its_own(shown):
    points = [trace for trace in display([shown]).data if getattr(trace, "mode", "") == "markers"]
    by_name = {trace.name: trace for trace in points}
    decay = by_name["hadron's decay"]
    place = np.array([decay.x[0], decay.y[0], decay.z[0]])
    assert np.linalg.norm(place) == pytest.approx(shown.example.truth.decay_length[0], rel=1e-5)
    fit = next(trace for trace in points if trace.name.startswith("perfect"))
    off = np.linalg.norm(shown.fits["perfect"].position[0] - shown.example.truth.hadron_vertex[0])
    assert np.linalg.norm(np.array([fit.x[0], fit.y[0], fit.z[0]]) - place) == pytest.approx(off, rel=1e-4)


def test_the_menu_shows_one_jet_at_a_time(shown):
    figure = display([shown, shown])
    buttons = figure.layout.updatemenus[0].buttons
    assert len(buttons) == 2
    visible = np.array([button.args[0]["visible"] for button in buttons])
    np.testing.assert_array_equal(visible.sum(axis=0), 1)
