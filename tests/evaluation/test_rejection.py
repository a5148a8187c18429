"""Rejection against Gaussian scores whose ROC is known, against sklearn, and its errors against toys."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from ndive.evaluation.rejection import EFFICIENCIES, Scores, area_under_roc, rejection_ratio, roc

SHIFT = 2.0
POINTS = np.array([0.6, 0.7, 0.8])


def gaussian_scores(seed, n_signal=4000, n_background=6000, shift=SHIFT):
    rng = np.random.default_rng(seed)
    return Scores(signal=rng.normal(shift, 1, n_signal), background=rng.normal(0, 1, n_background))


def exact_rejection(efficiency, shift=SHIFT):
    """Signal N(shift, 1) over background N(0, 1): the cut is shift + quantile(1 - efficiency)."""
    return 1 / norm.sf(shift + norm.ppf(1 - efficiency))


def test_the_curve_of_gaussian_scores():
    curve = roc(gaussian_scores(1, 400_000, 400_000), POINTS)
    np.testing.assert_allclose(curve.rejection, exact_rejection(POINTS), atol=4 * curve.error.max())
    assert (np.abs(curve.rejection - exact_rejection(POINTS)) < 4 * curve.error).all()


def test_the_curve_against_sklearn():
    scores = gaussian_scores(2, 700, 900)
    truth = np.repeat([1, 0], [700, 900])
    background, signal, _ = roc_curve(
        truth, np.concatenate([scores.signal, scores.background]), drop_intermediate=False
    )
    curve = roc(scores, np.array([0.55, 0.62, 0.71, 0.93]))
    above = np.array([background[signal >= at].min() for at in curve.efficiency])
    below = np.array([background[signal < at - 1 / 700].max() for at in curve.efficiency])
    assert (1 / curve.rejection <= above).all()
    assert (1 / curve.rejection >= below).all()


def test_errors_are_the_spread_of_toys():
    toys = [roc(gaussian_scores(seed, 1000, 5000), POINTS) for seed in range(400)]
    spread = np.std([toy.rejection for toy in toys], axis=0)
    claimed = np.mean([toy.error for toy in toys], axis=0)
    np.testing.assert_allclose(claimed, spread, rtol=0.12)


def test_ratio_errors_are_the_spread_of_toys_on_the_same_jets():
    def toy(seed):
        rng = np.random.default_rng(seed)
        scores = gaussian_scores(seed, 1000, 5000)
        blurred = Scores(
            signal=scores.signal + rng.normal(0, 0.5, 1000),
            background=scores.background + rng.normal(0, 0.5, 5000),
        )
        return rejection_ratio(scores, blurred, POINTS)

    toys = [toy(seed) for seed in range(400)]
    spread = np.std([toy.rejection for toy in toys], axis=0)
    claimed = np.mean([toy.error for toy in toys], axis=0)
    np.testing.assert_allclose(claimed, spread, rtol=0.12)


def test_a_model_over_itself_is_exactly_one():
    scores = gaussian_scores(3)
    curve = rejection_ratio(scores, scores, POINTS)
    np.testing.assert_array_equal(curve.rejection, 1)
    np.testing.assert_allclose(curve.error, 0, atol=1e-7)


def test_no_background_left_is_infinite_with_no_error():
    curve = roc(Scores(signal=np.arange(10.0), background=np.full(5, -1.0)), np.array([0.5, 0.9]))
    assert np.isinf(curve.rejection).all()
    assert np.isnan(curve.error).all()


@pytest.mark.parametrize("empty", ["signal", "background"])
def test_no_jets_give_nan(empty):
    full = {"signal": np.arange(5.0), "background": np.arange(5.0)}
    scores = Scores(**(full | {empty: np.zeros(0)}))
    assert np.isnan(area_under_roc(scores))
    assert np.isnan(roc(scores, POINTS).error).all()


@given(st.integers(0, 10_000))
def test_a_monotonic_change_of_the_score_changes_nothing(seed):
    scores = gaussian_scores(seed, 200, 300)
    stretched = Scores(signal=np.exp(scores.signal), background=np.exp(scores.background))
    assert area_under_roc(scores) == area_under_roc(stretched)


def test_area_against_sklearn_with_ties():
    rng = np.random.default_rng(4)
    scores = Scores(
        signal=rng.integers(2, 9, 300).astype(float), background=rng.integers(0, 7, 500).astype(float)
    )
    truth = np.repeat([1, 0], [300, 500])
    expected = roc_auc_score(truth, np.concatenate([scores.signal, scores.background]))
    assert area_under_roc(scores) == pytest.approx(expected, abs=1e-12)


def test_the_default_grid_has_a_thousand_points_and_falls():
    curve = roc(gaussian_scores(5, 2000, 2000))
    assert len(EFFICIENCIES) == 1000
    assert (np.diff(curve.rejection) <= 0).all()
