"""Figures of merit by flavour and in bins: toys whose answer is known, and bins counted by hand."""

import jax
import numpy as np
import pytest
from scipy.stats import chi2, norm
from sklearn.metrics import accuracy_score

from ndive.evaluation import BINS, C_TAG, clopper_pearson, measurements, tags_with
from ndive.evaluation.binning import Measurement
from ndive.evaluation.quantities import Fraction, Values, quantities
from ndive.evaluation.resolution import mahalanobis
from tests.evaluation.toys import toy_covariance, toy_jets, toy_predictions, toy_vertices

JETS = toy_jets(6000, seed=11)
PREDICTIONS = toy_predictions(JETS)
FOUND = measurements(quantities(PREDICTIONS, JETS), JETS)


def one(metric, flavour="bjets", variable="", low=np.nan) -> Measurement:
    chosen = [
        found
        for found in FOUND
        if (found.metric, found.flavour, found.variable) == (metric, flavour, variable)
        and (not variable or found.low == low)
    ]
    (found,) = chosen
    return found


def test_bins_pool_the_jets_within_their_edges():
    found = one("accuracy", "cjets", "abs_eta", 1.0)
    chosen = (JETS.flavour == 1) & (np.abs(JETS.eta) >= 1.0) & (np.abs(JETS.eta) < 1.5)
    predicted = PREDICTIONS.flavour.argmax(axis=1)[chosen]
    assert found.high == 1.5
    assert found.count == chosen.sum()
    assert found.value == pytest.approx(accuracy_score(JETS.flavour[chosen], predicted))
    interval = clopper_pearson(np.array((predicted == 1).sum()), np.array(chosen.sum()))
    np.testing.assert_allclose((found.value - found.down, found.value + found.up), interval)


def test_all_bins_of_a_variable_hold_the_jets_within_its_range():
    for variable, edges in BINS.items():
        counts = [
            found.count
            for found in FOUND
            if (found.metric, found.flavour, found.variable) == ("accuracy", "bjets", variable)
        ]
        column = getattr(JETS, variable)[JETS.flavour == 0]
        assert sum(counts) == ((column >= edges[0]) & (column < edges[-1])).sum()


def test_means_have_their_standard_error():
    jets = toy_jets(50, seed=1)
    values = np.where(np.arange(50) % 2 == 0, np.arange(50.0), np.nan)
    found = measurements({"mean": Values(value=values)}, jets)
    (all_b,) = (entry for entry in found if entry.flavour == "bjets" and not entry.variable)
    chosen = values[(jets.flavour == 0) & np.isfinite(values)]
    assert all_b.value == pytest.approx(chosen.mean())
    assert all_b.up == pytest.approx(np.std(chosen, ddof=1) / np.sqrt(len(chosen)))
    assert all_b.count == len(chosen)


def test_all_flavours_together_have_rows_of_their_own():
    chosen = (JETS.abs_eta >= 1.0) & (JETS.abs_eta < 1.5)
    right = PREDICTIONS.flavour.argmax(axis=1) == JETS.flavour
    assert one("accuracy", "all").value == pytest.approx(right.mean())
    assert one("accuracy", "all", "abs_eta", 1.0).value == pytest.approx(right[chosen].mean())


def test_what_nobody_has_is_left_out():
    nothing = np.zeros(len(JETS.flavour), int)
    assert measurements({"none": Fraction(part=nothing, whole=nothing)}, JETS) == ()


def test_the_tags_keep_seventy_percent_of_their_signal():
    assert one("b_tag_efficiency", "bjets").value == pytest.approx(0.7, abs=1e-3)
    assert one("c_tag_efficiency", "cjets").value == pytest.approx(0.7, abs=1e-3)
    assert one("b_tag_efficiency", "ujets").value < 0.3


def test_the_fraction_changes_the_c_tag():
    p = np.array([[0.5, 0.3, 0.2]])
    assert C_TAG.score(p)[0] == pytest.approx(np.log(0.3 / (0.2 * 0.5 + 0.8 * 0.2)))
    _, tag = tags_with(0.05, 0.6)
    assert tag.score(p)[0] == pytest.approx(np.log(0.3 / (0.6 * 0.5 + 0.4 * 0.2)))


@pytest.mark.parametrize("flavour", ["bjets", "cjets", "ujets"])
def test_ellipsoids_cover_what_they_say_where_the_covariance_is_right(flavour):
    for level, name in ((0.68, "sandwich_coverage_68"), (0.95, "sandwich_coverage_95")):
        found = one(name, flavour)
        assert abs(found.value - level) < 3.5 * np.sqrt(level * (1 - level) / found.count)


def test_an_ellipsoid_half_as_wide_covers_less():
    narrow = toy_vertices(JETS, narrow=0.5)
    inside = mahalanobis(narrow.position - JETS.hadron_vertex, narrow.covariance) < chi2.ppf(0.68, 3)
    assert inside.mean() == pytest.approx(chi2.cdf(chi2.ppf(0.68, 3) / 4, 3), abs=0.03)


def test_the_distance_in_units_of_the_covariance():
    rng = np.random.default_rng(0)
    covariance, away = toy_covariance(rng, 20), rng.normal(size=(20, 3))
    expected = [d @ np.linalg.inv(c) @ d for d, c in zip(away, covariance, strict=True)]
    np.testing.assert_allclose(mahalanobis(away, covariance), expected)
    assert np.isnan(mahalanobis(away[:1], -covariance[:1]))[0]


def test_distances_along_the_flight_and_across():
    fit, b = PREDICTIONS.vertices, (JETS.flavour == 0) & JETS.has_vertex & PREDICTIONS.vertices.valid
    away = (fit.position - JETS.hadron_vertex)[b]
    direction = JETS.hadron_vertex[b] / np.linalg.norm(JETS.hadron_vertex[b], axis=1, keepdims=True)
    assert one("distance_along_flight_mm").value == pytest.approx(np.abs((away * direction).sum(1)).mean())
    assert one("transverse_distance_mm").value == pytest.approx(np.hypot(away[:, 0], away[:, 1]).mean())
    assert one("distance_mm").value == pytest.approx(np.sqrt((away**2).sum(axis=1)).mean())
    with_flight = {found.flavour for found in FOUND if found.metric == "distance_along_flight_mm"}
    assert with_flight == {"bjets", "cjets", "all"}


def test_chi2_of_that_distribution_has_flat_probabilities():
    found = one("chi2_probability_below_5_percent")
    assert abs(found.value - 0.05) < 3.5 * np.sqrt(0.05 * 0.95 / found.count)
    assert one("chi2_probability").value == pytest.approx(0.5, abs=0.03)


def test_overconfidence_is_what_the_probabilities_promise_beyond_what_is_right():
    chosen = (JETS.flavour == 1) & (JETS.abs_eta >= 1) & (JETS.abs_eta < 1.5)
    told, right = PREDICTIONS.flavour[chosen].max(axis=1), PREDICTIONS.flavour[chosen].argmax(axis=1) == 1
    assert one("overconfidence", "cjets", "abs_eta", 1.0).value == pytest.approx(told.mean() - right.mean())


def test_widths_are_those_of_the_jets_with_a_valid_fit():
    fit = PREDICTIONS.vertices
    chosen = (JETS.flavour == 1) & JETS.has_vertex & fit.valid & (JETS.pt >= 60) & (JETS.pt < 80)
    residual = (fit.position - JETS.hadron_vertex)[chosen, 2]
    low, high = np.quantile(residual, [norm.cdf(-1), norm.cdf(1)])
    found = one("residual_width_z_mm", "cjets", "pt", 60.0)
    assert (found.value, found.count) == (pytest.approx((high - low) / 2), chosen.sum())
    pulls = residual / np.sqrt(fit.sandwich_covariance[chosen, 2, 2])
    low, high = np.quantile(pulls, [norm.cdf(-1), norm.cdf(1)])
    assert one("sandwich_pull_width_z", "cjets", "pt", 60.0).value == pytest.approx((high - low) / 2)


def test_clean_are_the_fits_without_weight_on_other_tracks():
    fit, b = PREDICTIONS.vertices, (JETS.flavour == 0) & JETS.has_vertex & PREDICTIONS.vertices.valid
    others = (JETS.real & (JETS.perfect_weights == 0) & (fit.track_weights > 0)).any(axis=1)
    share = one("clean_selection")
    assert (share.value, share.count) == (pytest.approx((b & ~others).sum() / b.sum(), abs=0.01), b.sum())
    assert one("clean_sandwich_pull_width_x").count == pytest.approx(share.value * share.count)


def test_pairs_are_counted_alike_in_blocks(monkeypatch):
    predictions, jets = jax.tree.map(lambda column: column[:100], (PREDICTIONS, JETS))
    whole = quantities(predictions, jets)
    monkeypatch.setattr("ndive.evaluation.quantities.BLOCK", 7)
    blocks = quantities(predictions, jets)
    np.testing.assert_array_equal(blocks["vertex_purity"].part, whole["vertex_purity"].part)
    np.testing.assert_array_equal(blocks["vertex_purity"].whole, whole["vertex_purity"].whole)
    np.testing.assert_array_equal(blocks["pair_f1"].value, whole["pair_f1"].value)
