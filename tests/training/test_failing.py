"""A run that goes wrong says where: on files with a jet that no loss can bear."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import pytest

from ndive.data import batches, open_sample
from ndive.errors import TrainingError
from ndive.training import (
    checkpoint_marks,
    checkpoint_path,
    load_checkpoint,
    loop,
    preset,
    stacking,
    train_model,
)
from ndive.training.devices import in_a_row
from tests.training.samples import write_directory

CONFIG = replace(
    preset("final_ndive_only"), num_epochs=2, batch_size=10, learning_rate=1e-3, num_attention_layers=0
)
SEED = 4
LARGEST = 3e38
"""In mm: the mean over three coordinates is more than a float32 can be."""
LARGE = 2.5e37
"""In mm: the sum over ten jets is a float32, that over twenty is not."""


@pytest.fixture(scope="module", autouse=True)
def few_programs(quick_compilation: None) -> Iterator[None]:
    """Two batches a call, each in blocks of two kinds, and each program compiled once."""
    steps, validate = loop.make_train_steps(CONFIG, 14, in_a_row()), loop.make_validate(CONFIG, in_a_row())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacking, "SLOT_COUNTS", (3,))
        patch.setattr(stacking, "WORTH_COMPILING", 0)
        patch.setattr(loop, "JETS_A_CALL", 20)
        patch.setattr(loop, "VALIDATION_BATCH", 10)
        patch.setattr(loop, "make_train_steps", lambda *_: steps)
        patch.setattr(loop, "make_validate", lambda *_: validate)
        yield


def poisoned(directory: Path, name: str, *jets: int, flight: float = LARGEST) -> Path:
    """Let the hadrons of some jets decay `flight` away in x, y and z; return the file."""
    with h5py.File(write_directory(directory) / name, "r+") as file:
        rows = file["jets"][:]
        for axis in "xyz":
            rows[f"hadron_{axis}"][list(jets)] = flight
        file["jets"][:] = rows
        return Path(file.filename)


def batch_with(directory: Path, epoch: int) -> int:
    """The number of the batch, from 0, that the poisoned jet comes in."""
    stream = batches(open_sample(directory, split="train"), 10, seed=SEED, epoch=epoch)
    (found,) = [number for number, batch in enumerate(stream) if (batch.truth.hadron_vertex > 1e38).any()]
    return found


def test_batch_jet_and_loss_of_the_first_bad_step(tmp_path: Path) -> None:
    path = poisoned(tmp_path / "sample", "toy_train.h5", 36)
    samples = open_sample(path.parent, split="train"), open_sample(path.parent, split="val")
    at = batch_with(path.parent, 0)
    with pytest.raises(TrainingError) as told:
        train_model(CONFIG, *samples, tmp_path / "model", seed=SEED)
    assert str(told.value) == (
        f"final_ndive_only: not finite in batch {at + 1} of epoch 1: loss vertex of 1 of its 10 jets, "
        f"first jet 36 of '{path}'; leave it out, or take a learning rate below 0.001"
    )
    assert at > 0
    assert checkpoint_marks(tmp_path / "model") == [(0, at)]
    state, _ = load_checkpoint(checkpoint_path(tmp_path / "model", 0, at))
    assert int(state.learner.step) == at


def test_steps_that_are_sound_one_by_one(tmp_path: Path) -> None:
    """Two steps a call, whose losses are added up there in float32: only that sum is not finite."""
    path = poisoned(tmp_path / "sample", "toy_train.h5", *range(70), flight=LARGE)
    samples = open_sample(path.parent, split="train"), open_sample(path.parent, split="val")
    said = "^final_ndive_only: not finite in epoch 1, though each of its steps is when taken alone"
    with pytest.raises(TrainingError, match=said):
        train_model(CONFIG, *samples, tmp_path / "model", seed=SEED)
    assert checkpoint_marks(tmp_path / "model") == [(0, 7)]


def test_the_jet_of_the_validation_sample(tmp_path: Path) -> None:
    path = poisoned(tmp_path / "sample", "toy_val.h5", 13, 16)
    samples = open_sample(path.parent, split="train"), open_sample(path.parent, split="val")
    said = (
        "not finite in the validation of epoch 1: loss vertex of 2 of its 10 jets, "
        f"first jet 13 of '{path}'; leave it out, or"
    )
    with pytest.raises(TrainingError, match=said):
        train_model(CONFIG, *samples, tmp_path / "model", seed=SEED)
    assert checkpoint_marks(tmp_path / "model") == [(0, 7)]
