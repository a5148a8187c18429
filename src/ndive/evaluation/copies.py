"""Copies of one configuration: which belong together, and what they say together."""

from collections.abc import Sequence

import numpy as np

from ndive.evaluation.evaluate import Evaluation
from ndive.evaluation.spread import spread
from ndive.evaluation.tables import Table, measured, rejection_table


def by_configuration(evaluations: Sequence[Evaluation]) -> dict[str, list[Evaluation]]:
    """The models by what they are called together: copies by their configuration, others by their name."""
    groups: dict[str, list[Evaluation]] = {}
    for one in evaluations:
        name = one.summary.name if one.trained.copy is None else one.trained.configuration
        groups.setdefault(name, []).append(one)
    return groups


def copies_table(evaluations: Sequence[Evaluation]) -> Table:
    """Mean rejection of the copies of each configuration, and how far one copy lies from it."""
    rows = []
    for name, copies in by_configuration(evaluations).items():
        taggers = [one.summary.tagging for one in copies if one.summary.tagging is not None]
        if len(taggers) > 1:
            found = spread(np.array([[point.value for point in one.rejections] for one in taggers]))
            cells = map(measured, found.mean, found.deviation)
            rows.append((f"{name}, {len(taggers)} copies", *cells))
    return Table(
        title="Rejection, mean of copies",
        columns=rejection_table([]).columns,
        rows=tuple(rows),
        note="Errors are the standard deviation of one copy. What all copies share, the number of jets, is "
        "no part of them.",
    )
