"""A run that is stopped inside an epoch goes on as if it had not been."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ndive.data import Sample, open_sample
from ndive.errors import ArgumentError
from ndive.training import Notice, Progress, checkpoint_marks, checkpoint_path, loop, preset, train_model
from ndive.training.checkpoints import kept_marks
from ndive.training.devices import in_a_row
from ndive.training.standing import Mark

CONFIG = replace(
    preset("final_ftag_base"), num_epochs=3, batch_size=10, learning_rate=1e-3, num_attention_layers=0
)


@pytest.fixture(scope="module")
def samples(directory: Path) -> tuple[Sample, Sample]:
    return open_sample(directory, split="train"), open_sample(directory, split="val")


@pytest.fixture(scope="module")
def train(samples: tuple[Sample, Sample], quick_compilation: None) -> Any:
    """Train the same jets with programs compiled once: four calls an epoch, the last of one batch."""
    steps = loop.make_train_steps(CONFIG, 21, in_a_row())
    validate = loop.make_validate(CONFIG, in_a_row())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "JETS_A_CALL", 20)
        patch.setattr(loop, "VALIDATION_BATCH", 8)
        patch.setattr(loop, "make_train_steps", lambda *_: steps)
        patch.setattr(loop, "make_validate", lambda *_: validate)
        yield lambda place, **how: train_model(CONFIG, *samples, place, **({"seed": 4} | how))


@pytest.fixture(scope="module")
def whole(train: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run that was left alone."""
    place = tmp_path_factory.mktemp("models") / "whole"
    train(place)
    return contents(place)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def at(epoch: int, jets: int, do: Callable[[], Any]) -> Callable[[Progress | Notice], None]:
    """Do something once so many jets of an epoch are trained on."""

    def report(event: Progress | Notice) -> None:
        if isinstance(event, Progress) and event.val is None and (event.epoch, event.jets) == (epoch, jets):
            do()

    return report


def crash() -> None:
    raise RuntimeError("as good as killed")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("epoch", "jets"), [(1, 20), (2, 60), (3, 70)])
def test_a_signal_lets_the_step_finish_and_saves(
    train: Any, whole: dict[str, bytes], tmp_path: Path, number: signal.Signals, epoch: int, jets: int
) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, report=at(epoch, jets, lambda: signal.raise_signal(number)))
    assert signal.getsignal(number) == before
    assert checkpoint_marks(tmp_path)[-1] == (epoch - 1, jets // 10)
    notices: list[Any] = []
    train(tmp_path, existing="resume", report=notices.append)
    assert f"going on after batch {jets // 10} of epoch {epoch} in" in notices[0].text
    trained = [event.jets for event in notices[1:] if event.epoch == epoch and event.val is None]
    assert trained == [done for done in (20, 40, 60, 70) if done > jets]
    assert contents(tmp_path) == whole


def test_interrupted_while_it_validates(
    train: Any, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = loop.make_validate(CONFIG, in_a_row())

    def validate(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return made(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "make_validate", lambda *_: validate)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert checkpoint_marks(tmp_path) == [(0, 7)]
    train(tmp_path, existing="resume")
    assert contents(tmp_path) == whole


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as a terminal has it; what runs in the background of a shell ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_second_interrupt_stops_at_once(train: Any, tmp_path: Path) -> None:
    def twice() -> None:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, report=at(1, 20, twice))
    assert checkpoint_marks(tmp_path) == []


def test_an_interrupt_at_the_end_is_not_lost(train: Any, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Or the next copy would begin."""

    def report(event: Progress | Notice) -> None:
        if isinstance(event, Progress) and event.val is not None and event.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, report=report)
    assert contents(tmp_path) == whole


def test_interrupted_before_its_first_checkpoint_it_leaves_the_run_that_it_replaces(
    train: Any, whole: dict[str, bytes], tmp_path: Path
) -> None:
    train(tmp_path)
    stop = at(1, 40, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, seed=5, existing="replace", report=stop)
    assert contents(tmp_path) == whole
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, seed=5, existing="replace", save_every=0, report=stop)
    assert sorted(contents(tmp_path)) == ["checkpoint_0000_000002.eqx", "checkpoint_0000_000004.eqx"]


def test_a_checkpoint_after_each_step(train: Any, whole: dict[str, bytes], tmp_path: Path) -> None:
    """The report comes before the checkpoint of its step, so the crash costs one step."""
    with pytest.raises(RuntimeError):
        train(tmp_path, save_every=0, report=at(2, 70, crash))
    assert checkpoint_marks(tmp_path) == [(1, 0), (1, 4), (1, 6)]
    train(tmp_path, existing="resume")
    assert contents(tmp_path) == whole


def test_without_checkpoints_inside_an_epoch_it_goes_on_from_the_last(
    train: Any, whole: dict[str, bytes], tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError):
        train(tmp_path, save_every=float("inf"), report=at(2, 70, crash))
    assert checkpoint_marks(tmp_path) == [(1, 0)]
    notices: list[Any] = []
    train(tmp_path, existing="resume", report=notices.append)
    assert "going on after epoch 1 in" in notices[0].text
    assert contents(tmp_path) == whole


def test_what_a_killed_process_left_of_another_checkpoint_is_removed(
    train: Any, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """The checkpoints inside an epoch depend on the clock, so the same file may never be written again."""
    code = (
        "import os, signal, sys; from ndive.files import written_aside\n"
        "with written_aside(sys.argv[1]) as aside: os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, checkpoint_path(tmp_path, 1, 3)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    train(tmp_path, existing="resume")
    assert contents(tmp_path) == whole


@pytest.mark.parametrize("byte", [40, -40])
def test_a_damaged_one_inside_an_epoch_falls_back_to_the_one_before(
    train: Any, whole: dict[str, bytes], tmp_path: Path, byte: int
) -> None:
    """In its header or in its arrays."""
    with pytest.raises(RuntimeError):
        train(tmp_path, save_every=0, report=at(2, 70, crash))
    newest = checkpoint_path(tmp_path, 1, 6)
    content = bytearray(newest.read_bytes())
    content[byte] ^= 1
    newest.write_bytes(bytes(content))
    notices: list[Any] = []
    train(tmp_path, existing="resume", report=notices.append)
    assert f"'{newest}' is damaged, going on from the one before" in notices[0].text
    assert "going on after batch 4 of epoch 2" in notices[1].text
    assert contents(tmp_path) == whole


def test_which_checkpoints_stay() -> None:
    marks = [Mark(*mark) for mark in [(0, 4), (24, 0), (25, 0), (26, 0), (26, 8), (27, 0), (27, 4), (27, 8)]]
    assert kept_marks(marks) == {(25, 0), (26, 0), (27, 0), (27, 4), (27, 8)}
    assert kept_marks([*marks, Mark(27, 12)]) == {(25, 0), (26, 0), (27, 0), (27, 8), (27, 12)}
    assert kept_marks([Mark(0, 4), Mark(0, 8), Mark(0, 12)]) == {(0, 8), (0, 12)}


@pytest.mark.parametrize("minutes", [-1.0, float("nan")])
def test_a_time_between_checkpoints_that_is_none(train: Any, tmp_path: Path, minutes: float) -> None:
    with pytest.raises(
        ArgumentError, match=rf"save_every is {minutes}, allowed: 0 \(after each step\) or more"
    ):
        train(tmp_path / "model", save_every=minutes)
    assert not (tmp_path / "model").exists()
