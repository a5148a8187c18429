"""Numbers as text, and what is said of them."""

import numpy as np
import pytest

from ndive.evaluation import Rejection, measured, tagging_verdict, two_digits
from ndive.evaluation.summary import Summary


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (118.34, 5.26, "118.3 ± 5.3"),
        (0.44196, 0.00931, "0.4420 ± 0.0093"),
        (335.2, 41.0, "335 ± 41"),
        (np.inf, np.nan, "no jet left"),
        (np.nan, np.nan, "–"),
        (1.0, 0.0, "1"),
    ],
)
def test_errors_have_two_digits(value, error, text):
    assert measured(value, error) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(17.2, "17"), (0.96, "0.96"), (1.0, "1.0"), (0.0581, "0.058"), (np.nan, "–"), (0.0, "0.0")],
)
def test_widths_have_two_digits(value, text):
    assert two_digits(value) == text


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (1.3, 0.1, "better by 3.0 standard deviations"),
        (0.7, 0.1, "worse by 3.0 standard deviations"),
        (1.1, 0.1, "no significant difference"),
        (np.inf, np.nan, "too few jets to judge"),
    ],
)
def test_the_verdict_follows_from_the_numbers(value, error, said):
    first = Summary(name="base", n_jets={}, tagging=None, selection=(), resolution=())
    points = tuple(
        Rejection(background="ujets", efficiency=at, value=at_value, error=0.1 if at != 0.7 else error)
        for at, at_value in ((0.6, 9.0), (0.7, value), (0.8, 9.0))
    )
    verdict = tagging_verdict(first, [("new", points)])
    assert said in verdict
    assert "for light jets" in verdict
    assert "9.0" not in verdict
