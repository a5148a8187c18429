import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from ndive.simulation.jets import Jets
from ndive.simulation.settings import SimulationSettings
from ndive.simulation.tracking import (
    pseudorapidity,
    rank_within,
    smeared,
    track_jets,
    transverse_momentum,
    true_perigees,
)
from tests.simulation.events import events_of, particle

JET = Jets(n_events=1, event=np.array([0]), pt=np.array([50.0]), eta=np.array([0.1]), phi=np.array([0.0]),
           mass=np.array([5.0]))  # fmt: skip


def closest_point(position, momentum, charge, field):
    """The point of the helix that is closest to the z axis in the transverse plane, by minimising."""
    px, py, pz = momentum
    pt = np.hypot(px, py)
    rho = -0.299792458e-3 * field * charge / pt
    phi = np.arctan2(py, px)

    def point(s):
        x = position[0] + (np.sin(phi + rho * s) - np.sin(phi)) / rho
        y = position[1] - (np.cos(phi + rho * s) - np.cos(phi)) / rho
        return np.array([x, y, position[2] + s * pz / pt])

    reach = 2 * np.hypot(*position[:2]) + 1
    s = minimize_scalar(
        lambda s: np.hypot(*point(s)[:2]), bounds=(-reach, reach), method="bounded", options={"xatol": 1e-9}
    ).x
    return point(s), np.angle(np.exp(1j * (phi + rho * s)))


def test_true_parameters_are_those_of_the_closest_point():
    places = [(3.0, -2.0, 10.0), (0.1, 0.2, 0.3), (60.0, 50.0, -120.0)]
    kinds = [(211, 0.7, 1.2, 2.9), (-321, 5.0, -0.4, -1.0), (11, 1.5, 0.2, 0.7)]
    events = events_of(*(particle(*kind, at=place) for kind, place in zip(kinds, places, strict=True)))
    found = true_perigees(events, np.arange(3), 2.0)
    for row, place, momentum, charge in zip(found, places, events.momentum, (1, -1, -1), strict=True):
        point, phi = closest_point(place, momentum, charge, 2.0)
        np.testing.assert_allclose([-row[0] * np.sin(row[2]), row[0] * np.cos(row[2])], point[:2], atol=1e-5)
        assert row[1] == pytest.approx(point[2], abs=1e-4)
        assert row[2] == pytest.approx(phi, abs=1e-6)
        assert row[3] == pytest.approx(np.arccos(momentum[2] / np.linalg.norm(momentum)))
        assert row[4] == pytest.approx(charge / np.linalg.norm(momentum))


def test_more_tracks_than_a_block_are_propagated_in_order():
    events = events_of(*(particle(211, 1 + 0.001 * number, at=(1.0, 2.0, 3.0)) for number in range(5)))
    few = true_perigees(events, np.arange(5), 2.0)
    many = true_perigees(events, np.tile(np.arange(5), 1000), 2.0)
    np.testing.assert_array_equal(many, np.tile(few, (1000, 1)))


def test_smearing_has_the_covariance_that_it_is_given():
    generator = np.random.default_rng(2)
    root = generator.normal(size=(5, 5)) * np.array([0.1, 0.3, 1e-3, 1e-3, 1e-4])[:, None]
    covariance = root @ root.T
    true = np.tile([0.1, 1.0, 1.0, 1.2, 0.3], (200_000, 1))
    delta = smeared(true, np.tile(covariance, (len(true), 1, 1)), generator=generator) - true
    scale = np.sqrt(np.diagonal(covariance))
    np.testing.assert_allclose(delta.mean(axis=0) / scale, 0, atol=4 / len(true) ** 0.5)
    np.testing.assert_allclose(
        np.cov(delta.T) / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=0.015
    )


def test_smeared_angles_stay_in_their_range():
    true = np.tile([0.0, 0.0, np.pi, 1.0, 0.1], (1000, 1))
    phi = smeared(true, np.tile(np.eye(5) * 1e-4, (1000, 1, 1)), generator=np.random.default_rng(0))[:, 2]
    assert (phi < 0).any()
    assert (phi > 0).any()
    assert np.abs(phi).max() <= np.pi
    assert np.abs(np.abs(phi) - np.pi).max() < 0.06


def test_a_jet_keeps_its_hardest_tracks_in_order():
    pts = [3.0, 9.0, 1.0, 5.0, 30.0]
    events = events_of(*(particle(13, pt, 0.1, 0.01 * place) for place, pt in enumerate(pts)))
    tracks = track_jets(events, JET, SimulationSettings(slots=3), generator=np.random.default_rng(1))
    assert tracks.particle.tolist() == [4, 1, 3]
    assert tracks.jet.tolist() == [0, 0, 0]
    assert (np.diff(transverse_momentum(tracks.measured)) < 0).all()


@pytest.mark.parametrize(
    ("kept", "resolution", "one"),
    [
        (True, "atlas", particle(211, 1.0, 0.1)),
        (False, "atlas", particle(22, 1.0, 0.1)),
        (False, "atlas", particle(211, 1.0, 0.1, status=-1)),
        (False, "atlas", particle(211, 0.42, 0.1)),
        (True, "shlomi", particle(211, 0.42, 0.1)),
        (False, "shlomi", particle(211, 0.2, 0.1)),
        (False, "atlas", particle(211, 5.0, 0.1, 0.45)),
        (True, "atlas", particle(211, 5.0, 0.1, 0.35)),
        (False, "atlas", particle(211, 50.0, 0.1, at=(130.0, 0.0, 10.0))),
        (True, "shlomi", particle(211, 50.0, 0.1, at=(130.0, 0.0, 10.0))),
        (False, "shlomi", particle(211, 50.0, 0.1, at=(501.0, 0.0, 10.0))),
    ],
)
def test_which_particles_become_tracks(kept, resolution, one):
    settings = SimulationSettings(resolution=resolution, slots=50)
    tracks = track_jets(events_of(*[one] * 50), JET, settings, generator=np.random.default_rng(0))
    assert (len(tracks.particle) > 25) == kept
    assert kept or len(tracks.particle) == 0


def test_tracks_are_lost_as_often_as_the_efficiency_says():
    n_events, n = 40, 100
    events = events_of(*(particle(211, 0.8, 0.1, event=event) for event in range(n_events) for _ in range(n)))
    every = np.ones(n_events)
    jets = Jets(n_events=n_events, event=np.arange(n_events), pt=50 * every, eta=0.1 * every, phi=0 * every,
                mass=5 * every)  # fmt: skip
    tracks = track_jets(events, jets, SimulationSettings(slots=n), generator=np.random.default_rng(0))
    share = len(tracks.particle) / (n_events * n)
    assert share == pytest.approx(0.7, abs=4 * (0.7 * 0.3 / (n_events * n)) ** 0.5)


def test_ranks():
    assert rank_within(np.array([2, 2, 2, 5, 7, 7])).tolist() == [0, 1, 2, 0, 0, 1]
    assert rank_within(np.array([], dtype=int)).tolist() == []


def test_pseudorapidity_of_parameters():
    parameters = np.array([[0, 0, 0, 2 * np.arctan(np.exp(-1.7)), 0.5]])
    assert pseudorapidity(parameters) == pytest.approx([1.7])
