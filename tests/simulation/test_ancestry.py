import numpy as np

from ndive.simulation.ancestry import first_ancestor, weak_hadrons

#               B*0, B0,  D*-,  D0, pi, K, tau(B), D+ (prompt), J/psi (of B)
PDG = np.array([513, 511, -413, -421, -211, 321, 15, 411, 443])
MOTHER = np.array([-1, 0, 1, 2, 2, 3, 1, -1, 1])


def test_only_the_last_hadron_with_the_quark_decays_weakly():
    assert np.flatnonzero(weak_hadrons(PDG, MOTHER, 5)).tolist() == [1]
    assert np.flatnonzero(weak_hadrons(PDG, MOTHER, 4)).tolist() == [3, 7]


def test_a_b_hadron_that_decays_to_another_is_not_the_weak_one():
    assert weak_hadrons(np.array([541, 531]), np.array([-1, 0]), 5).tolist() == [False, True]


def test_the_nearest_ancestor_is_found():
    start = np.array([5, 4, 6, 7, 0])
    assert first_ancestor(MOTHER, start, weak_hadrons(PDG, MOTHER, 5)).tolist() == [1, 1, 1, -1, -1]
    assert first_ancestor(MOTHER, start, np.abs(PDG) == 421).tolist() == [3, -1, -1, -1, -1]
    assert first_ancestor(MOTHER, start, np.abs(PDG) > 400).tolist() == [3, 2, 1, -1, -1]


def test_a_particle_is_not_its_own_ancestor():
    assert first_ancestor(MOTHER, np.array([1]), PDG == 511).tolist() == [-1]
