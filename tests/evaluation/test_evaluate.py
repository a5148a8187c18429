"""Models judged on held-out jets, once for each model, epoch and sample."""

import shutil

import jax
import numpy as np
import pytest

from ndive.evaluation import evaluate, inference, load_trained, read_held_out
from ndive.models import save_model
from ndive.training import LOSS_NAMES, Epoch
from ndive.training.history import write_history


def test_nothing_is_predicted_twice(models, sample, held_out, monkeypatch):
    trained = load_trained("tagger", models)
    first = evaluate(trained, held_out)
    monkeypatch.setattr(inference, "one_ahead", lambda *_: pytest.fail("read again"))
    again = evaluate(trained, read_held_out(sample, models))
    np.testing.assert_array_equal(first.predictions.flavour, again.predictions.flavour)
    assert again.summary == first.summary


def test_another_model_or_epoch_of_the_same_name_is_predicted_anew(models, held_out, tagger, tmp_path):
    copy = shutil.copytree(models / "tagger", tmp_path / "tagger")
    first = evaluate(load_trained("tagger", tmp_path), held_out)
    predicted = len(list((copy / "predictions").iterdir()))
    other = jax.tree.map(lambda leaf: leaf * 2, tagger)
    save_model(copy / "best.eqx", other, first.trained.config)
    second = evaluate(load_trained("tagger", tmp_path), held_out)
    assert np.abs(second.predictions.flavour - first.predictions.flavour).max() > 1e-3
    assert len(list((copy / "predictions").iterdir())) == predicted + 1
    losses = {"total": 1.0} | dict.fromkeys(LOSS_NAMES, 0.5)
    write_history(copy, [Epoch(epoch=1, train=losses, val=losses)])
    told = []
    evaluate(load_trained("tagger", tmp_path), held_out, report=lambda what, jets: told.append((what, jets)))
    assert told == [("predicting, tagger", held_out.sample.n_jets)]
