"""Kinds of particles that labels speak of, by their PDG numbers (numbering scheme of the PDG review)."""

import numpy as np
from jaxtyping import Bool, Int

TAU = 15


def has_heavy_quark(pdg: Int[np.ndarray, "*n"], quark: int) -> Bool[np.ndarray, "*n"]:
    """Whether it is a hadron whose heaviest quark is `quark` (4 or 5), and neither diquark nor onium.

    The digits are n nr nL nq1 nq2 nq3 nJ. A meson has nq1 = 0 and its heavier quark in nq2; an onium has
    nq2 = nq3; a diquark has nq3 = 0.
    """
    size = np.abs(pdg)
    first, second, third = size // 1000 % 10, size // 100 % 10, size // 10 % 10
    meson = (first == 0) & (second == quark) & (third > 0) & (third != second)
    baryon = (first == quark) & (second > 0) & (third > 0)
    return (meson | baryon) & (size < 1_000_000)
