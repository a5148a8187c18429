"""Several copies of one configuration taken together: their mean and how far they scatter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ndive.evaluation.rejection import Roc


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Mean over copies and their standard deviation (n − 1) at each point.

    The deviation of one copy is NaN, and so is that beside an infinite mean, where a copy let no jet pass.
    """

    mean: Float[np.ndarray, " points"]
    deviation: Float[np.ndarray, " points"]


def spread(values: Float[np.ndarray, "copies points"]) -> Spread:
    """Mean and deviation over the first axis."""
    deviation = np.full(values.shape[1:], np.nan)
    if len(values) > 1:
        with np.errstate(invalid="ignore"):
            deviation = values.std(axis=0, ddof=1)
    return Spread(mean=values.mean(axis=0), deviation=deviation)


def roc_of_copies(curves: Sequence[Roc]) -> Roc:
    """Mean rejection of copies judged on the same jets, with the deviation of one copy as error.

    What the copies share, the finite number of jets, is no part of that error.
    """
    found = spread(np.stack([curve.rejection for curve in curves]))
    return Roc(efficiency=curves[0].efficiency, rejection=found.mean, error=found.deviation)


def ratio_of_copies(above: Roc, below: Roc) -> Roc:
    """One mean curve over another, the relative deviations of both added in quadrature."""
    with np.errstate(invalid="ignore"):
        ratio = above.rejection / below.rejection
        relative = np.hypot(above.error / above.rejection, below.error / below.rejection)
        return Roc(efficiency=above.efficiency, rejection=ratio, error=ratio * relative)
