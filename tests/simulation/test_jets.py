import numpy as np
import pytest

from ndive.schema import angle_between
from ndive.simulation.jets import Jets, closest_jet, find_jets
from tests.simulation.events import events_of, particle


def anti_kt(particles, radius):
    """Jets by the definition of arXiv:0802.1189, in cubic time: pairs of (E, px, py, pz)."""
    objects, jets = [np.array(p) for p in particles], []

    def pt(p):
        return np.hypot(p[1], p[2])

    def rapidity(p):
        return 0.5 * np.log((p[0] + p[3]) / (p[0] - p[3]))

    while objects:
        beam = [pt(p) ** -2 for p in objects]
        best = ("beam", int(np.argmin(beam)), -1, min(beam))
        for i, p in enumerate(objects):
            for j, q in enumerate(objects[:i]):
                dphi = np.angle(np.exp(1j * (np.arctan2(p[2], p[1]) - np.arctan2(q[2], q[1]))))
                square = (rapidity(p) - rapidity(q)) ** 2 + dphi**2
                distance = min(beam[i], beam[j]) * square / radius**2
                if distance < best[3]:
                    best = ("pair", i, j, distance)
        kind, i, j, _ = best
        if kind == "beam":
            jets.append(objects.pop(i))
        else:
            objects[j] = objects[j] + objects[i]
            objects.pop(i)
    return jets


def test_jets_are_those_of_the_definition():
    generator = np.random.default_rng(3)
    axes = [(0.3, 3.1), (-1.2, 0.4), (1.9, -1.5)]
    cloud = [
        particle(211, pt, eta + generator.normal(0, 0.2), phi + generator.normal(0, 0.2))
        for eta, phi in axes
        for pt in generator.exponential(6.0, size=15)
    ]
    events = events_of(*cloud)
    expected = anti_kt(np.column_stack([events.energy, events.momentum]), 0.4)
    hard = sorted(np.hypot(jet[1], jet[2]) for jet in expected if np.hypot(jet[1], jet[2]) > 20)
    assert len(hard) >= 3
    assert sorted(find_jets(events).pt) == pytest.approx(hard)


def test_what_is_not_seen_is_in_no_jet():
    events = events_of(
        particle(211, 30.0, 0.0, 1.0),
        particle(12, 100.0, 0.1, 1.0),
        particle(511, 100.0, 0.1, 1.0, status=-1),
        particle(211, 50.0, 4.2, 0.0),
        particle(22, 25.0, -1.0, -2.0, event=1),
    )
    jets = find_jets(events)
    assert jets.pt == pytest.approx([30.0, 25.0])
    assert jets.event.tolist() == [0, 1]
    assert jets.mass == pytest.approx([0.13957, 0.13957], rel=1e-3)


def test_the_closest_jet_is_that_of_brute_force():
    generator = np.random.default_rng(5)
    event, other = np.sort(generator.integers(0, 6, 20)), generator.integers(0, 7, 300)
    eta, phi = generator.uniform(-1, 1, 20), generator.uniform(-np.pi, np.pi, 20)
    jets = Jets(n_events=7, event=event, pt=np.ones(20), eta=eta, phi=phi, mass=np.ones(20))
    eta_of, phi_of = generator.uniform(-1, 1, 300), generator.uniform(-np.pi, np.pi, 300)
    found = closest_jet(jets, other, eta_of, phi_of, within=0.7)
    for place in range(300):
        distance = np.hypot(eta - eta_of[place], np.angle(np.exp(1j * (phi - phi_of[place]))))
        distance[event != other[place]] = np.inf
        expected = distance.argmin() if distance.min() < 0.7 else -1
        assert found[place] == expected
    assert (found >= 0).any()
    assert (found < 0).any()


def test_without_jets_nothing_is_close():
    none = np.array([])
    jets = Jets(n_events=2, event=none.astype(int), pt=none, eta=none, phi=none, mass=none)
    assert closest_jet(jets, np.array([0, 1]), np.zeros(2), np.zeros(2), within=1.0).tolist() == [-1, -1]


def test_angles_are_subtracted_across_the_seam():
    assert angle_between(np.array([3.1, -3.1]), np.array([-3.1, 3.1])) == pytest.approx(
        [6.2 - 2 * np.pi, 2 * np.pi - 6.2]
    )
