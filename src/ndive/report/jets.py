"""Jets of the test set in three dimensions, with the fits of all models."""

from collections.abc import Sequence

import plotly.graph_objects as go

from ndive.evaluation import SELECTIONS, Evaluation, HeldOut, by_configuration, read_example, take
from ndive.report.display import Shown, display


def display_jets(evaluations: Sequence[Evaluation], held_out: HeldOut, rows: Sequence[int]) -> go.Figure:
    """One scene with a menu of the jets in `rows` of the sample, at least one.

    Each has the vertices of all models that fit one, of copies of the first, and that of the true tracks.

    **Raises:** `SampleError` for a row that breaks the layout.
    """
    firsts = {name: copies[0].predictions for name, copies in by_configuration(evaluations).items()}
    fits = {name: found.vertices for name, found in firsts.items() if found.vertices is not None}
    fits[SELECTIONS["perfect"]] = held_out.references["perfect"]
    return display(
        [
            Shown(
                example=read_example(held_out.sample, held_out.jets, row),
                fits={name: take(fit, [row]) for name, fit in fits.items()},
            )
            for row in rows
        ]
    )
