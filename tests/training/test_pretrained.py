"""A tagger that starts from a trained NDIVE."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from ndive.errors import CheckpointError, ConfigError
from ndive.models import ModelConfig, build_model, identity_normalisation, save_model
from ndive.training import TrainConfig, preset
from ndive.training.pretrained import load_pretrained, with_pretrained

pytestmark = pytest.mark.usefixtures("quick_compilation")
CONFIG = replace(preset("final_ftag_ndive"), pretrained_NDIVE=True, num_attention_layers=0)


def saved(models: Path, name: str = "final_ndive_only", **changes: Any) -> Any:
    """A made-up trained model with a normalisation of its own."""
    config = ModelConfig(**{"model": "NDIVE", "ghost": False, "layers": 0, **changes})
    normalisation = eqx.tree_at(lambda one: one.mean, identity_normalisation(), jnp.arange(18.0))
    model = eqx.filter_jit(build_model)(config, normalisation, key=jax.random.key(5))
    save_model(models / name / "best.eqx", model, config)
    return model


def test_the_vertexer_is_that_of_the_trained_one_and_the_rest_is_new(tmp_path: Path) -> None:
    trained = saved(tmp_path)
    fresh = eqx.filter_jit(build_model)(CONFIG.model, identity_normalisation(), key=jax.random.key(0))
    begun = with_pretrained(fresh, load_pretrained(CONFIG, tmp_path))
    assert eqx.tree_equal(begun.vertexer.weigher, trained.weigher)
    assert eqx.tree_equal(begun.vertexer.normalisation, trained.normalisation)
    assert not eqx.tree_equal(fresh.vertexer.weigher, trained.weigher)
    assert eqx.tree_equal(begun.heads, fresh.heads)
    assert eqx.tree_equal(begun.normalisation, fresh.normalisation)


def test_a_copy_may_be_named(tmp_path: Path) -> None:
    trained = saved(tmp_path, "final_ndive_only/model_1")
    config = replace(CONFIG, pretrained_from="final_ndive_only/model_1")
    assert eqx.tree_equal(load_pretrained(config, tmp_path), trained)


def test_without_it_there_is_none(tmp_path: Path) -> None:
    assert load_pretrained(TrainConfig(), tmp_path) is None


def test_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"pretrained_from is 'final_ndive_only', .*: train it first"):
        load_pretrained(CONFIG, tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"activation": "perfect"}, "a NDIVE with activation perfect: takes an NDIVE whose weights"),
        ({"model": "FTAG", "vertexer": "none"}, "FTAG with activation sigmoid: takes an NDIVE"),
        ({"layers": 1}, "num_attention_layers is 0, takes the 1 of pretrained_from"),
        ({"heads": 2}, "num_attention_heads is 1, takes the 2"),
    ],
)
def test_one_of_another_shape(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    saved(tmp_path, **changes)
    with pytest.raises(ConfigError, match=said):
        load_pretrained(CONFIG, tmp_path)
