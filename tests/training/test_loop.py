"""The loop on a small file: what it leaves, and that a resumed run is the run."""

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
from ndive.errors import ArgumentError, CheckpointError
from ndive.models import load_model
from ndive.training import (
    Notice,
    Progress,
    TrainConfig,
    TrainResult,
    checkpoint_epochs,
    checkpoint_path,
    load_checkpoint,
    loop,
    preset,
    read_history,
)
from ndive.training import train as train_model

CONFIG = replace(preset("final_ftag_base"), num_epochs=3, batch_size=10, learning_rate=1e-3)


@pytest.fixture(scope="module")
def samples(directory: Path) -> tuple[Sample, Sample]:
    return open_sample(directory, split="train"), open_sample(directory, split="val")


@pytest.fixture(scope="module")
def quick(quick_compilation: None) -> Any:
    """Each program compiled once, without much care; at a constant rate the epochs do not matter."""
    steps, validate = loop.make_train_steps, loop.make_validate
    kept: dict[object, Any] = {}

    def once(make: Callable[..., Any], *key: object) -> Any:
        if key not in kept:
            kept[key] = make()
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "make_train_steps", lambda c, n: once(lambda: steps(c, n), 1, any_epochs(c)))
        patch.setattr(loop, "make_validate", lambda c: once(lambda: validate(c), 2, any_epochs(c)))
        yield


@pytest.fixture(scope="module")
def whole(samples: tuple[Sample, Sample], tmp_path_factory: pytest.TempPathFactory, quick: Any) -> Any:
    events: list[Progress | Notice] = []
    place = tmp_path_factory.mktemp("models") / "whole"
    result = train_model(CONFIG, *samples, place, seed=4, report=events.append)
    return result, events


def any_epochs(config: TrainConfig) -> TrainConfig:
    return replace(config, num_epochs=1)


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


@pytest.mark.parametrize("stop", [2, 3])
def test_a_stopped_run_goes_on_to_the_same_bits(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample], tmp_path: Path, stop: int
) -> None:
    """Stopped in the middle of an epoch, by an exception out of the report."""

    def interrupt(event: Progress | Notice) -> None:
        if isinstance(event, Progress) and event.epoch == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_model(CONFIG, *samples, tmp_path, seed=4, report=interrupt)
    assert checkpoint_epochs(tmp_path)[-1] == stop - 1
    notices: list[Any] = []
    result = train_model(CONFIG, *samples, tmp_path, seed=4, resume=True, report=notices.append)
    assert f"going on after epoch {stop - 1}" in notices[0].text
    np.testing.assert_array_equal(
        [epoch.row() for epoch in result.history], [epoch.row() for epoch in whole[0].history]
    )
    for name in ("best.eqx", "history.csv", "checkpoint_0003.eqx"):
        assert (tmp_path / name).read_bytes() == (whole[0].directory / name).read_bytes()


def test_a_damaged_newest_falls_back(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample], tmp_path: Path
) -> None:
    place = shutil.copytree(whole[0].directory, tmp_path / "copy")
    newest = checkpoint_path(place, 3)
    content = bytearray(newest.read_bytes())
    content[-100] ^= 1
    newest.write_bytes(bytes(content))
    notices: list[Any] = []
    train_model(CONFIG, *samples, place, seed=4, resume=True, report=notices.append)
    assert "checkpoint_0003.eqx' is damaged" in notices[0].text
    assert newest.read_bytes() == checkpoint_path(whole[0].directory, 3).read_bytes()


def test_all_damaged_is_an_error(samples: tuple[Sample, Sample], tmp_path: Path) -> None:
    checkpoint_path(tmp_path, 1).write_bytes(b"broken")
    with pytest.raises(CheckpointError, match="all 1 checkpoints are damaged"):
        train_model(CONFIG, *samples, tmp_path, seed=4, resume=True)


def test_more_epochs_than_first_planned(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample], tmp_path: Path
) -> None:
    place = shutil.copytree(whole[0].directory, tmp_path / "copy")
    result = train_model(replace(CONFIG, num_epochs=4), *samples, place, seed=4, resume=True)
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
        train_model(config, *samples, whole[0].directory, seed=seed, resume=True)


def test_a_run_is_not_overwritten(
    whole: tuple[TrainResult, list[Progress]], samples: tuple[Sample, Sample]
) -> None:
    with pytest.raises(CheckpointError, match="holds a run of 3 epochs"):
        train_model(CONFIG, *samples, whole[0].directory, seed=4)


def test_nothing_to_go_on_from_is_said(samples: tuple[Sample, Sample], tmp_path: Path, quick: Any) -> None:
    notices: list[Any] = []
    config = replace(CONFIG, num_epochs=1)
    train_model(config, *samples, tmp_path, seed=4, resume=True, report=notices.append)
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


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_of_more_than_32_bits_is_refused(
    samples: tuple[Sample, Sample], tmp_path: Path, seed: int
) -> None:
    with pytest.raises(ArgumentError, match=f"seed is {seed}, allowed: 0 to 4294967295"):
        train_model(CONFIG, *samples, tmp_path / "model", seed=seed)
    assert not (tmp_path / "model").exists()
