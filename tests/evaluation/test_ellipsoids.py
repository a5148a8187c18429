"""Calibrated ellipsoids: factors by hand, and how many true vertices they hold whatever the errors."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy.stats import beta, chi2, kstest

from ndive.evaluation.ellipsoids import (
    ErrorFactor,
    cross_factors,
    error_columns,
    error_factor,
    error_factors,
    inside,
    percent,
    scaled_distance,
)
from ndive.evaluation.quantities import quantities
from ndive.evaluation.resolution import scale_factor
from tests.evaluation.toys import toy_jets, toy_predictions, toy_vertices

JETS = toy_jets(20_000, seed=3)
PREDICTED = toy_predictions(JETS).flavour.argmax(axis=1)


def with_tails(by):
    """Vertices `by[flavour]` times farther away than their errors say, a fifth of them five times that.

    All tracks agree, so that the scale factor is one.
    """
    fits = toy_vertices(JETS)
    rng = np.random.default_rng(8)
    away = np.array(by)[PREDICTED] * np.where(rng.random(len(PREDICTED)) < 0.2, 5, 1)
    position = JETS.hadron_vertex + away[:, None] * (fits.position - JETS.hadron_vertex)
    predictions = toy_predictions(JETS)
    vertices = replace(fits, position=position, chi2=np.zeros_like(fits.chi2))
    return replace(predictions, vertices=vertices)


@pytest.mark.parametrize(
    ("n", "level", "rank"), [(9, 0.68, 7), (10, 0.68, 8), (74, 0.68, 51), (19, 0.95, 19), (99, 0.95, 95)]
)
def test_the_factor_comes_from_the_smallest_that_keeps_its_word(n, level, rank):
    shuffled = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))
    assert error_factor(shuffled, level) == pytest.approx(np.sqrt(rank / chi2.ppf(level, 3)))


@pytest.mark.parametrize(("n", "level"), [(0, 0.68), (2, 0.68), (18, 0.95)])
def test_too_few_jets_give_no_ellipsoid(n, level):
    assert error_factor(np.ones(n), level) == np.inf


def test_the_share_held_has_the_distribution_of_the_literature():
    """Vovk, Proc. 4th Asian Conf. Machine Learning (2012) 475: Beta(k, n + 1 - k), of any distribution."""
    rng = np.random.default_rng(4)
    n, level, rank = 49, 0.68, 34
    squared = rng.pareto(0.7, (2000, n))
    radius = np.array([error_factor(row, level) ** 2 for row in squared]) * chi2.ppf(level, 3)
    held = 1 - (1 + radius) ** -0.7
    assert kstest(held, beta(rank, n + 1 - rank).cdf).pvalue > 0.01


@pytest.mark.parametrize("predicted", [0, 1, 2])
@pytest.mark.parametrize("level", [0.68, 0.95])
def test_wrong_errors_with_tails_are_put_right_for_each_predicted_flavour(predicted, level):
    """In one half of the jets, within their binomial error and that of the half that gave the factors.

    Of both halves together the two errors cancel.
    """
    found = quantities(with_tails([1, 3, 0.1]), JETS)
    chosen = (predicted == PREDICTED) & (np.arange(len(PREDICTED)) % 2 == 0)
    name = f"coverage_{percent(level)}"
    calibrated, plain = (
        found[which].part[chosen].sum() / found[which].whole[chosen].sum()
        for which in (f"calibrated_{name}", f"scaled_{name}")
    )
    error = np.sqrt(level * (1 - level) / found[f"calibrated_{name}"].whole[chosen].sum())
    assert abs(calibrated - level) < 3 * np.sqrt(2) * error
    assert abs(plain - level) > 7 * error


def test_jets_without_two_tracks_from_the_vertex_are_calibrated_too():
    predictions = with_tails([1, 1, 1])
    found = quantities(predictions, JETS)
    np.testing.assert_array_equal(found["calibrated_coverage_68"].whole, predictions.vertices.valid)
    assert (found["scaled_coverage_68"].whole < predictions.vertices.valid).any()


def test_a_model_that_tells_no_flavour_is_calibrated_over_all_jets():
    predictions = with_tails([1, 3, 0.1])
    found = quantities(replace(predictions, flavour=None), JETS)["calibrated_coverage_68"]
    factors = cross_factors(scaled_distance(predictions.vertices, JETS), np.zeros_like(PREDICTED), 0.68)
    held = inside(scaled_distance(predictions.vertices, JETS), 0.68, factors) & predictions.vertices.valid
    np.testing.assert_array_equal(found.part, held)
    shares = [found.part[kind == PREDICTED].sum() / found.whole[kind == PREDICTED].sum() for kind in (1, 2)]
    assert shares[0] < 0.6
    assert shares[1] > 0.9


def test_factors_are_by_how_much_the_errors_are_wrong():
    one, three, third = (
        [factor.factor for factor in error_factors(with_tails(by), JETS)]
        for by in ([1, 1, 1], [3, 3, 3], [1, 3, 1 / 3])
    )
    np.testing.assert_allclose(three, 3 * np.array(one))
    np.testing.assert_allclose(third, np.array(one) * np.repeat([1, 3, 1 / 3], 2))


def test_factors_say_for_which_jets_they_are_and_from_how_many():
    predictions = with_tails([1, 1, 1])
    found = error_factors(predictions, JETS)
    fitted = predictions.vertices.valid
    assert [(one.predicted, one.level) for one in found] == [
        (flavour, level) for flavour in ("bjets", "cjets", "ujets") for level in (0.68, 0.95)
    ]
    assert [one.count for one in found[::2]] == [(fitted & (kind == PREDICTED)).sum() for kind in range(3)]


def test_a_model_that_tells_no_flavour_has_factors_for_all_jets():
    found = error_factors(replace(with_tails([1, 1, 1]), flavour=None), JETS)
    assert [(one.predicted, one.level) for one in found] == [("all", 0.68), ("all", 0.95)]
    assert error_factors(toy_predictions(JETS, vertices=False), JETS) == ()


def test_columns_for_other_jets_hold_the_factor_of_their_predicted_flavour():
    predictions = replace(toy_predictions(JETS), vertices=toy_vertices(JETS))
    levels = [(flavour, level) for flavour in ("bjets", "cjets", "ujets") for level in (0.68, 0.95)]
    factors = [
        ErrorFactor(predicted=flavour, level=level, factor=1.0 + number, count=99)
        for number, (flavour, level) in enumerate(levels)
    ]
    scale = np.where(predictions.vertices.valid, scale_factor(predictions.vertices, JETS.real), np.nan)
    found = error_columns(predictions, JETS.real, factors)
    np.testing.assert_array_equal(found["scale_factor"], scale)
    np.testing.assert_array_equal(found["sandwich_factor_68"], scale * np.array([1, 3, 5])[PREDICTED])
    np.testing.assert_array_equal(found["sandwich_factor_95"], scale * np.array([2, 4, 6])[PREDICTED])
    assert [*error_columns(predictions, JETS.real, ())] == ["scale_factor"]
    assert error_columns(replace(predictions, vertices=None), JETS.real, factors) == {}


def test_one_factor_is_for_all_jets_where_no_flavour_is_told():
    predictions = replace(toy_predictions(JETS), flavour=None)
    factor = ErrorFactor(predicted="all", level=0.95, factor=2.0, count=99)
    found = error_columns(predictions, JETS.real, [factor])
    np.testing.assert_array_equal(found["sandwich_factor_95"], 2 * found["scale_factor"])


def test_grown_ellipsoids_of_scores_hold_what_they_say():
    """The factors of one half of the jets, applied to what is written of the other."""
    predictions = with_tails([1, 3, 0.1])
    odd, even = (
        (
            jax.tree.map(lambda leaf, half=half: leaf[half::2], predictions),
            jax.tree.map(lambda leaf, half=half: leaf[half::2], JETS),
        )
        for half in (1, 0)
    )
    fits, jets = even
    columns = error_columns(fits, jets.real, error_factors(*odd))
    away = fits.vertices.position - jets.hadron_vertex
    chosen = fits.vertices.valid
    for level in (0.68, 0.95):
        grown = (
            columns[f"sandwich_factor_{percent(level)}"][:, None, None] ** 2
            * fits.vertices.sandwich_covariance
        )
        d2 = np.einsum("ji,jik,jk->j", away, np.linalg.inv(grown), away)
        held = (d2 < chi2.ppf(level, 3))[chosen].mean()
        assert abs(held - level) < 3.5 * np.sqrt(2 * level * (1 - level) / chosen.sum())


def test_no_jet_is_judged_by_itself_or_its_half():
    squared = np.random.default_rng(1).chisquare(3, 400)
    kinds = np.arange(400) // 2 % 2
    before = cross_factors(squared, kinds, 0.68)
    even = np.arange(400) % 2 == 0
    after = cross_factors(np.where(even, 9 * squared, squared), kinds, 0.68)
    np.testing.assert_array_equal(after[even], before[even])
    np.testing.assert_allclose(after[~even], 3 * before[~even])


def test_jets_without_an_ellipsoid_are_not_counted():
    few = toy_jets(30, seed=2)
    found = quantities(toy_predictions(few), few)
    assert found["scaled_coverage_95"].whole.any()
    assert not found["calibrated_coverage_95"].whole.any()


def test_a_vertex_lies_inside_where_the_grown_ellipsoid_reaches_it():
    edge = chi2.ppf(0.95, 3)
    squared, factors = edge * np.array([0.9, 1.1, 3.9, 4.1]), np.array([1.0, 1.0, 2.0, 2.0])
    np.testing.assert_array_equal(inside(squared, 0.95, factors), [True, False, True, False])
