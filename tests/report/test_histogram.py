"""One distribution in a panel, by hand."""

import numpy as np

from ndive.report.histogram import draw_shares
from ndive.report.style import Line, new_figure


def drawn(values):
    axes = new_figure(4, 4).subplots()
    draw_shares(axes, np.array(values), np.arange(8.0), Line(colour="black", style="-", marker="o"), "toy")
    return axes.patches[0].get_data().values


def test_what_lies_outside_is_in_the_outer_bins_and_what_is_not_finite_in_none():
    np.testing.assert_allclose(drawn([-3, 0.5, 9, np.nan])[[0, -1]], [2 / 3, 1 / 3])


def test_a_peak_of_one_bin_has_flanks_and_a_single_value_has_none():
    np.testing.assert_equal(drawn([1.5] * 15 + [5.5]), [0, 15 / 16, 0, np.nan, np.nan, 1 / 16, np.nan])
