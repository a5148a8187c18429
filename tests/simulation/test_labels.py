import numpy as np
import pytest

from ndive.simulation.jets import Jets
from ndive.simulation.labels import label_jets, prompt_leptons
from tests.simulation.events import DECAYED, events_of, particle


def jets_at(*axes):
    eta, phi = np.array(axes, dtype=float).T
    ones = np.full(len(axes), 50.0)
    return Jets(n_events=1, event=np.zeros(len(axes), dtype=int), pt=ones, eta=eta, phi=phi, mass=ones)


def hadron(pdg, pt=30.0, eta=0.0, phi=0.0, **others):
    return particle(pdg, pt, eta, phi, status=DECAYED, **others)


@pytest.mark.parametrize(
    ("particles", "flavour"),
    [
        ([hadron(511, eta=0.29)], 5),
        ([hadron(511, eta=0.31)], 0),
        ([hadron(511, pt=4.9)], 0),
        ([hadron(421)], 4),
        ([hadron(421, pt=90.0), hadron(-511)], 5),
        ([hadron(443)], 0),
        ([hadron(24), hadron(15, mother=0)], 15),
        ([hadron(24), hadron(15, mother=0), hadron(421)], 4),
        ([hadron(511), hadron(15, mother=0)], 5),
        ([hadron(211)], 0),
    ],
)
def test_flavour_by_the_hadrons_within_reach(particles, flavour):
    assert label_jets(events_of(*particles), jets_at((0, 0))).flavour.tolist() == [flavour]


def test_a_hadron_belongs_to_the_closest_jet_only():
    labels = label_jets(events_of(hadron(511, eta=0.2)), jets_at((0, 0), (0.45, 0)))
    assert labels.flavour.tolist() == [5, 0]
    labels = label_jets(events_of(hadron(511, eta=0.25)), jets_at((0, 0), (0.45, 0)))
    assert labels.flavour.tolist() == [0, 5]


def test_the_hardest_hadron_labels_and_the_charm_behind_it_is_found():
    events = events_of(
        hadron(511, pt=20.0),
        hadron(521, pt=30.0),
        hadron(-421, pt=15.0, mother=0),
        hadron(-411, pt=8.0, mother=1),
        hadron(431, pt=9.0, mother=1),
    )
    labels = label_jets(events, jets_at((0, 0), (2.0, 2.0)))
    assert labels.hadron.tolist() == [1, -1]
    assert labels.charm.tolist() == [4, -1]
    assert labels.n_bhadrons.tolist() == [2, 0]
    assert labels.n_chadrons.tolist() == [3, 0]


def test_the_charm_of_a_charm_jet_is_its_label():
    labels = label_jets(events_of(hadron(421)), jets_at((0, 0)))
    assert (labels.hadron.tolist(), labels.charm.tolist()) == ([0], [0])


def test_a_jet_on_a_prompt_lepton_is_not_isolated():
    w = hadron(24)
    near, far, soft = ({"eta": 0.3}, {"eta": 0.5}, {"eta": 0.3, "pt": 9.0})
    for pdg, place, isolated in ((11, near, False), (-13, near, False), (11, far, True), (13, soft, True)):
        events = events_of(w, particle(pdg, **{"pt": 30.0, **place}, mother=0))
        assert label_jets(events, jets_at((0, 0))).isolated.tolist() == [isolated]
    assert label_jets(events_of(hadron(511), particle(11, mother=0)), jets_at((0, 0))).isolated.tolist() == [
        True
    ]


def test_prompt_leptons_are_last_copies_that_no_hadron_made():
    events = events_of(
        hadron(24),
        hadron(-13, mother=0),
        particle(-13, mother=1),
        hadron(-15, mother=0),
        particle(-11, mother=3),
        hadron(511),
        particle(11, mother=5),
        particle(11),
    )
    assert np.flatnonzero(prompt_leptons(events)).tolist() == [2, 3, 4]
