"""Means and widths, and whether their errors are their spread."""

import numpy as np
import pytest
from scipy.stats import sem

from ndive.evaluation.mean import mean_of, width_of


def test_the_mean_has_its_standard_error():
    values = np.array([1.0, 4.0, np.nan, 2.0, np.inf])
    found = mean_of(values)
    assert (found.value, found.count) == (pytest.approx(7 / 3), 3)
    assert found.error == pytest.approx(sem([1, 4, 2]))


def test_the_width_is_sigma_for_a_gaussian_and_half_for_two_tails():
    values = np.random.default_rng(12).normal(3, 2, 200_000)
    assert width_of(values).value == pytest.approx(2, rel=0.01)
    assert width_of(np.linspace(0, 1, 10_001)).value == pytest.approx(0.6826894921 / 2, abs=1e-4)


@pytest.mark.parametrize("tails", [3.0, np.inf])
def test_the_error_of_a_width_is_its_spread_over_toys(tails):
    rng = np.random.default_rng(5)
    toys = rng.normal(size=(1000, 800)) if np.isinf(tails) else rng.standard_t(tails, size=(1000, 800))
    found = [width_of(toy) for toy in toys]
    spread = np.std([one.value for one in found], ddof=1)
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=0.1)


def test_nothing_has_neither_mean_nor_width():
    for of in (mean_of, width_of):
        found = of(np.zeros(0))
        assert np.isnan([found.value, found.error]).all()
        assert found.count == 0


def test_one_value_has_no_width_and_its_mean_no_error():
    width, mean = (of(np.array([3.0, np.nan])) for of in (width_of, mean_of))
    assert np.isnan([width.value, width.error, mean.error]).all()
    assert (width.count, mean.count, mean.value) == (1, 1, 3.0)
