import numpy as np
import pytest

from ndive.schema import has_heavy_quark
from ndive.simulation.particles import charge, is_neutrino, is_parton

BOTTOM = [511, -521, 531, 541, 5122, -5132, 5332, 513, 10511, 20523, 5222]
CHARM = [411, -421, 431, 4122, 4232, -4332, 413, 10411, 20433, 4412, 4224]
NEITHER = [
    553,
    443,
    100443,
    100553,
    20443,
    211,
    310,
    3122,
    2212,
    5,
    4,
    21,
    22,
    11,
    15,
    5103,
    4203,
    -5301,
    4403,
]


@pytest.mark.parametrize(("quark", "hadrons"), [(5, BOTTOM), (4, CHARM)])
def test_heavy_hadrons_are_no_onia_and_no_diquarks(quark, hadrons):
    everything = np.array(BOTTOM + CHARM + NEITHER)
    assert set(everything[has_heavy_quark(everything, quark)]) == set(hadrons)


def test_charges():
    pdg = np.array([11, -11, 13, 211, -211, 321, 2212, -2212, 22, 130, 2112, 12])
    assert charge(pdg).tolist() == [-1, 1, -1, 1, -1, 1, 1, -1, 0, 0, 0, 0]


def test_partons_and_neutrinos():
    pdg = np.array([1, -6, 21, 2101, 5503, 2112, 3122, 22, 24, 12, -14, 16, 15, 0])
    assert pdg[is_parton(pdg)].tolist() == [1, -6, 21, 2101, 5503]
    assert pdg[is_neutrino(pdg)].tolist() == [12, -14, 16]
