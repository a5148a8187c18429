"""Copies taken together: mean, scatter, and the error of a ratio."""

import numpy as np

from ndive.evaluation import Roc, ratio_of_copies, roc_of_copies

AT = np.array([0.6, 0.7])


def curve(*values):
    return Roc(efficiency=AT, rejection=np.array(values), error=np.full(2, 99.0))


def test_mean_and_deviation_over_copies():
    found = roc_of_copies([curve(10.0, 4.0), curve(14.0, 5.0), curve(12.0, 6.0)])
    np.testing.assert_allclose(found.rejection, [12, 5])
    np.testing.assert_allclose(found.error, [2, 1])
    assert np.isnan(roc_of_copies([curve(1.0, 2.0)]).error).all()


def test_a_copy_that_lets_no_jet_pass_has_no_deviation():
    found = roc_of_copies([curve(np.inf, 4.0), curve(14.0, 6.0)])
    np.testing.assert_array_equal(found.rejection, [np.inf, 5])
    np.testing.assert_allclose(found.error, [np.nan, np.sqrt(2)])
    over = ratio_of_copies(found, found)
    np.testing.assert_array_equal(over.rejection, [np.nan, 1])
    assert np.isnan(over.error[0])


def test_the_error_of_a_ratio_is_that_of_many_draws():
    rng = np.random.default_rng(2)
    above = Roc(efficiency=AT, rejection=np.array([100.0, 30.0]), error=np.array([3.0, 0.5]))
    below = Roc(efficiency=AT, rejection=np.array([80.0, 20.0]), error=np.array([1.0, 0.8]))
    found = ratio_of_copies(above, below)
    draws = rng.normal(above.rejection, above.error, (200_000, 2)) / rng.normal(
        below.rejection, below.error, (200_000, 2)
    )
    np.testing.assert_allclose(found.rejection, [1.25, 1.5])
    np.testing.assert_allclose(found.error, draws.std(axis=0), rtol=0.02)
