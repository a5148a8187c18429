"""Models by name, read back as they were left, with their best epoch."""

import hashlib
import math
import shutil
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.errors import CheckpointError
from ndive.evaluation import load_copies, load_trained, trained_names
from ndive.models import build_model, identity_normalisation, save_model
from ndive.training import LOSS_NAMES, Epoch, TrainConfig, models_root
from ndive.training.belonging import Run
from ndive.training.checkpoints import save_checkpoint
from ndive.training.history import write_history
from ndive.training.standing import Standing
from ndive.training.state import first_state
from tests.evaluation.conftest import N_JETS


@pytest.fixture
def root(models, tmp_path):
    """A directory with a copy of the model that is called tagger."""
    (tmp_path / "tagger").mkdir()
    (tmp_path / "tagger" / "best.eqx").write_bytes((models / "tagger" / "best.eqx").read_bytes())
    return tmp_path


def leave_history(root: Path, *totals: float) -> None:
    """A history of epochs with these validation totals; one loss is NaN, as for a model without it."""
    absent, *others = LOSS_NAMES

    def losses(total: float) -> dict[str, float]:
        return {"total": total, absent: math.nan} | dict.fromkeys(others, 0.5)

    epochs = [
        Epoch(epoch=number, train=losses(1 / number), val=losses(total))
        for number, total in enumerate(totals, start=1)
    ]
    write_history(root / "tagger", epochs)


def test_the_model_comes_back_as_it_was_left(root, tagger):
    trained = load_trained("tagger", root)
    assert trained.name == "tagger"
    assert trained.directory == root / "tagger"
    assert (trained.config.model, trained.config.vertexer, trained.config.layers) == ("FTAG", "none", 0)
    assert jax.tree.structure(trained.model) == jax.tree.structure(tagger)
    for one, other in zip(jax.tree.leaves(trained.model), jax.tree.leaves(tagger), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_artefact_is_the_hash_of_the_file(root, tagger):
    first = load_trained("tagger", root)
    assert first.artefact == hashlib.sha256((root / "tagger" / "best.eqx").read_bytes()).hexdigest()
    other = jax.tree.map(lambda leaf: leaf + 1 if leaf.dtype == np.float32 else leaf, tagger)
    save_model(root / "tagger" / "best.eqx", other, first.config)
    assert load_trained("tagger", root).artefact != first.artefact


@pytest.mark.parametrize(
    ("totals", "best"),
    [((0.9, 0.4, 0.6), 2), ((0.3, 0.4, 0.5), 1), ((0.9, 0.8, 0.7), 3), ((0.5, 0.4, 0.4), 2), ((0.2,), 1)],
)
def test_the_epoch_is_the_first_with_the_lowest_validation_total(root, totals, best):
    leave_history(root, *totals)
    assert load_trained("tagger", root).epoch == best


def test_the_history_has_a_value_an_epoch(root):
    leave_history(root, 0.9, 0.4, 0.6)
    history = load_trained("tagger", root).history
    np.testing.assert_array_equal(history["epoch"], [1, 2, 3])
    np.testing.assert_allclose(history["val_total"], [0.9, 0.4, 0.6])
    np.testing.assert_allclose(history["train_total"], [1, 1 / 2, 1 / 3])
    np.testing.assert_array_equal(history[f"val_{LOSS_NAMES[0]}"], [np.nan] * 3)
    np.testing.assert_array_equal(history[f"train_{LOSS_NAMES[1]}"], [0.5] * 3)


def test_a_model_without_a_history_is_of_epoch_zero(root):
    trained = load_trained("tagger", root)
    assert trained.epoch == 0
    assert all(len(column) == 0 for column in trained.history.values())


def test_a_model_is_found_where_training_leaves_it(root, monkeypatch):
    monkeypatch.setenv("NDIVE_MODEL_PATH", str(root))
    assert load_trained("tagger", models_root()).directory == root / "tagger"


def test_names_are_those_of_directories_with_a_model(root):
    for name in ("b", "a"):
        save = root / name / "best.eqx"
        save.parent.mkdir()
        save.touch()
    (root / "begun").mkdir()
    (root / "a_file").touch()
    assert trained_names(root) == ["a", "b", "tagger"]
    assert trained_names(root / "nowhere") == []


def test_an_unknown_name_is_told_the_nearest(root):
    with pytest.raises(CheckpointError, match=r"no trained model 'tager' in '.*'; nearest: tagger$"):
        load_trained("tager", root)


def test_no_model_at_all_is_told_how_to_get_one(tmp_path):
    with pytest.raises(CheckpointError, match="ndive train"):
        load_trained("tagger", tmp_path)


@pytest.mark.parametrize("left", [0, 10, -1])
def test_a_damaged_model_is_named(root, left):
    path = root / "tagger" / "best.eqx"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(CheckpointError, match=r"best\.eqx"):
        load_trained("tagger", root)


def test_a_damaged_history_is_named(root):
    (root / "tagger" / "history.csv").write_text("epoch,val_total\n1,low\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"history\.csv"):
        load_trained("tagger", root)


@pytest.fixture
def copies(models, tmp_path):
    """Two copies of the model called tagger, under the name twice."""
    for number in (0, 1):
        shutil.copytree(models / "tagger", tmp_path / "twice" / f"model_{number}")
    return tmp_path


def test_all_copies_of_a_model_are_found_by_its_name(copies):
    found = load_copies("twice", copies)
    assert [(one.name, one.configuration, one.copy) for one in found] == [
        ("twice_model_0", "twice", 0),
        ("twice_model_1", "twice", 1),
    ]
    assert load_trained("twice", copies, copy=1).directory == copies / "twice" / "model_1"
    assert trained_names(copies) == ["twice"]


def test_a_model_without_copies_is_its_only_one(root):
    assert [(one.name, one.copy) for one in load_copies("tagger", root)] == [("tagger", None)]


def test_the_checkpoint_of_an_epoch_is_read(root, sample):
    config = TrainConfig(model_name="FTAG", vertexer="none", vertex_loss=False, num_attention_layers=0)
    model = eqx.filter_jit(build_model)(config.model, identity_normalisation(), key=jax.random.key(5))
    state = eqx.tree_at(lambda state: state.epoch, first_state(model, config), jnp.asarray(3))
    run = Run(
        config=config,
        seed=0,
        train_sample=sample,
        val_sample=sample,
        train_identity=sample.identity,
        val_identity=sample.identity,
    )
    assert load_trained("tagger", root).run == {}
    save_checkpoint(root / "tagger", Standing(state=state), run)
    trained = load_trained("tagger", root, epoch=3)
    assert (trained.name, trained.epoch) == ("tagger_epoch_3", 3)
    assert (trained.run["train_jets"], trained.run["train_files"]) == (N_JETS, ["toy_test.h5"])
    assert trained.run["config"]["learning_rate"] == 1e-5
    (root / "tagger" / "checkpoint_0004.eqx").write_bytes(b"cut off")
    assert load_trained("tagger", root).run == trained.run
    for one, other in zip(jax.tree.leaves(trained.model), jax.tree.leaves(model), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("twice", {}, "only copies of 'twice' in '.*'; there are 0, 1"),
        ("twice", {"copy": 7}, "no copy 7 of 'twice' in '.*'; there are 0, 1"),
        ("twice", {"copy": 1, "epoch": 9}, "no checkpoint 'checkpoint_0009.eqx' in '.*'; epochs kept: none"),
    ],
)
def test_what_is_not_there_is_told_what_is(copies, name, asked, said):
    with pytest.raises(CheckpointError, match=said):
        load_trained(name, copies, **asked)
