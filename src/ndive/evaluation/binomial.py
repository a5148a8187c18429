"""Errors of counted fractions."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped
from scipy.special import betaincinv

ONE_SIGMA = 0.6826894921370859
"""Probability content of one standard deviation of a Gaussian."""


class Interval(NamedTuple):
    """Lower and upper ends, each `[...]`."""

    low: Float[np.ndarray, "*axes"]
    high: Float[np.ndarray, "*axes"]


def clopper_pearson(
    selected: Shaped[np.ndarray, "*axes"], total: Shaped[np.ndarray, "*axes"], level: float = ONE_SIGMA
) -> Interval:
    """Central confidence interval of a binomial fraction, `[...]` counts in, fractions out.

    It never covers less than `level` (Clopper and Pearson, Biometrika 26 (1934) 404). Nothing of nothing
    is anything: (0, 1).
    """
    tail = (1.0 - level) / 2.0
    passed, failed = np.asarray(selected, float), np.asarray(total, float) - selected
    low = np.where(passed > 0, betaincinv(np.maximum(passed, 1), failed + 1, tail), 0.0)
    high = np.where(failed > 0, betaincinv(passed + 1, np.maximum(failed, 1), 1 - tail), 1.0)
    return Interval(low, high)


def binomial_error(fraction: float, total: int) -> float:
    """Standard deviation of a counted `fraction` of `total`, in the Gaussian limit; NaN of nothing."""
    return float(np.sqrt(fraction * (1.0 - fraction) / total)) if total else float("nan")
