"""What the numbers say, in a sentence or two."""

from collections.abc import Sequence
from math import isnan

from ndive.evaluation.summary import SIGNAL, Rejection, Resolution, Summary
from ndive.evaluation.tables import flavour_title, measured, two_digits

EFFICIENCY = 0.7
"""The b efficiency at which models are compared."""

PUBLISHED_PULL = 0.1
"""Width of the pulls with learned weights in arXiv:2310.12804, roughly, read off its figures."""

SIGNIFICANT = 2.0
"""Standard deviations below which nothing is called a difference."""


def tagging_verdict(first: Summary, ratios: Sequence[tuple[str, tuple[Rejection, ...]]]) -> str:
    """How the other taggers compare with the `first`, or what the first reaches if it is alone."""
    if not ratios:
        return _alone(first)
    return " ".join(_against(first.name, name, points) for name, points in ratios)


def vertex_verdict(name: str, model: Sequence[Resolution], none: Sequence[Resolution]) -> str:
    """How far the vertex of `name` lies from the true one in b jets, beside the fit of all tracks."""
    (ours,) = (found for found in model if found.flavour == SIGNAL)
    (all_tracks,) = (found for found in none if found.flavour == SIGNAL)
    if isnan(ours.mean_distance):
        return f"No b jet has a valid vertex of {name}."
    distance, baseline = (
        measured(found.mean_distance, found.mean_distance_error) for found in (ours, all_tracks)
    )
    return (
        f"In b jets the vertex of {name} lies on average {distance} mm from the true one; "
        f"a fit of all tracks lies {baseline} mm away."
    )


def pull_verdict(name: str, model: Sequence[Resolution], perfect: Sequence[Resolution]) -> str:
    """Whether the errors of the vertices of `name` in b jets are right, beside those of the true tracks."""
    (ours,) = (found for found in model if found.flavour == SIGNAL)
    (true,) = (found for found in perfect if found.flavour == SIGNAL)
    fit, sandwich, best = (
        ", ".join(map(two_digits, widths))
        for widths in (ours.pull_width, ours.sandwich_pull_width, true.pull_width)
    )
    return (
        f"There the pulls in x, y, z have the widths {sandwich} with the sandwich covariance and {fit} with "
        "that of the weighted fit, whose covariance grows as the weights are scaled down "
        f"(about {PUBLISHED_PULL:g} in arXiv:2310.12804); the true tracks give {best}."
    )


def _alone(summary: Summary) -> str:
    if summary.tagging is None:
        return ""
    told = [
        f"one in {measured(point.value, point.error)} {flavour_title(point.background)}"
        for point in summary.tagging.rejections
        if point.efficiency == EFFICIENCY
    ]
    return f"At {EFFICIENCY:.0%} b efficiency {summary.name} keeps {' and '.join(told)}."


def _against(first: str, name: str, points: tuple[Rejection, ...]) -> str:
    told = [
        f"{measured(point.value, point.error)} for {flavour_title(point.background)} ({_judged(point)})"
        for point in points
        if point.efficiency == EFFICIENCY
    ]
    ratios = " and ".join(told)
    return f"At {EFFICIENCY:.0%} b efficiency the rejection by {name} over that by {first} is {ratios}."


def _judged(ratio: Rejection) -> str:
    if not ratio.error > 0:
        return "too few jets to judge"
    distance = (ratio.value - 1.0) / ratio.error
    if abs(distance) < SIGNIFICANT:
        return "no significant difference"
    return f"{'better' if distance > 0 else 'worse'} by {abs(distance):.1f} standard deviations"
