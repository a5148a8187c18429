"""Figures of merit over all jets of a flavour, and in bins of pT, |eta|, multiplicity and decay length."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from ndive.evaluation.binomial import clopper_pearson
from ndive.evaluation.predictions import JetTable
from ndive.evaluation.quantities import Fraction, Quantity
from ndive.schema import load_schema

BINS: Mapping[str, Float[np.ndarray, " edges"]] = {
    "pt": np.linspace(20, 200, 10),
    "abs_eta": np.linspace(0, 2.5, 6),
    "n_tracks": np.arange(1.5, 16.5),
    "decay_length": np.linspace(0, 40, 11),
}
"""Column of the jets -> edges, in GeV and mm; the ranges are those of arXiv:2310.12804."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One figure of merit of one flavour, over all jets (no `variable`) or in one bin `low` to `high`.

    A pooled fraction has its 68 % Clopper–Pearson interval, a mean its standard error, as distances `down`
    and `up` from the `value`; `count` is the denominator, or the number of jets averaged. NaN of nothing.
    """

    metric: str
    flavour: str
    variable: str
    low: float
    high: float
    value: float
    down: float
    up: float
    count: int


def measurements(found: Mapping[str, Quantity], jets: JetTable) -> tuple[Measurement, ...]:
    """Each quantity over the jets of each flavour, then in bins of each variable; empty ones left out."""
    return tuple(
        measured
        for label, flavour in enumerate(load_schema().class_names)
        for metric, quantity in found.items()
        for measured in _of_flavour(metric, flavour, quantity, jets.flavour == label, jets)
        if measured.count
    )


def _of_flavour(
    metric: str, flavour: str, quantity: Quantity, chosen: Bool[np.ndarray, " jets"], jets: JetTable
) -> Iterator[Measurement]:
    yield _measured(quantity, chosen, metric=metric, flavour=flavour)
    for variable, edges in BINS.items():
        column = np.asarray(getattr(jets, variable), float)
        place = np.searchsorted(edges, column, side="right") - 1
        for number, (low, high) in enumerate(pairwise(edges)):
            here = chosen & (place == number)
            yield _measured(
                quantity, here, metric=metric, flavour=flavour, variable=variable, low=low, high=high
            )


def _measured(
    quantity: Quantity,
    chosen: Bool[np.ndarray, " jets"],
    *,
    metric: str,
    flavour: str,
    variable: str = "",
    low: float = np.nan,
    high: float = np.nan,
) -> Measurement:
    value, down, up, count = (
        _pooled(quantity, chosen) if isinstance(quantity, Fraction) else _mean(quantity.value[chosen])
    )
    return Measurement(
        metric=metric,
        flavour=flavour,
        variable=variable,
        low=float(low),
        high=float(high),
        value=value,
        down=down,
        up=up,
        count=count,
    )


def _pooled(fraction: Fraction, chosen: Bool[np.ndarray, " jets"]) -> tuple[float, float, float, int]:
    part, whole = int(fraction.part[chosen].sum()), int(fraction.whole[chosen].sum())
    if not whole:
        return np.nan, np.nan, np.nan, 0
    low, high = clopper_pearson(np.array(part), np.array(whole))
    value = part / whole
    return value, value - float(low), float(high) - value, whole


def _mean(values: Float[np.ndarray, " jets"]) -> tuple[float, float, float, int]:
    values = values[np.isfinite(values)]
    count = len(values)
    error = float(values.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan
    return float(values.mean()) if count else np.nan, error, error, count
