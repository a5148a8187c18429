"""What is said follows from the numbers, worked out by hand."""

from math import nan

import numpy as np
import pytest

from ndive.evaluation import Rejection, Resolution, Summary, pull_verdict, tagging_verdict, vertex_verdict
from ndive.evaluation.summary import Tagging


def rejections(at_seventy, background="ujets"):
    """Rejections at the three working points; only that at 70 % may be spoken of."""
    return tuple(
        Rejection(background=background, efficiency=at, value=value, error=error)
        for at, (value, error) in ((0.6, (9.9, 0.11)), (0.7, at_seventy), (0.8, (9.9, 0.11)))
    )


def summary(name, points=()):
    tagging = None
    if points:
        tagging = Tagging(
            rejections=points,
            c_rejections=(),
            area={},
            accuracy=0.9,
            accuracy_error=0.01,
            calibration_error=0.02,
        )
    return Summary(
        name=name, n_jets={}, tagging=tagging, selection=(), resolution=(), error_factors=(), measurements=()
    )


def resolution(flavour, distance, error, pulls=1.0, sandwich=1.0):
    return Resolution(
        flavour=flavour,
        n_jets=10,
        valid_fraction=1.0,
        mean_distance=distance,
        mean_distance_error=error,
        median_distance=0.7,
        half_width=(1.0,) * 3,
        pull_width=(pulls,) * 3,
        sandwich_pull_width=(sandwich,) * 3,
    )


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (1.3, 0.1, "1.30 ± 0.10 for light jets (better by 3.0 standard deviations)"),
        (0.7, 0.1, "0.70 ± 0.10 for light jets (worse by 3.0 standard deviations)"),
        (1.05, 0.02, "1.050 ± 0.020 for light jets (better by 2.5 standard deviations)"),
        (1.1, 0.1, "1.10 ± 0.10 for light jets (no significant difference)"),
        (0.81, 0.1, "0.81 ± 0.10 for light jets (no significant difference)"),
        (1.0, 0.0, "1 for light jets (too few jets to judge)"),
        (np.inf, np.nan, "no jet left for light jets (too few jets to judge)"),
        (np.nan, np.nan, "– for light jets (too few jets to judge)"),
    ],
)
def test_a_difference_is_judged_by_its_error(value, error, said):
    verdict = tagging_verdict(summary("base"), [("new", rejections((value, error)))])
    assert verdict == f"At 70% b efficiency the rejection by new over that by base is {said}."


def test_both_backgrounds_of_each_further_model_are_told():
    points = rejections((1.4, 0.1)) + rejections((0.9, 0.1), "cjets")
    verdict = tagging_verdict(summary("base"), [("one", points), ("two", rejections((2.0, 0.5)))])
    assert verdict == (
        "At 70% b efficiency the rejection by one over that by base is "
        "1.40 ± 0.10 for light jets (better by 4.0 standard deviations) and "
        "0.90 ± 0.10 for c jets (no significant difference). "
        "At 70% b efficiency the rejection by two over that by base is "
        "2.00 ± 0.50 for light jets (better by 2.0 standard deviations)."
    )


def test_a_tagger_alone_is_told_by_what_it_keeps():
    points = rejections((118.34, 5.26)) + rejections((4.7, 0.1), "cjets")
    assert tagging_verdict(summary("base", points), []) == (
        "At 70% b efficiency base keeps one in 118.3 ± 5.3 light jets and one in 4.70 ± 0.10 c jets."
    )


def test_nothing_is_said_of_what_does_not_tag():
    assert tagging_verdict(summary("vertexer"), []) == ""


def test_the_vertex_is_that_of_the_b_jets():
    model = [resolution("cjets", 9.0, 0.1), resolution("bjets", 1.234, 0.056)]
    none = [resolution("bjets", 3.21, 0.12), resolution("ujets", 9.0, 0.1)]
    assert vertex_verdict("new", model, none) == (
        "In b jets the vertex of new lies on average 1.234 ± 0.056 mm from the true one; "
        "a fit of all tracks lies 3.21 ± 0.12 mm away."
    )


def test_without_a_valid_vertex_of_a_b_jet_no_distance_is_told():
    none = [resolution("bjets", nan, nan)]
    assert vertex_verdict("new", none, none) == ("No b jet has a valid vertex of new.")


def test_pulls_of_b_jets_are_told_by_both_covariances():
    model = [resolution("cjets", 1, 1, 9, 9), resolution("bjets", 1, 1, pulls=0.123, sandwich=1.07)]
    said = pull_verdict("mine", model, [resolution("bjets", 1, 1, pulls=0.98, sandwich=9)])
    assert "the widths 1.1, 1.1, 1.1 with the sandwich covariance and 0.12, 0.12, 0.12 with that" in said
    assert said.endswith("the true tracks give 0.98, 0.98, 0.98.")
