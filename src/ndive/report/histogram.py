"""One normalised distribution in a panel."""

import mplhep
import numpy as np
from jaxtyping import Float, Shaped
from matplotlib.axes import Axes

from ndive.report.style import Line

PEAK = 10
"""Values of a bin that make it a peak."""


def draw_shares(
    axes: Axes,
    values: Shaped[np.ndarray, " values"],
    edges: Float[np.ndarray, " edges"],
    line: Line,
    label: str,
) -> None:
    """The share of the finite `values` in each bin; what lies outside is counted in the outer bins.

    The line comes down to the empty bins beside a peak, not beside a few values, whose flanks would fill the
    tails.
    """
    counts, _ = np.histogram(np.clip(values[np.isfinite(values)], edges[0], edges[-1]), edges)
    beside = np.maximum(np.append(counts[1:], 0), np.append(0, counts[:-1]))
    mplhep.histplot(
        np.where((counts > 0) | (beside >= PEAK), counts / max(counts.sum(), 1), np.nan),
        edges,
        ax=axes,
        label=label,
        flow="none",
        yerr=False,
        edges=False,
        **line.drawn(),
    )
