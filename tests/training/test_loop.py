"""The loop on a small file: what it leaves, and that a resumed run is the run."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pytest

from ndive.data import Sample, open_sample
from ndive.errors import CheckpointError, TrainingError
from ndive.models import load_model
from ndive.training import (
    LOSS_NAMES,
    Notice,
    Progress,
    TrainConfig,
    TrainResult,
    best_epoch,
    checkpoint_path,
    load_checkpoint,
    loop,
    preset,
    read_history,
    train_model,
)
from ndive.training.sums import NO_SUMS, mean_losses

CONFIG = replace(preset("final_ftag_base"), num_epochs=3, batch_size=10, learning_rate=1e-3)


@pytest.fixture(scope="module")
def samples(directory: Path) -> tuple[Sample, Sample]:
    return open_sample(directory, split="train"), open_sample(directory, split="val")


@pytest.fixture(scope="module")
def quick(quick_compilation: None) -> Any:
    """Each program compiled once, without much care; at a constant rate the epochs do not matter.

    Two batches are taken in a call, so that an epoch has four calls, the last of one batch.
    """
    steps, validate = loop.make_train_steps, loop.make_validate
    kept: dict[object, Any] = {}

    def once(make: Callable[..., Any], *key: object) -> Any:
        if key not in kept:
            kept[key] = make()
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "JETS_A_CALL", 2 * CONFIG.batch_size)
        patch.setattr(
            loop, "make_train_steps", lambda c, n, m: once(lambda: steps(c, n, m), 1, any_epochs(c))
        )
        patch.setattr(loop, "make_validate", lambda c, m: once(lambda: validate(c, m), 2, any_epochs(c)))
        yield


@pytest.fixture(scope="module")
def whole(samples: tuple[Sample, Sample], tmp_path_factory: pytest.TempPathFactory, quick: Any) -> Any:
    events: list[Progress | Notice] = []
    place = tmp_path_factory.mktemp("models") / "whole"
    result = train_model(CONFIG, *samples, place, seed=4, report=events.append)
    return result, events


def any_epochs(config: TrainConfig) -> TrainConfig:
    return replace(config, num_epochs=1)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def give_totals(monkeypatch: pytest.MonkeyPatch, *totals: float) -> None:
    """Let each validation give the next of `totals`."""
    losses = iter({"total": total, **dict.fromkeys(LOSS_NAMES, total)} for total in totals)
    monkeypatch.setattr(loop, "_validate", lambda *_: next(losses))


def same(first: Any, second: Any) -> bool:
    return bool(eqx.tree_equal(first, second))


def test_what_a_run_leaves(whole: tuple[TrainResult, list[Progress]]) -> None:
    result, events = whole
    names = sorted(path.name for path in result.directory.iterdir())
    assert names == ["best.eqx", "checkpoint_0002.eqx", "checkpoint_0003.eqx", "history.csv"]
    assert len(read_history(result.directory)) == 3
    assert [event.epoch for event in events if event.val is not None] == [1, 2, 3]
    assert all(event.n_jets == 70 for event in events)


def test_it_learns(whole: tuple[TrainResult, list[Progress]]) -> None:
    history = whole[0].history
    assert history[-1].train["total"] < history[0].train["total"] - 0.1
    assert np.isnan(history[0].val["vertex"])


def test_the_total_is_the_weighted_sum(whole: tuple[TrainResult, list[Progress]]) -> None:
    val = whole[0].history[1].val
    assert val["total"] == pytest.approx(val["flavour"] + 0.5 * val["origin"] + 1.5 * val["pairing"])


def test_the_best_model_is_that_of_its_epoch(whole: tuple[TrainResult, list[Progress]]) -> None:
    result, _ = whole
    model, config = load_model(result.directory / "best.eqx")
    assert config == CONFIG.model
    state, _ = load_checkpoint(checkpoint_path(result.directory, result.best.epoch))
    assert same(model, state.model)


def test_a_damaged_newest_falls_back(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample], tmp_path: Path
) -> None:
    place = shutil.copytree(whole[0].directory, tmp_path / "copy")
    newest = checkpoint_path(place, 3)
    content = bytearray(newest.read_bytes())
    content[-100] ^= 1
    newest.write_bytes(bytes(content))
    notices: list[Any] = []
    train_model(CONFIG, *samples, place, seed=4, existing="resume", report=notices.append)
    assert "checkpoint_0003.eqx' is damaged" in notices[0].text
    assert newest.read_bytes() == checkpoint_path(whole[0].directory, 3).read_bytes()


def test_all_damaged_is_an_error(samples: tuple[Sample, Sample], tmp_path: Path) -> None:
    checkpoint_path(tmp_path, 1).write_bytes(b"broken")
    with pytest.raises(CheckpointError, match="all 1 checkpoints are damaged"):
        train_model(CONFIG, *samples, tmp_path, seed=4, existing="resume")


def test_more_epochs_than_first_planned(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample], tmp_path: Path
) -> None:
    place = shutil.copytree(whole[0].directory, tmp_path / "copy")
    result = train_model(replace(CONFIG, num_epochs=4), *samples, place, seed=4, existing="resume")
    assert [epoch.epoch for epoch in result.history] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("config", "seed", "named"),
    [
        (replace(CONFIG, learning_rate=2e-3), 4, "learning_rate 0.001 there, 0.002 here"),
        (CONFIG, 5, "seed 4"),
    ],
)
def test_another_run_is_refused(
    whole: tuple[TrainResult, list[Progress]],
    samples: tuple[Sample, Sample],
    config: Any,
    seed: int,
    named: str,
) -> None:
    with pytest.raises(CheckpointError, match=named):
        train_model(config, *samples, whole[0].directory, seed=seed, existing="resume")


def test_a_run_is_not_overwritten(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample]
) -> None:
    with pytest.raises(CheckpointError, match="holds a run up to epoch 3"):
        train_model(CONFIG, *samples, whole[0].directory, seed=4)


def test_nothing_to_go_on_from_is_said(samples: tuple[Sample, Sample], tmp_path: Path, quick: Any) -> None:
    notices: list[Any] = []
    config = replace(CONFIG, num_epochs=1)
    train_model(config, *samples, tmp_path, seed=4, existing="resume", report=notices.append)
    assert "nothing to go on from" in notices[0].text


def test_a_model_without_parameters_is_judged(
    samples: tuple[Sample, Sample], tmp_path: Path, quick: Any
) -> None:
    """The fit alone: its history is that of the fit, the same in each epoch."""
    config = replace(preset("final_ndive_only_no_track_selection"), num_epochs=1, batch_size=10)
    result = train_model(config, *samples, tmp_path, seed=4)
    assert result.history[0].val["vertex"] > 0
    model, _ = load_model(tmp_path / "best.eqx")
    assert jax.tree.leaves(model.weigher) == []


def test_a_replaced_run_is_removed_once_the_first_epoch_of_the_new_one_is_done(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample], tmp_path: Path
) -> None:
    place = shutil.copytree(whole[0].directory, tmp_path / "copy")

    def interrupt(event: Progress | Notice) -> None:
        raise KeyboardInterrupt

    config = replace(CONFIG, num_epochs=1)
    with pytest.raises(KeyboardInterrupt):
        train_model(config, *samples, place, seed=5, existing="replace", report=interrupt)
    assert contents(place) == contents(whole[0].directory)
    train_model(config, *samples, place, seed=5, existing="replace")
    assert sorted(contents(place)) == ["best.eqx", "checkpoint_0001.eqx", "history.csv"]
    assert len(read_history(place)) == 1


def test_a_run_that_diverges_leaves_the_run_that_it_was_to_replace(
    whole: tuple[TrainResult, list[Progress]],
    samples: tuple[Sample, Sample],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = shutil.copytree(whole[0].directory, tmp_path / "copy")
    give_totals(monkeypatch, math.nan)
    with pytest.raises(TrainingError, match=r"total of epoch 1 is nan, .* a learning rate below 0\.001"):
        train_model(CONFIG, *samples, place, existing="replace")
    assert contents(place) == contents(whole[0].directory)


def test_an_epoch_that_is_not_finite_leaves_those_before(
    samples: tuple[Sample, Sample], tmp_path: Path, quick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_totals(monkeypatch, 0.7, math.inf)
    with pytest.raises(TrainingError, match="the validation total of epoch 2 is inf"):
        train_model(CONFIG, *samples, tmp_path)
    assert sorted(contents(tmp_path)) == ["best.eqx", "checkpoint_0001.eqx", "history.csv"]


def test_a_total_of_no_term_is_not_the_lowest() -> None:
    """Where every fit fails there is no loss, which is no loss of zero."""
    assert math.isnan(mean_losses(NO_SUMS, preset("final_ndive_only"))["total"])


def test_the_smallest_gain_makes_the_best_model(
    samples: tuple[Sample, Sample], tmp_path: Path, quick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the least of the history is looked up: a float32 could not tell the first two apart."""
    give_totals(monkeypatch, 0.7, 0.7 - 1e-9, 0.7 - 1e-9)
    result = train_model(CONFIG, *samples, tmp_path)
    assert result.best.epoch == best_epoch(read_history(tmp_path)).epoch == 2
    second, third = (load_checkpoint(checkpoint_path(tmp_path, epoch))[0] for epoch in (2, 3))
    assert same(load_model(tmp_path / "best.eqx")[0], second.model)
    assert int(third.stalled) == 2


def test_the_cosine_decay_keeps_its_epochs(
    samples: tuple[Sample, Sample], tmp_path: Path, quick: Any
) -> None:
    config = replace(CONFIG, num_epochs=2, use_cosine_decay_schedule=True)
    train_model(config, *samples, tmp_path)
    assert len(train_model(config, *samples, tmp_path, existing="resume").history) == 2
    for epochs in (1, 3):
        with pytest.raises(CheckpointError, match=f"ends at epoch 2 and cannot go on to {epochs}; keep"):
            train_model(replace(config, num_epochs=epochs), *samples, tmp_path, existing="resume")


def test_another_precision_is_refused(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample]
) -> None:
    said = "0003.eqx': made in float32, this process uses float64"
    with jax.enable_x64(True), pytest.raises(CheckpointError, match=said):
        train_model(CONFIG, *samples, whole[0].directory, seed=4, existing="resume")


def test_a_checkpoint_that_does_not_tell_its_precision_is_of_float32(
    whole: tuple[TrainResult, list[Progress]], tmp_path: Path
) -> None:
    """As the first ones, which do not tell their place in an epoch either and have no hash of the header."""
    line, _, arrays = checkpoint_path(whole[0].directory, 3).read_bytes().partition(b"\n")
    told = json.loads(line)
    for name in ("dtype", "version", "batches", "sums", "config_hash", "header_sha256"):
        del told[name]
    old = tmp_path / "old.eqx"
    old.write_bytes(json.dumps(told).encode() + b"\n" + arrays)
    with jax.enable_x64(True), pytest.raises(CheckpointError, match="made in float32"):
        load_checkpoint(old)
    assert int(load_checkpoint(old)[0].epoch) == 3


def test_a_run_in_float64_goes_on(samples: tuple[Sample, Sample], tmp_path: Path, quick: Any) -> None:
    with jax.enable_x64(True):
        train_model(replace(CONFIG, num_epochs=1), *samples, tmp_path)
        result = train_model(replace(CONFIG, num_epochs=2), *samples, tmp_path, existing="resume")
        model, _ = load_model(tmp_path / "best.eqx")
    assert [epoch.epoch for epoch in result.history] == [1, 2]
    assert {leaf.dtype.name for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array))} == {"float64"}
