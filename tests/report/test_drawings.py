"""What is behind the figures: curves, bin contents, labels and ranges."""

from dataclasses import replace

import equinox as eqx
import numpy as np
import pytest
from scipy.stats import norm

from ndive.evaluation import (
    BINS,
    Roc,
    clopper_pearson,
    confusion_counts,
    flavour_masks,
    reliability,
    roc,
    scores_against,
    tags_with,
    two_digits,
    vertex_residuals,
)
from ndive.report.binned import binned_drawing
from ndive.report.calibration import calibration_drawing
from ndive.report.confusion import flavour_confusion_drawing, origin_confusion_drawing
from ndive.report.contamination import contamination_drawing
from ndive.report.discriminant import discriminant_drawing, probability_drawing
from ndive.report.fractions import fraction_scan_drawing
from ndive.report.inputs import bin_edges, input_drawing
from ndive.report.losses import loss_drawing
from ndive.report.residuals import pull_drawing, residual_drawing
from ndive.report.roc import roc_drawing
from ndive.report.spatial import box_drawing, distance_drawing, plane_drawing
from ndive.report.style import model_lines
from ndive.report.weights import count_drawing, trade_drawing, weight_drawing


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


def test_one_tagger_has_no_ratio(evaluations, jets, lines):
    (axes,) = roc_drawing({"base": [evaluations[0].predictions.flavour]}, lines, jets, "ujets").figure.axes
    assert axes.get_xlim() == (0.6, 1.0)
    assert axes.get_xlabel() == "b-jet efficiency"


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
    contents = [np.nansum(patch.get_data().values) for patch in axes.patches if hasattr(patch, "get_data")]
    np.testing.assert_allclose(contents, 1)
    assert len(contents) == 3


def test_the_discriminant_takes_the_fraction_that_is_asked_for(evaluations, jets):
    flavour = evaluations[0].predictions.flavour
    tag, _ = tags_with(0.5, 0.2)
    drawing = discriminant_drawing("base", flavour, jets, tag)
    assert "f_c = 0.5," in drawing.caption
    p_b, p_c, p_u = flavour[jets.flavour == 0].T.astype(float)
    cut = np.quantile(np.log(p_b / (0.5 * p_c + 0.5 * p_u)), 0.3)
    assert drawing.figure.axes[0].lines[0].get_xdata()[0] == pytest.approx(cut)


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


def test_residuals_are_counted_by_selection_mode(evaluations, held_out, jets, lines):
    vertices = evaluations[1].predictions.vertices
    drawing = residual_drawing({"with_vertex": vertices}, lines, held_out.references, jets)
    assert len(drawing.figure.axes) == 9
    for axes, (_, chosen) in zip(drawing.figure.axes[1::3], flavour_masks(jets).items(), strict=True):
        residual = vertex_residuals(vertices, jets, chosen).residual[:, 1]
        drawn = axes.patches[1].get_data().values
        middle = (np.abs(residual) < 0.2).mean()
        assert drawn[98:102].sum() == pytest.approx(middle, abs=1e-9)
        assert axes.get_xlim() == (-10, 10)
    assert "[mm]" in drawing.figure.axes[-1].get_xlabel()


def test_pulls_show_both_covariances_of_every_model(evaluations, held_out, jets):
    models = [f"model {number}" for number in range(5)]
    fits = dict.fromkeys(models, evaluations[1].predictions.vertices)
    axes = pull_drawing(fits, model_lines(models), held_out.references, jets).figure.axes[0]
    (legend,) = axes.figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    curves = ["no selection", *models, *(f"{name}, sandwich" for name in models), "perfect selection"]
    assert labels == [*curves, "unit Gaussian"]
    assert len(axes.get_legend().get_texts()) == len(curves)
    styles = {(str(patch.get_linestyle()), patch.get_linewidth()) for patch in axes.patches}
    assert len(styles) == len(curves)
    assert "[mm]" not in axes.get_xlabel()


def test_selection_points_are_pooled_fractions(evaluations, jets, lines):
    summary = {"with_vertex": evaluations[1].summary.measurements}
    panels = np.reshape(binned_drawing("selection", summary, lines).figure.axes, (2, 5))
    points, bars = errorbars(panels[0, list(BINS).index("n_tracks")], "with_vertex, b jets")
    vertices = evaluations[1].predictions.vertices
    weights, b = np.where(jets.real, vertices.track_weights, 0), jets.flavour == 0
    chosen = b & (jets.n_tracks == 5)
    selected = weights > 0.5 * weights.max(axis=1, keepdims=True)
    kept, all_decay = (selected & jets.decay)[chosen].sum(), jets.decay[chosen].sum()
    place = points[0].tolist().index(5)
    assert points[1][place] == pytest.approx(kept / all_decay)
    np.testing.assert_allclose(bars[place], clopper_pearson(np.array(kept), np.array(all_decay)))


def test_losses_leave_out_what_no_model_has(evaluations, lines):
    histories = {one.summary.name: one.trained.history for one in evaluations}
    drawing = loss_drawing(histories, lines)
    shown = [axes.get_ylabel() for axes in drawing.figure.axes if axes.get_visible()]
    assert shown == ["Total loss", "Vertex"]
    curves = {line.get_label(): line.get_ydata() for line in drawing.figure.axes[0].lines}
    np.testing.assert_array_equal(curves["base"], histories["base"]["val_total"])
    np.testing.assert_array_equal(curves["base, training"], histories["base"]["train_total"])


def errorbars(axes, label):
    """Points and the ends of their bars of the curve called `label`."""
    container = next(found for found in axes.containers if found.get_label() == label)
    return np.array(container.lines[0].get_data(), float), np.array(container.lines[2][-1].get_segments())[
        ..., 1
    ]


def test_bins_are_those_of_the_measurements(evaluations, lines):
    summaries = {one.summary.name: one.summary.measurements for one in evaluations}
    drawing = binned_drawing("grouping", summaries, lines)
    axes = drawing.figure.axes[0]
    assert axes.get_ylabel() == "Adjusted Rand index"
    points, bars = errorbars(axes, "base, c jets")
    expected = [
        found
        for found in summaries["base"]
        if (found.metric, found.flavour, found.variable) == ("adjusted_rand_index", "cjets", "pt")
    ]
    assert len(expected) > 5
    np.testing.assert_allclose(points[1], [found.value for found in expected])
    np.testing.assert_allclose(points[0], [(found.low + found.high) / 2 for found in expected])
    np.testing.assert_allclose(bars[:, 0], [found.value - found.down for found in expected])


@pytest.mark.parametrize(("name", "scale"), [("pull_widths", "log"), ("coverage", "linear")])
def test_a_large_error_bar_does_not_squeeze_the_points(name, scale, evaluations, lines):
    found = [
        replace(one, up=1000.0, down=1000.0) if one.high == 40 else one
        for one in evaluations[1].summary.measurements
    ]
    for axes in binned_drawing(name, {"with_vertex": found}, lines).figure.axes:
        low, high = axes.get_ylim()
        assert axes.get_yscale() == scale
        assert high < 100
        for container in axes.containers:
            values = container.lines[0].get_ydata()
            assert ((values > low) & (values < high)).all()


def test_an_axis_reaches_below_zero_only_where_a_value_does(evaluations, lines):
    found = evaluations[1].summary.measurements
    negative = [replace(one, value=-0.3) if one.metric == "adjusted_rand_index" else one for one in found]
    shares = binned_drawing("b_tag_binned", {"with_vertex": found}, lines).figure.axes
    index = binned_drawing("grouping", {"with_vertex": negative}, lines).figure.axes[0]
    assert all(axes.get_ylim()[0] >= 0 for axes in shares)
    assert index.get_ylim()[0] < -0.3


def test_the_calibration_is_the_share_of_the_flavour(evaluations, jets, lines):
    flavour = evaluations[0].predictions.flavour
    axes = calibration_drawing({"base": flavour}, lines, jets).figure.axes[1]
    points, _ = errorbars(axes, "base")
    (distance,) = axes.get_legend().get_texts()
    assert distance.get_text() == two_digits(
        reliability(flavour[:, 1].astype(float), jets.flavour == 1).error
    )
    inside = (flavour[:, 1] > 2 / 15) & (flavour[:, 1] <= 3 / 15)
    assert points[1][2] == pytest.approx((jets.flavour[inside] == 1).mean())
    assert points[0][2] == pytest.approx(flavour[inside, 1].mean())


def test_the_scan_passes_through_the_fraction_of_the_paper(evaluations, jets, lines):
    flavour = evaluations[0].predictions.flavour
    axes = fraction_scan_drawing({"base": flavour}, lines, jets).figure.axes[0]
    curve = dict(zip(*axes.lines[0].get_data(), strict=True))
    (expected,) = roc(scores_against(flavour, jets, "ujets"), np.array([0.6])).rejection
    assert curve[0.05] == pytest.approx(expected)


def test_probabilities_are_counted_once(evaluations, jets):
    flavour = evaluations[0].predictions.flavour
    axes = probability_drawing("base", flavour, jets).figure.axes[2]
    drawn = axes.patches[0].get_data().values
    b = jets.flavour == 0
    assert np.nansum(drawn) == pytest.approx(1)
    assert drawn[0] == pytest.approx((flavour[b, 2] < 0.025).mean())


def test_boxes_stand_at_the_median_of_the_pulls(evaluations, held_out, jets):
    vertices = evaluations[1].predictions.vertices
    axes = box_drawing("with_vertex", vertices, held_out.references, jets).figure.axes[0]
    found = vertex_residuals(vertices, jets, jets.flavour == 0)
    pulls = found.sandwich_pull[jets.n_tracks[found.jets] == 4, 0]
    medians = [np.unique(line.get_ydata()) for line in axes.lines]
    assert any(len(values) == 1 and values[0] == pytest.approx(np.median(pulls)) for values in medians)


def test_a_bin_with_few_fits_has_no_box(evaluations, held_out, jets):
    pt = np.full(len(jets.pt), 50.0)
    pt[np.flatnonzero((jets.flavour == 0) & jets.has_vertex)[:9]] = 30.0
    moved = eqx.tree_at(lambda table: table.pt, jets, pt)
    vertices = evaluations[1].predictions.vertices
    axes = box_drawing("with_vertex", vertices, held_out.references, moved).figure.axes[1]
    drawn = [box for box in axes.patches if np.isfinite(box.get_path().vertices).all()]
    assert len(drawn) == 2
    assert all(box.get_path().vertices[:, 0].min() > 40 for box in drawn)


def test_the_plane_counts_the_jets_within_it(evaluations, held_out, jets):
    vertices = evaluations[1].predictions.vertices
    axes = plane_drawing("with_vertex", vertices, jets).figure.axes[1]
    chosen = (jets.flavour == 0) & vertices.valid
    pairs = np.stack([jets.hadron_vertex[chosen, 2], vertices.position[chosen, 2]])
    assert axes.collections[0].get_array().sum() == (np.abs(pairs) <= 50).all(axis=0).sum()


def test_weights_are_over_the_largest_and_the_ghost_stands_for_itself(evaluations, held_out, jets):
    vertices = evaluations[1].predictions.vertices
    figure = weight_drawing("with_vertex", vertices, jets).figure
    axes, (legend,) = figure.axes[0], figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["from the decay", "other tracks", "ghost track"]
    b = jets.flavour == 0
    weights = np.where(jets.real, vertices.track_weights, 0)
    relative = (weights / np.maximum(weights.max(axis=1, keepdims=True), 1e-30))[b][
        (jets.real & jets.decay)[b]
    ]
    assert axes.patches[0].get_data().values[-1] == pytest.approx((relative >= 0.975).mean())
    ghost = vertices.ghost_weight[b]
    assert axes.patches[2].get_data().values[3] == pytest.approx(((ghost >= 0.075) & (ghost < 0.1)).mean())


def test_tracks_are_counted_in_nine_panels(evaluations, held_out, jets):
    vertices = evaluations[1].predictions.vertices
    panels = count_drawing("with_vertex", vertices, jets).figure.axes
    assert len(panels) == 9
    decay = jets.decay.sum(axis=1)[jets.flavour == 1]
    assert panels[4].patches[0].get_data().values[3] == pytest.approx((decay == 3).mean())


def test_efficiency_and_purity_are_those_of_single_jets(evaluations, held_out, jets):
    vertices = evaluations[1].predictions.vertices
    axes = trade_drawing("with_vertex", vertices, jets).figure.axes[0]
    weights, b = np.where(jets.real, vertices.track_weights, 0), jets.flavour == 0
    selected = weights > 0.5 * weights.max(axis=1, keepdims=True)
    both, decay = (selected & jets.decay).sum(axis=1), jets.decay.sum(axis=1)
    chosen = b & (decay > 0) & selected.any(axis=1)
    whole = (both == decay) & (both == selected.sum(axis=1))
    assert axes.collections[0].get_array()[-1, -1] == pytest.approx(whole[chosen].mean())


def test_inputs_are_those_of_real_tracks(held_out, jets):
    figure = input_drawing(held_out).figure
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert len(labels) == len(set(labels)) == 18
    d0 = held_out.sample.columns("tracks", ["d0"], 0, len(jets.flavour))["d0"]
    chosen = jets.real & (jets.flavour == 2)[:, None]
    low, high = np.quantile(d0[jets.real], (0.005, 0.995))
    first = low + (high - low) / 50
    drawn = figure.axes[labels.index("$d_0$ [mm]")].patches[2].get_data().values
    assert drawn[0] == pytest.approx((d0[chosen] < first).mean(), abs=2e-3)


def test_long_tails_leave_the_core_more_than_a_bin():
    rng = np.random.default_rng(0)
    core, tail = rng.normal(5, 1, 9000), 5 + rng.choice([-1, 1], 1000) * rng.uniform(50, 500, 1000)
    edges = bin_edges(np.concatenate([core, tail]))
    np.testing.assert_allclose(edges[[0, -1]], [-1.5, 11.5], atol=1)
    np.testing.assert_allclose(bin_edges(core)[[0, -1]], np.quantile(core, [0.005, 0.995]))
    assert (np.diff(bin_edges(np.ones(1))) > 0).all()
    np.testing.assert_allclose(bin_edges(np.repeat([0.0, 1.0], [1000, 9000]))[[0, -1]], [0, 1])


def test_distances_are_those_of_the_fits(evaluations, held_out, jets, lines):
    vertices = evaluations[1].predictions.vertices
    figure = distance_drawing({"with_vertex": vertices}, lines, held_out.references, jets).figure
    found = vertex_residuals(vertices, jets, jets.flavour == 0)
    text = figure.axes[0].get_legend().get_texts()[1].get_text()
    assert text == two_digits(float(np.median(found.distance)))
    assert "no flight" in [text.get_text() for text in figure.axes[-1].texts]


def test_contamination_bins_hold_the_jets_of_their_share(evaluations, jets, lines):
    vertices = evaluations[1].predictions.vertices
    figure = contamination_drawing({"with_vertex": vertices}, lines, jets).figure
    panels = np.reshape(figure.axes, (4, 3))
    weights = np.where(jets.real, vertices.track_weights, 0)
    with np.errstate(invalid="ignore"):
        wrong = np.where(jets.perfect_weights > 0, 0, weights).sum(axis=1) / weights.sum(axis=1)
    chosen = (jets.flavour == 1) & (wrong >= 0.2) & (wrong < 0.4) & jets.has_vertex & vertices.valid
    pulls = (vertices.position - jets.hadron_vertex)[chosen, 0]
    pulls /= np.sqrt(vertices.sandwich_covariance[chosen, 0, 0])
    low, high = np.quantile(pulls, [norm.cdf(-1), norm.cdf(1)])
    (container,) = panels[0, 1].containers
    assert container.lines[0].get_ydata()[5] == pytest.approx((high - low) / 2)
    names = [text.get_text() for text in panels[3, 0].get_xticklabels()]
    assert names == ["below 0.1 %", "0.1–1 %", "1–3 %", "3–10 %", "10–20 %", "20–40 %", "above 40 %"]
