"""Confusion matrices against sklearn."""

import numpy as np
from sklearn.metrics import confusion_matrix

from ndive.evaluation.confusion import confusion_counts, confusion_fractions


def test_against_sklearn():
    rng = np.random.default_rng(6)
    truth, predicted = rng.integers(0, 4, (2, 1000))
    counts = confusion_counts(truth, predicted, 4)
    np.testing.assert_array_equal(counts, confusion_matrix(truth, predicted))
    np.testing.assert_allclose(
        confusion_fractions(counts), confusion_matrix(truth, predicted, normalize="true"), rtol=1e-14
    )


def test_a_class_never_seen_is_nan():
    fractions = confusion_fractions(confusion_counts(np.array([0, 0]), np.array([0, 2]), 3))
    np.testing.assert_array_equal(fractions, [[0.5, 0, 0.5], [np.nan] * 3, [np.nan] * 3])
