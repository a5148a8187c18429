"""Track selection by hand."""

import numpy as np
import pytest

from ndive.evaluation.selection import (
    contamination,
    mean_efficiency,
    mean_purity,
    relative_weights,
    selected_tracks,
    selection_counts,
)

WEIGHTS = np.array([[0.9, 0.46, 0.4, 0.0], [0.2, 0.1, 0.11, 0.9], [0.0, 0.0, 0.0, 0.0]])
REAL = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 0, 0, 0]], bool)
DECAY = np.array([[1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]], bool)


@pytest.mark.parametrize("scale", [1, 1e-23, np.float32(1e-23)])
def test_weights_over_the_largest_whatever_their_scale(scale):
    expected = [[1, 46 / 90, 40 / 90, 0], [1, 0.5, 0.55, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(relative_weights(WEIGHTS * scale, REAL), expected, rtol=1e-6)


def test_half_of_the_largest_real_weight():
    expected = [[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(selected_tracks(WEIGHTS, REAL), np.array(expected, bool))


def test_means_are_over_jets_with_decay_tracks():
    counts = selection_counts(WEIGHTS, REAL, DECAY)
    efficiency, purity = mean_efficiency(counts), mean_purity(counts)
    assert efficiency.value == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert purity.value == pytest.approx((1 / 2 + 1) / 2)
    assert efficiency.count == purity.count == 2
    assert efficiency.error == pytest.approx(abs(1 / 2 - 2 / 3) / 2)


def test_a_jet_of_which_nothing_is_selected_has_an_efficiency_and_no_purity():
    decay = DECAY | np.array([[0], [0], [1]], bool) & REAL
    counts = selection_counts(WEIGHTS, REAL, decay)
    efficiency, purity = mean_efficiency(counts), mean_purity(counts)
    assert efficiency.value == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert efficiency.count == 3
    assert purity.value == pytest.approx((1 / 2 + 1) / 2)
    assert purity.count == 2


def test_no_jet_gives_nan():
    none = np.zeros(3, bool)
    assert np.isnan(mean_efficiency(selection_counts(WEIGHTS, REAL, DECAY).of(none)).value)


def test_contamination_is_the_share_of_the_weight_on_other_tracks():
    found = contamination(WEIGHTS, REAL, DECAY)
    np.testing.assert_allclose(found[:2], [0.46 / (0.9 + 0.46 + 0.4), 0.0])
    assert np.isnan(found[2])
