"""Class weights of a sample against scikit-learn's."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from ndive.data import open_sample
from ndive.training import TrainConfig, classes
from ndive.training.classes import balanced
from tests.training.samples import write_jets

CONFIG = TrainConfig(model_name="FTAG", balance_classes=True)


@pytest.mark.parametrize("jets", [70, 2])
def test_they_are_those_of_scikit_learn(jets: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jets: a b and a c jet, no light one."""
    monkeypatch.setattr(classes, "BLOCK", 13)
    write_jets(tmp_path / "toy_train.h5", jets, seed=1)
    labels = np.arange(jets) % 3
    present = np.unique(labels)
    expected = np.ones(3)
    expected[present] = compute_class_weight("balanced", classes=present, y=labels)
    found = balanced(CONFIG, open_sample(tmp_path / "toy_train.h5"))
    assert found.class_weights == pytest.approx(expected)
    assert not found.balance_classes


def test_nothing_is_asked_nothing_is_done(directory: Path) -> None:
    config = TrainConfig(model_name="FTAG", class_weight_b=2.0)
    assert balanced(config, open_sample(directory, split="train")) is config
    assert config.class_weights == (2.0, 1.0, 1.0)
