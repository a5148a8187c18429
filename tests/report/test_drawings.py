"""What is behind the figures: curves, bin contents, labels and ranges."""

import numpy as np
import pytest

from ndive.evaluation import (
    Roc,
    clopper_pearson,
    confusion_counts,
    flavour_masks,
    roc,
    scores_against,
    vertex_residuals,
)
from ndive.report.confusion import flavour_confusion_drawing, origin_confusion_drawing
from ndive.report.discriminant import discriminant_drawing
from ndive.report.losses import loss_drawing
from ndive.report.residuals import pull_drawing, residual_drawing
from ndive.report.roc import roc_drawing
from ndive.report.selection import selection_drawing
from ndive.report.style import model_lines


@pytest.fixture
def lines():
    return model_lines(["base", "with_vertex"])


def test_roc_draws_the_curve_and_its_ratio(evaluations, jets, lines):
    taggers = {one.summary.name: [one.predictions.flavour] for one in evaluations}
    above, below = roc_drawing(taggers, lines, jets, "cjets").figure.axes
    expected: Roc = roc(scores_against(taggers["base"][0], jets, "cjets"))
    np.testing.assert_array_equal(above.lines[0].get_ydata(), expected.rejection)
    assert [text.get_text() for text in above.get_legend().get_texts()] == ["base", "with_vertex"]
    assert above.get_yscale() == "log"
    assert below.get_xlim() == (0.6, 1.0)
    ratio = np.asarray(below.lines[0].get_ydata())
    np.testing.assert_allclose(ratio, above.lines[1].get_ydata() / expected.rejection)
    assert "c jets" in above.get_ylabel()


def test_copies_are_one_curve_with_their_spread(evaluations, jets, lines):
    one, other = (evaluation.predictions.flavour for evaluation in evaluations)
    above, below = roc_drawing({"base": [one], "with_vertex": [one, other]}, lines, jets, "ujets").figure.axes
    curves = [roc(scores_against(flavour, jets, "ujets")).rejection for flavour in (one, other)]
    mean = (curves[0] + curves[1]) / 2
    np.testing.assert_allclose(above.lines[1].get_ydata(), mean)
    np.testing.assert_allclose(below.lines[0].get_ydata(), mean / curves[0])
    assert above.get_legend().get_texts()[1].get_text() == "with_vertex (2 copies)"


def test_discriminant_counts_every_jet_once(evaluations, jets):
    figure = discriminant_drawing("base", evaluations[0].predictions.flavour, jets).figure
    (axes,) = figure.axes
    assert axes.get_xlabel() == "$D_b$"
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"b jets", "c jets", "light jets"}
    contents = [patch.get_data().values.sum() for patch in axes.patches if hasattr(patch, "get_data")]
    np.testing.assert_allclose(contents, 1)
    assert len(contents) == 3


def test_confusion_cells_say_their_counts(evaluations, jets):
    predicted = evaluations[0].predictions.flavour.argmax(axis=1)
    counts = confusion_counts(jets.flavour, predicted, 3)
    axes = flavour_confusion_drawing("base", evaluations[0].predictions.flavour, jets).figure.axes[0]
    cells = [text.get_text().split("\n") for text in axes.texts]
    assert [int(count.strip("()").replace(",", "")) for _, count in cells] == list(counts.ravel())
    assert [float(share) for share, _ in cells] == pytest.approx(
        list((counts / counts.sum(axis=1, keepdims=True)).ravel()), abs=6e-4
    )


def test_origin_confusion_leaves_padding_out(evaluations, jets):
    axes = origin_confusion_drawing("base", evaluations[0].predictions.origin, jets).figure.axes[0]
    counts = [int(text.get_text().split("\n")[1].strip("()").replace(",", "")) for text in axes.texts]
    assert sum(counts) == jets.real.sum()


def test_residuals_are_counted_by_selection_mode(evaluations, held_out, jets):
    vertices = evaluations[1].predictions.vertices
    drawing = residual_drawing("with_vertex", vertices, held_out.references, jets)
    assert len(drawing.figure.axes) == 6
    for axes, (_, chosen) in zip(drawing.figure.axes[::2], flavour_masks(jets).items(), strict=True):
        residual = vertex_residuals(vertices, jets, chosen).residual[:, 0]
        drawn = axes.patches[1].get_data().values
        middle = (np.abs(residual) < 0.25).mean()
        assert drawn[39:41].sum() == pytest.approx(middle, abs=1e-9)
        assert axes.get_xlim() == (-10, 10)
    assert "[mm]" in drawing.figure.axes[-1].get_xlabel()


def test_pulls_show_both_covariances(evaluations, held_out, jets):
    vertices = evaluations[1].predictions.vertices
    axes = pull_drawing("with_vertex", vertices, held_out.references, jets).figure.axes[0]
    labels = [text.get_text().split(":")[0] for text in axes.get_legend().get_texts()]
    assert labels == ["no selection", "with_vertex", "perfect selection", "with_vertex, sandwich"]
    assert "[mm]" not in axes.get_xlabel()


def test_selection_points_are_pooled_fractions(evaluations, jets, lines):
    vertices = evaluations[1].predictions.vertices
    figure = selection_drawing({"with_vertex": vertices}, lines, jets, "bjets").figure
    drawn = figure.axes[0].containers[0]
    weights, b = np.where(jets.real, vertices.track_weights, 0), jets.flavour == 0
    chosen = b & (jets.n_tracks == 5)
    selected = weights > 0.5 * weights.max(axis=1, keepdims=True)
    kept, all_decay = (selected & jets.decay)[chosen].sum(), jets.decay[chosen].sum()
    points = dict(zip(*drawn.lines[0].get_data(), strict=True))
    assert points[5] == pytest.approx(kept / all_decay)
    low, high = clopper_pearson(np.array(kept), np.array(all_decay))
    bar = next(segment for segment in drawn[2][1].get_segments() if segment[0, 0] == 5)
    np.testing.assert_allclose(bar[:, 1], [low, high])


def test_losses_leave_out_what_no_model_has(evaluations, lines):
    histories = {one.summary.name: one.trained.history for one in evaluations}
    drawing = loss_drawing(histories, lines)
    shown = [axes.get_ylabel() for axes in drawing.figure.axes if axes.get_visible()]
    assert shown == ["Total loss", "Vertex"]
    np.testing.assert_array_equal(drawing.figure.axes[0].lines[0].get_ydata(), histories["base"]["val_total"])
