"""Kinds of particles, told by their PDG numbers (Monte Carlo numbering scheme of the PDG review)."""

import numpy as np
from jaxtyping import Bool, Int

NEUTRINOS = (12, 14, 16)
CHARGED_STABLE = {11: -1, 13: -1, 211: 1, 321: 1, 2212: 1, 3112: -1, 3222: 1, 3312: -1, 3334: -1}
"""Charge of each particle that can leave a track, for the positive PDG number."""


def charge(pdg: Int[np.ndarray, "*n"]) -> Int[np.ndarray, "*n"]:
    """Charge of a stable charged particle, 0 for all others."""
    size = np.abs(pdg)
    result = np.zeros_like(pdg)
    for number, sign in CHARGED_STABLE.items():
        result[size == number] = sign
    return result * np.sign(pdg)


def is_neutrino(pdg: Int[np.ndarray, "*n"]) -> Bool[np.ndarray, "*n"]:
    """Whether it is a neutrino of any kind."""
    return np.isin(np.abs(pdg), NEUTRINOS)


def is_parton(pdg: Int[np.ndarray, "*n"]) -> Bool[np.ndarray, "*n"]:
    """Whether it is a quark, a gluon or a diquark."""
    size = np.abs(pdg)
    diquark = (size > 1000) & (size < 10_000) & (size // 10 % 10 == 0)
    return ((size > 0) & (size <= 8)) | (size == 21) | diquark
