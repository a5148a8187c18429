"""Checkpoints of other versions and of other runs, read without a run."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import pytest

from ndive.data import open_sample
from ndive.errors import CheckpointError
from ndive.models import build_model, identity_normalisation
from ndive.training import TrainConfig, checkpoint_path, load_checkpoint
from ndive.training.belonging import Run
from ndive.training.checkpoints import load_newest, save_checkpoint
from ndive.training.standing import Standing
from ndive.training.state import first_state

CONFIG = TrainConfig(
    model_name="FTAG", vertexer="none", vertex_loss=False, num_attention_layers=0, use_adam=True
)


@pytest.fixture(scope="module")
def run(directory: Path) -> Run:
    train, val = open_sample(directory, split="train"), open_sample(directory, split="val")
    return Run(
        config=CONFIG,
        seed=4,
        train_sample=train,
        val_sample=val,
        train_identity=train.identity,
        val_identity=val.identity,
    )


@pytest.fixture(scope="module")
def standing(quick_compilation: None) -> Standing:
    build = eqx.filter_jit(build_model)
    return Standing(
        state=first_state(build(CONFIG.model, identity_normalisation(), key=jax.random.key(1)), CONFIG),
        batches=3,
        sums={"flavour": (0.1 + 0.2, 3.0), "vertex": (float("inf"), 1.0)},
    )


@pytest.fixture
def saved(run: Run, standing: Standing, tmp_path: Path) -> Path:
    save_checkpoint(tmp_path, standing, run)
    return checkpoint_path(tmp_path, 0, 3)


def told_otherwise(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Let the checkpoint tell something else, as a first one, which has no hash of that."""
    line, _, arrays = path.read_bytes().partition(b"\n")
    told = json.loads(line)
    del told["header_sha256"]
    change(told)
    path.write_bytes(json.dumps(told).encode() + b"\n" + arrays)


def test_the_place_in_the_epoch_comes_back_to_the_bit(saved: Path, standing: Standing, run: Run) -> None:
    found = load_newest(saved.parent, run)
    assert found is not None
    assert found.told == ()
    assert found.standing.mark == (0, 3)
    assert {name: found.standing.sums[name] for name in standing.sums} == standing.sums
    assert eqx.tree_equal(found.standing.state, standing.state)


def test_a_setting_that_it_does_not_know_had_the_default(saved: Path, run: Run) -> None:
    told_otherwise(saved, lambda told: (told["config"].pop("class_weight_b"), told.pop("version")))
    found = load_newest(saved.parent, run)
    assert found is not None
    assert "written by an earlier ndive, read by ndive " in found.told[0]
    assert load_checkpoint(saved)[1] == CONFIG
    weighted = replace(run, config=replace(CONFIG, class_weight_b=2.0))
    with pytest.raises(CheckpointError, match=r"run: class_weight_b 1\.0 there, 2\.0 here; take what"):
        load_newest(saved.parent, weighted)


def test_a_setting_of_a_later_version_is_told(saved: Path, run: Run) -> None:
    told_otherwise(saved, lambda told: (told["config"].update(dropout=0.1), told.update(version="9.0")))
    with pytest.raises(CheckpointError, match=r"another run: dropout 0\.1 there, None here"):
        load_newest(saved.parent, run)
    with pytest.raises(CheckpointError, match=r"'dropout'; written by ndive 9\.0, read by ndive "):
        load_checkpoint(saved)


def test_all_that_differs_is_told(saved: Path, run: Run) -> None:
    other = replace(run, config=replace(CONFIG, batch_size=7, use_adam=False), seed=5, val_identity="changed")
    said = (
        "batch_size 100 there, 7 here; use_adam True there, False here; seed 4 there, 5 here; "
        r"the validation sample is another one or has changed since, here '.*toy_val\.h5'; take what it had"
    )
    with pytest.raises(CheckpointError, match=said):
        load_newest(saved.parent, other)


def test_arrays_of_another_version_are_told(saved: Path, run: Run) -> None:
    told_otherwise(saved, lambda told: told["config"].update(num_attention_layers=1))
    with pytest.raises(CheckpointError, match="other arrays; written by ndive "):
        load_checkpoint(saved)
