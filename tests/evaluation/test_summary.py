"""The summary collects what the other files compute, with the right jets."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from ndive.evaluation.discriminant import b_discriminant
from ndive.evaluation.summary import compared, scores_against, summarise
from tests.evaluation.toys import toy_jets, toy_predictions

JETS = toy_jets(5000, seed=21)
PREDICTIONS = toy_predictions(JETS)
SUMMARY = summarise("toy", PREDICTIONS, JETS)


def test_jets_by_flavour():
    assert SUMMARY.n_jets == {
        name: int((JETS.flavour == label).sum()) for label, name in enumerate(("bjets", "cjets", "ujets"))
    }


@pytest.mark.parametrize(("background", "label"), [("cjets", 1), ("ujets", 2)])
def test_areas_and_accuracy_against_sklearn(background, label):
    rows = np.isin(JETS.flavour, (0, label))
    score = b_discriminant(PREDICTIONS.flavour)[rows]
    assert SUMMARY.tagging.area[background] == pytest.approx(roc_auc_score(JETS.flavour[rows] == 0, score))
    assert SUMMARY.tagging.accuracy == pytest.approx(
        accuracy_score(JETS.flavour, PREDICTIONS.flavour.argmax(axis=1))
    )


def test_rejections_count_the_background_above_the_cut():
    point = next(r for r in SUMMARY.tagging.rejections if r.background == "cjets" and r.efficiency == 0.7)
    scores = scores_against(PREDICTIONS.flavour, JETS, "cjets")
    cut = np.sort(scores.signal)[::-1][round(0.7 * len(scores.signal)) - 1]
    assert point.value == pytest.approx(1 / (scores.background >= cut).mean(), rel=0.01)
    assert len(SUMMARY.tagging.rejections) == 6


def test_a_sharper_model_rejects_more():
    blunt, sharp = (toy_predictions(JETS, sharpness=by).flavour for by in (0.5, 1.5))
    for ratio in compared(sharp, blunt, JETS):
        assert ratio.value > 1 + 2 * ratio.error


def test_selection_is_for_flavours_with_decay_tracks():
    assert [selection.flavour for selection in SUMMARY.selection] == ["bjets", "cjets"]
    assert all(0.5 < selection.efficiency.value < 1 for selection in SUMMARY.selection)


def test_resolution_of_each_flavour():
    assert [resolution.flavour for resolution in SUMMARY.resolution] == ["bjets", "cjets", "ujets"]
    for resolution in SUMMARY.resolution:
        np.testing.assert_allclose(resolution.sandwich_pull_width, 1, rtol=0.15)


def test_what_a_model_lacks_is_left_out():
    summary = summarise("base", toy_predictions(JETS, vertices=False), JETS)
    assert summary.selection == summary.resolution == ()
    assert summary.tagging is not None
