"""What a run is refused for, before anything is read, written or removed."""

from dataclasses import replace
from pathlib import Path

import pytest

from ndive.data import open_sample
from ndive.errors import ArgumentError
from ndive.training import TrainConfig, preset, train_model
from tests.training.samples import write_jets

CONFIG = replace(preset("final_ftag_base"), batch_size=10)


def refused(directory: Path, place: Path, said: str, config: TrainConfig = CONFIG, seed: int = 0) -> None:
    samples = open_sample(directory, split="train"), open_sample(directory, split="val")
    with pytest.raises(ArgumentError, match=said):
        train_model(config, *samples, place, seed=seed, existing="replace")
    assert not place.exists()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_of_more_than_32_bits(directory: Path, tmp_path: Path, seed: int) -> None:
    refused(directory, tmp_path / "model", f"seed is {seed}, allowed: 0 to 4294967295", seed=seed)


def test_a_batch_larger_than_the_sample(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the pass over all jets that the normalisation takes."""
    monkeypatch.setattr("ndive.training.loop.estimate_normalisation", None)
    config = replace(CONFIG, batch_size=71)
    refused(directory, tmp_path / "model", "batch size 71; allowed is 1 to the 70 jets", config)


def test_a_file_in_both_samples(tmp_path: Path) -> None:
    """By whatever name: one is a link to the other."""
    write_jets(tmp_path / "toy_train.h5", 20, seed=1)
    write_jets(tmp_path / "a_val.h5", 20, seed=2)
    (tmp_path / "toy_val.h5").symlink_to(tmp_path / "toy_train.h5")
    said = r"toy_val\.h5' is in the training and in the validation sample; give a directory with \*_train\.h5"
    refused(tmp_path, tmp_path / "model", said)
