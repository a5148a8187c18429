"""Curves can be told from one another in grey, by the colour-blind, and however many there are."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from ndive.report.display import ORIGIN_LINES
from ndive.report.style import (
    FLAVOUR_LINES,
    MODEL_LINES,
    SELECTION_LINES,
    model_lines,
    new_figure,
    plain_log_scale,
)
from ndive.report.weights import KINDS

SETS = {
    "flavours": list(FLAVOUR_LINES.values()),
    "models": list(MODEL_LINES),
    "selections": list(SELECTION_LINES.values()),
    "models beside selections": [*MODEL_LINES, SELECTION_LINES["none"], SELECTION_LINES["perfect"]],
    "tracks": list(KINDS.values()),
}

SIGHT = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
"""Linear RGB as seen, by Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009) 1291."""


def seen(colour, matrix):
    """The sRGB of a colour to the eyes that `matrix` stands for."""
    coded = np.array(to_rgb(colour))
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    changed = np.clip(np.array(matrix) @ linear, 0, 1)
    return np.where(changed <= 0.0031308, changed * 12.92, 1.055 * changed ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("name", SETS)
def test_without_colour_each_curve_has_a_style_and_a_marker_of_its_own(name):
    assert len({line.style for line in SETS[name]}) == len(SETS[name])
    assert len({line.marker for line in SETS[name]}) == len(SETS[name])


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("name", [*SETS, "origins"])
def test_the_colour_blind_see_different_colours(name, sight):
    colours = [line.colour for line in SETS[name]] if name in SETS else [c for c, _ in ORIGIN_LINES.values()]
    for one, other in combinations(colours, 2):
        assert np.linalg.norm(seen(one, SIGHT[sight]) - seen(other, SIGHT[sight])) > 0.15, (one, other)


@pytest.mark.parametrize(("low", "high"), [(0.6, 1.2), (0.8, 1.6), (0.9, 5), (0.3, 3), (0.1, 20), (1, 100)])
def test_a_logarithmic_axis_of_few_decades_has_numbers_enough_and_not_too_many(low, high):
    axes = new_figure(4, 3).subplots()
    axes.set_ylim(low, high)
    plain_log_scale(axes)
    shown = [at for at in axes.yaxis.get_majorticklocs() if low <= at <= high]
    assert 4 <= len(shown) <= 8
    assert axes.get_ylim() == (low, high)


@pytest.mark.parametrize(("low", "high"), [(0.5, 2e3), (1e-5, 10), (1e-12, 2), (1e-30, 1)])
@pytest.mark.parametrize("height", [1.3, 3])
def test_a_logarithmic_axis_of_many_decades_has_powers_of_ten(low, high, height):
    axes = new_figure(4, height).subplots()
    axes.set_ylim(low, high)
    plain_log_scale(axes)
    shown = [at for at in axes.yaxis.get_majorticklocs() if low <= at <= high]
    assert 2 <= len(shown) <= 10
    np.testing.assert_allclose(np.log10(shown) % 1, 0, atol=1e-9)


def test_twenty_five_models_differ():
    lines = model_lines([str(number) for number in range(25)]).values()
    assert len({(line.colour, line.style) for line in lines}) == 25
    assert list(lines)[:5] == list(MODEL_LINES)
