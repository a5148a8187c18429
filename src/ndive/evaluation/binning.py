"""Figures of merit by flavour, over all jets and in bins of pT, |eta|, tracks and decay length."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.evaluation.binomial import clopper_pearson
from ndive.evaluation.ellipsoids import ALL
from ndive.evaluation.mean import mean_of, width_of
from ndive.evaluation.predictions import JetTable
from ndive.evaluation.quantities import Fraction, Quantity, Spread
from ndive.schema import load_schema

BINS: Mapping[str, Float[np.ndarray, " edges"]] = {
    "pt": np.linspace(20, 200, 10),
    "abs_eta": np.linspace(0, 2.5, 6),
    "n_tracks": np.arange(0.5, 16.5),
    "n_decay_tracks": np.arange(-0.5, 11.5),
    "decay_length": np.linspace(0, 40, 11),
}
"""Column of the jets -> edges, in GeV and mm; the ranges are those of arXiv:2310.12804."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One figure of merit of one flavour or of `all`, over all jets (no `variable`) or in one bin `low` to
    `high`.

    A pooled fraction has its 68 % Clopper–Pearson interval, a mean or a width its standard error, as
    distances `down` and `up` from the `value`; `count` is the denominator, or the number of jets. NaN of
    nothing.
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


class _Part(NamedTuple):
    """All jets (no `variable`), or those of one bin; `jets` are their rows."""

    variable: str
    low: float
    high: float
    jets: Int[np.ndarray, " chosen"]


def measurements(found: Mapping[str, Quantity], jets: JetTable) -> tuple[Measurement, ...]:
    """Each quantity over the jets of each flavour and of all, and in bins of each variable; empty ones left
    out.
    """
    measured = []
    masks = {flavour: jets.flavour == label for label, flavour in enumerate(load_schema().class_names)}
    for flavour, chosen in {**masks, ALL: np.ones(len(jets.flavour), bool)}.items():
        parts = list(_parts(jets, chosen))
        for metric, quantity in found.items():
            measured += [_measured(metric, flavour, quantity, part) for part in parts]
    return tuple(one for one in measured if one.count)


def bin_numbers(jets: JetTable, variable: str) -> Int[np.ndarray, " jets"]:
    """The bin of `variable` that each jet lies in, closed below; negative or too large outside of all."""
    return np.searchsorted(BINS[variable], np.asarray(getattr(jets, variable), float), side="right") - 1


def _parts(jets: JetTable, chosen: Bool[np.ndarray, " jets"]) -> Iterator[_Part]:
    yield _Part("", np.nan, np.nan, np.flatnonzero(chosen))
    for variable, edges in BINS.items():
        place = bin_numbers(jets, variable)
        for number, (low, high) in enumerate(pairwise(edges)):
            yield _Part(variable, float(low), float(high), np.flatnonzero(chosen & (place == number)))


def _measured(metric: str, flavour: str, quantity: Quantity, part: _Part) -> Measurement:
    value, down, up, count = measured_over(quantity, part.jets)
    return Measurement(
        metric=metric,
        flavour=flavour,
        variable=part.variable,
        low=part.low,
        high=part.high,
        value=value,
        down=down,
        up=up,
        count=count,
    )


def measured_over(
    quantity: Quantity, chosen: Bool[np.ndarray, " jets"] | Int[np.ndarray, " chosen"]
) -> tuple[float, float, float, int]:
    """`value`, `down`, `up` and `count` of a `Measurement` over the jets `chosen` by a mask or by row."""
    if isinstance(quantity, Fraction):
        return _pooled(int(quantity.part[chosen].sum()), int(quantity.whole[chosen].sum()))
    average = width_of if isinstance(quantity, Spread) else mean_of
    found = average(quantity.value[chosen])
    return found.value, found.error, found.error, found.count


def _pooled(part: int, whole: int) -> tuple[float, float, float, int]:
    if not whole:
        return np.nan, np.nan, np.nan, 0
    low, high = clopper_pearson(np.array(part), np.array(whole))
    value = part / whole
    return value, value - float(low), float(high) - value, whole
