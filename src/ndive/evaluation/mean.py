"""Averages with their statistical errors."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ndive.evaluation.binomial import ONE_SIGMA


@dataclass(frozen=True, kw_only=True)
class Mean:
    """An average over `count` entries and its standard error; NaN of nothing."""

    value: float
    error: float
    count: int


def mean_of(values: Float[np.ndarray, " values"]) -> Mean:
    """Arithmetic mean of the finite values."""
    values = values[np.isfinite(values)]
    count = len(values)
    return Mean(
        value=float(values.mean()) if count else np.nan,
        error=float(values.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan,
        count=count,
    )


def width_of(values: Float[np.ndarray, " values"]) -> Mean:
    """Half of the central 68 % interval of the finite values: sigma, were they Gaussian.

    NaN of fewer than two. The error takes nothing for granted of their distribution: each end is as
    uncertain as the quantiles one binomial standard deviation to either side of it say (Woodruff, J. Am.
    Stat. Assoc. 47 (1952) 635), and the two ends are correlated as quantiles are.
    """
    values = values[np.isfinite(values)]
    count, tail = len(values), (1.0 - ONE_SIGMA) / 2.0
    if count < 2:
        return Mean(value=np.nan, error=np.nan, count=count)
    step = np.sqrt(tail * (1.0 - tail) / count)
    around = np.clip(np.add.outer([tail, 1.0 - tail], [-step, 0.0, step]), 0.0, 1.0)
    (low_less, low, low_more), (high_less, high, high_more) = np.quantile(values, around)
    errors = np.array([low_more - low_less, high_more - high_less]) / 2.0
    correlation = tail / (1.0 - tail)
    variance = (errors**2).sum() - 2.0 * correlation * errors.prod()
    return Mean(value=float(high - low) / 2.0, error=float(np.sqrt(variance)) / 2.0, count=count)
