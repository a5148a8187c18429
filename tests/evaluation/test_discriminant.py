"""D_b by hand and at its limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndive.evaluation.discriminant import b_discriminant


def test_by_hand():
    probabilities = np.array([[0.5, 0.2, 0.3], [0.1, 0.8, 0.1]])
    expected = [np.log(0.5 / (0.05 * 0.2 + 0.95 * 0.3)), np.log(0.1 / (0.05 * 0.8 + 0.95 * 0.1))]
    np.testing.assert_allclose(b_discriminant(probabilities), expected, rtol=1e-12)


def test_equal_probabilities_give_zero_for_every_c_fraction():
    thirds = np.full((1, 3), 1 / 3)
    for fraction in (0.0, 0.05, 1.0):
        assert b_discriminant(thirds, fraction)[0] == pytest.approx(0, abs=1e-12)


def test_certainty_is_finite():
    assert np.isfinite(b_discriminant(np.eye(3, dtype=np.float32))).all()


@given(st.floats(0.01, 0.9), st.floats(0.01, 0.99), st.floats(0.01, 0.05))
def test_it_grows_with_the_b_probability(p_b, share, step):
    def probabilities(b):
        return np.array([[b, (1 - b) * share, (1 - b) * (1 - share)]])

    assert b_discriminant(probabilities(p_b + step))[0] > b_discriminant(probabilities(p_b))[0]
