"""Clopper–Pearson against its definition, and its coverage."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from ndive.evaluation.binomial import ONE_SIGMA, binomial_error, clopper_pearson


@pytest.mark.parametrize("selected", [0, 1, 7, 19, 20])
def test_the_ends_are_where_the_tails_are(selected):
    low, high = clopper_pearson(np.array([selected]), np.array([20]), level=0.9)
    if selected > 0:
        assert binom.sf(selected - 1, 20, low[0]) == pytest.approx(0.05)
        assert low[0] == pytest.approx(beta.ppf(0.05, selected, 21 - selected))
    else:
        assert low[0] == 0
    if selected < 20:
        assert binom.cdf(selected, 20, high[0]) == pytest.approx(0.05)
        assert high[0] == pytest.approx(beta.ppf(0.95, selected + 1, 20 - selected))
    else:
        assert high[0] == 1


def test_nothing_of_nothing_is_anything():
    low, high = clopper_pearson(np.array([0, 0]), np.array([0, 4]))
    assert (low[0], high[0]) == (0, 1)
    assert low[1] == 0
    assert high[1] < 1


@pytest.mark.parametrize("true", [0.03, 0.5, 0.84])
def test_it_never_covers_less_than_promised(true):
    counts = np.arange(31)
    low, high = clopper_pearson(counts, np.full(31, 30))
    covered = binom.pmf(counts, 30, true)[(low <= true) & (true <= high)].sum()
    assert covered >= ONE_SIGMA


def test_binomial_error_by_hand():
    assert binomial_error(0.2, 400) == pytest.approx(0.02)
    assert np.isnan(binomial_error(0.2, 0))
