"""A run whose batches are shared out is that of one device, but for rounding."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from ndive.data import open_sample
from ndive.training import loop, preset, train_model


def history(directory: Path) -> np.ndarray:
    return np.genfromtxt(directory / "history.csv", delimiter=",", skip_header=1)


def test_two_devices(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_compilation: None
) -> None:
    """With batches and a validation that two devices cannot share out evenly."""
    monkeypatch.setattr(loop, "VALIDATION_BATCH", 9)
    samples = open_sample(directory, split="train"), open_sample(directory, split="val")
    config = replace(
        preset("final_ftag_base"), num_epochs=2, batch_size=9, learning_rate=1e-3, num_attention_layers=0
    )
    for count in (1, 2):
        train_model(config, *samples, tmp_path / str(count), devices=jax.devices()[:count])
    one, two = history(tmp_path / "1"), history(tmp_path / "2")
    assert one[0, 1] != one[1, 1]
    np.testing.assert_allclose(two, one, rtol=1e-4, equal_nan=True)
