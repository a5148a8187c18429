"""Probability that the tracker finds a charged particle: the parametrisation of ATLAS in Delphes."""

import numpy as np
from jaxtyping import Float, Int

CENTRAL, HARD = 1.5, 1.0
"""Where the steps are, in abs(eta) and in GeV of pT."""

ELECTRON, MUON = 11, 13
HADRON_EFFICIENCY = ((0.70, 0.95), (0.60, 0.85))
EFFICIENCY = {ELECTRON: ((0.73, 0.95), (0.50, 0.83)), MUON: ((0.75, 0.99), (0.70, 0.98))}
"""Of soft and of hard particles, in the central and in the outer region."""


def track_efficiency(
    pdg: Int[np.ndarray, " n"], pt: Float[np.ndarray, " n"], eta: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Efficiency of particles by PDG number, pT (GeV) and eta.

    The ATLAS card of Delphes (arXiv:1307.6346), up to 100 GeV for electrons; with it the public sample of
    arXiv:2008.02831 was made.
    """
    region = (np.abs(eta) > CENTRAL).astype(int), (pt > HARD).astype(int)
    result = np.array(HADRON_EFFICIENCY)[region]
    for lepton, table in EFFICIENCY.items():
        result = np.where(np.abs(pdg) == lepton, np.array(table)[region], result)
    return result
