"""`ndive.train`: from Python, on a directory or on opened samples, in copies, from a trained NDIVE."""

import shutil
import struct
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import equinox as eqx
import h5py
import jax
import numpy as np
import pytest

import ndive
from ndive.errors import MissingExtraError, RunExistsError, SampleError
from ndive.models import ModelConfig, build_model, identity_normalisation, save_model
from ndive.training import (
    LOSS_NAMES,
    Notice,
    Progress,
    TrainResult,
    load_checkpoint,
    loop,
    preset,
    read_history,
)
from ndive.training.run import made_ready
from ndive.training.tensorboard import TensorBoard

CONFIG = replace(preset("final_ftag_base"), num_epochs=2, batch_size=35, learning_rate=1e-3)
FIT = replace(preset("final_ftag_ndive_pf_track_selection"), num_attention_layers=0, batch_size=35)


@pytest.fixture(scope="module")
def copies(directory: Path, quick_compilation: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The directory of the models, and two copies of two epochs with balanced classes."""
    models = tmp_path_factory.mktemp("models")
    config = replace(CONFIG, balance_classes=True)
    return models, ndive.train_copies(config, directory, 2, models, seed=3)


def test_copies_differ_and_one_that_goes_on_is_the_same(
    copies: tuple[Path, tuple[TrainResult, ...]], directory: Path
) -> None:
    """The second is cut back to its first epoch: what is finished stays, the other ends as before."""
    models, (first, second) = copies
    assert second.directory == models / "final_ftag_base" / "model_1"
    assert first.history[0].train["total"] != second.history[0].train["total"]
    whole = (second.directory / "history.csv").read_bytes()
    (second.directory / "checkpoint_0002.eqx").unlink()
    events: list[Progress | Notice] = []
    config = replace(CONFIG, balance_classes=True)
    with pytest.raises(RunExistsError, match=r"model_0' holds a run up to epoch 2$"):
        ndive.train_copies(config, directory, 2, models, seed=3)
    ndive.train_copies(config, directory, 2, models, seed=3, existing="resume", report=events.append)
    told = [event.text for event in events if isinstance(event, Notice)]
    assert told[0].startswith("reusing the finished run of 2 epochs")
    assert told[1].startswith("going on after epoch 1")
    assert (second.directory / "history.csv").read_bytes() == whole


def test_the_weights_of_the_sample_are_kept_with_the_run(copies: Any) -> None:
    _, trained = load_checkpoint(copies[1][0].directory / "checkpoint_0002.eqx")
    assert trained.class_weights == pytest.approx((70 / 72, 70 / 69, 70 / 69))


def test_all_losses_and_accuracies_are_in_the_history(copies: Any) -> None:
    last = copies[1][0].history[-1]
    names = {"total", *LOSS_NAMES, "flavour_accuracy", "origin_accuracy", "pairing_accuracy"}
    assert set(last.train) == set(last.val) == names
    assert all(0 < last.val[name] <= 1 for name in names if name.endswith("accuracy"))
    table = np.genfromtxt(copies[1][0].directory / "history.csv", delimiter=",", names=True)
    assert table["val_flavour_accuracy"][-1] == last.val["flavour_accuracy"]
    assert np.isnan(table["train_vertex"]).all()
    assert read_history(copies[1][0].directory)[-1].val["pairing"] == last.val["pairing"]


def test_a_history_without_accuracies_is_read(copies: Any, tmp_path: Path) -> None:
    """As earlier versions wrote it."""
    lines = (copies[1][0].directory / "history.csv").read_text(encoding="utf-8").splitlines()
    earlier = [",".join(line.split(",")[: 3 + 2 * len(LOSS_NAMES)]) for line in lines]
    (tmp_path / "history.csv").write_text("\n".join(earlier), encoding="utf-8")
    assert np.isnan(read_history(tmp_path)[0].train["flavour_accuracy"])
    assert read_history(tmp_path)[0].train["total"] == copies[1][0].history[0].train["total"]


def test_a_tagger_begins_with_the_trained_vertexer(
    directory: Path, quick_compilation: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state before the first step; all behind it is the same as for any other tagger."""
    config = replace(preset("final_ftag_ndive"), num_attention_layers=0, pretrained_NDIVE=True)
    vertexer = ModelConfig(model="NDIVE", layers=0)
    trained = eqx.filter_jit(build_model)(vertexer, identity_normalisation(), key=jax.random.key(5))
    save_model(tmp_path / "final_ndive_only" / "best.eqx", trained, vertexer)
    begun: list[Any] = []

    def stop(model: Any, config: Any) -> None:
        begun.append(model)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "first_state", stop)
    samples = tuple(ndive.open_sample(directory, split=split) for split in ("train", "val"))
    with pytest.raises(KeyboardInterrupt):
        ndive.train(replace(config, batch_size=35), samples, tmp_path)
    assert eqx.tree_equal(begun[0].vertexer.weigher, trained.weigher)


@pytest.mark.parametrize(
    ("config", "said"),
    [(FIT, "track_weight_activation is 'perfect', takes a sample with the truth: "), (CONFIG, "")],
)
def test_a_sample_without_truth_is_refused(config: Any, said: str, directory: Path, tmp_path: Path) -> None:
    place = shutil.copytree(directory, tmp_path / "sample")
    for path in place.iterdir():
        with h5py.File(path, "r+") as file:
            tracks = file["tracks"][:]
            del file["tracks"]
            kept = [name for name in tracks.dtype.names if not name.startswith("truth_prod")]
            file["tracks"] = tracks[kept]
    with pytest.raises(SampleError, match=rf"^{said}.*lacks 'truth_prod_x'"):
        made_ready(config, place, tmp_path)


def scalars(directory: Path) -> Iterator[tuple[str, int, float]]:
    """Tag, step and value of each event: records of length, checksum, event and checksum."""
    from tensorboardX.proto.event_pb2 import Event

    for path in directory.iterdir():
        content, at = path.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            event = Event.FromString(content[at + 12 : at + 12 + length])
            yield from ((value.tag, event.step, value.simple_value) for value in event.summary.value)
            at += 16 + length


def test_tensorboard_has_each_epoch_once(copies: Any, tmp_path: Path) -> None:
    """Of a run that went on, too: the second writer starts when the first epoch is already there."""
    result = copies[1][0]
    shutil.copy(result.directory / "history.csv", tmp_path)
    last = Progress(epoch=2, epochs=2, jets=70, n_jets=70, train={}, val={})
    for _ in range(2):
        with TensorBoard(tmp_path) as board:
            board(Notice(text="going on"))
            board(last)
    for part, losses in (("train", result.history[-1].train), ("val", result.history[-1].val)):
        found = list(scalars(tmp_path / "tensorboard" / part))
        assert len(found) == len(set(found)) == 2 * 7
        assert ("loss/pairing", 2, np.float32(losses["pairing"])) in found
        assert ("accuracy/origin", 2, np.float32(losses["origin_accuracy"])) in found


def test_tensorboard_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingExtraError, match=r"--tensorboard needs .* pip install 'ndive\[tensorboard\]'"):
        TensorBoard(tmp_path)
