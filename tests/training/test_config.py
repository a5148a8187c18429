"""The configuration: its defaults are the published ones, and wrong ones are named."""

import hashlib
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

from ndive.errors import ConfigError
from ndive.training import TrainConfig

DEFAULTS = {
    "model_name": "NDIVE",
    "num_epochs": 300,
    "batch_size": 100,
    "learning_rate": 1e-5,
    "track_weight_activation": "sigmoid",
    "num_attention_layers": 1,
    "num_attention_heads": 1,
    "vertexer": "ndive",
    "config_name": "none",
    "pretrained_from": "final_ndive_only",
    "class_weight_b": 1.0,
    "class_weight_c": 1.0,
    "class_weight_light": 1.0,
}
ON = {"jet_flavor_loss", "track_origin_loss", "track_pairing_loss", "vertex_loss", "use_ghost_track"}
OFF = {
    "balance_classes",
    "pretrained_NDIVE",
    "use_mse_loss",
    "normalize_vertex_loss",
    "chi_squared_loss",
    "track_weight_loss",
    "clip_vertex",
    "use_one_hot_encoding",
    "use_propagated_errors",
    "use_early_stopping",
    "use_adam",
    "use_cosine_decay_schedule",
    "use_learning_rate_decay_when_stalled",
}

TAGGING = ("jet_flavor_loss", "track_origin_loss", "track_pairing_loss")
BASE: dict[str, Any] = {"model_name": "FTAG", "vertexer": "none", "vertex_loss": False}
OTHERS = {"batch_size": 99, "use_adam": True, "use_ghost_track": False, "learning_rate": 1}


def test_defaults_are_the_published_ones() -> None:
    found = {field.name: field.default for field in fields(TrainConfig)}
    assert found == DEFAULTS | dict.fromkeys(ON, True) | dict.fromkeys(OFF, False)


@pytest.mark.parametrize(
    ("field", "value", "takes"),
    [
        ("learning_rate", -1.0, "a positive number"),
        ("learning_rate", float("nan"), "a positive number"),
        ("batch_size", 0, "1 or more"),
        ("config_name", "../elsewhere", "letters"),
        ("pretrained_from", "a/b", "a name"),
        ("class_weight_c", 0.0, "a positive number"),
        ("model_name", "GN2", "one of NDIVE, FTAG"),
        ("vertexer", "NDIVE", "one of ndive, none, true_vertex"),
        ("track_weight_activation", "relu", "one of sigmoid, softmax, perfect, none"),
        ("num_attention_layers", -1, "0 or more"),
        ("num_attention_heads", 5, "one of 1, 2, 4, 8, 16, 32"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_takes(field: str, value: object, takes: str) -> None:
    with pytest.raises(ConfigError, match=rf"{field} is .*takes") as caught:
        TrainConfig(**{field: value})
    assert takes in str(caught.value)
    assert repr(value) in str(caught.value) or str(value) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_without_attention_is_allowed() -> None:
    assert TrainConfig(num_attention_layers=0).model.layers == 0


@pytest.mark.parametrize(
    ("field", "value", "takes"),
    [
        ("learning_rate", "fast", "a positive number"),
        ("batch_size", 10.5, "a whole number"),
        ("num_epochs", True, "a whole number"),
        ("use_adam", "False", "true or false"),
        ("model_name", 3, "one of NDIVE, FTAG"),
    ],
)
def test_a_wrong_type_is_named(field: str, value: object, takes: str) -> None:
    """As without the type checks of these tests, which would stop it at the door."""
    config = TrainConfig()
    object.__setattr__(config, field, value)
    with pytest.raises(ConfigError, match=f"{field} is {value!r}, takes {takes}"):
        config.__post_init__()


@pytest.mark.parametrize("loss", ["vertex_loss", "chi_squared_loss", "track_weight_loss"])
def test_a_loss_of_the_fit_needs_a_fit(loss: str) -> None:
    with pytest.raises(ConfigError, match=rf"{loss} is true with vertexer 'none'"):
        TrainConfig(**(BASE | {loss: True}))


def test_two_schedules_contradict() -> None:
    with pytest.raises(ConfigError, match="takes one of them"):
        TrainConfig(use_cosine_decay_schedule=True, use_learning_rate_decay_when_stalled=True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"vertexer": "none"}, "vertexer is 'none' with model_name NDIVE, takes ndive"),
        ({"use_one_hot_encoding": True}, "use_one_hot_encoding is true with model_name NDIVE, takes false"),
        ({"use_propagated_errors": True}, "use_propagated_errors is true with model_name NDIVE, takes false"),
        ({"pretrained_NDIVE": True}, "pretrained_NDIVE is true with model_name 'NDIVE', takes FTAG"),
        ({"vertex_loss": False}, "vertex_loss, chi_squared_loss, track_weight_loss are all false"),
        ({"class_weight_b": 2.0}, "class_weight_b is 2.0 without a flavour loss"),
        (BASE | dict.fromkeys(TAGGING, False), "track_pairing_loss are all false, takes at least one"),
        (BASE | {"use_mse_loss": True}, "use_mse_loss is true with vertexer 'none'"),
        (BASE | {"pretrained_NDIVE": True}, "pretrained_NDIVE is true with vertexer 'none', takes ndive"),
        (
            {"model_name": "FTAG", "pretrained_NDIVE": True, "track_weight_activation": "perfect"},
            "with track_weight_activation 'perfect', takes sigmoid or softmax",
        ),
        (
            BASE | {"balance_classes": True, "class_weight_c": 3.0},
            "class_weight_c is 3.0 with balance_classes",
        ),
        (
            BASE | {"balance_classes": True, "jet_flavor_loss": False},
            "balance_classes is true without a flav",
        ),
    ],
)
def test_contradictions(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        TrainConfig(**fields)


def test_a_ghost_and_a_clip_without_a_vertexer_are_ignored() -> None:
    assert not TrainConfig(**BASE, use_ghost_track=True, clip_vertex=True).has_fit


def test_name_is_given_or_a_hash_of_the_settings() -> None:
    config = TrainConfig()
    assert replace(config, config_name="mine").name == "mine"
    assert config.name == hashlib.sha256(b"{}").hexdigest()[:6] == "44136f"
    assert replace(config, learning_rate=1).name == replace(config, learning_rate=1.0).name
    names = {replace(config, **{field: value}).name for field, value in OTHERS.items()}
    assert len(names | {config.name}) == len(OTHERS) + 1


def test_a_nameless_run_may_go_on_for_longer_but_not_along_another_cosine() -> None:
    assert replace(TrainConfig(), num_epochs=301).name == TrainConfig().name
    cosine = TrainConfig(use_cosine_decay_schedule=True)
    assert replace(cosine, num_epochs=301).name != cosine.name


@pytest.mark.parametrize("salt", ["0", "1"])
def test_the_hash_is_that_of_other_processes(salt: str) -> None:
    """SHA-256 of {"batch_size": 64, "learning_rate": 0.001, "use_adam": true}, by hand."""
    code = (
        "from ndive.training.config import TrainConfig\n"
        "print(TrainConfig(use_adam=True, batch_size=64, learning_rate=1e-3).name)"
    )
    settings = {"PYTHONHASHSEED": salt, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | settings
    )
    text = b'{"batch_size": 64, "learning_rate": 0.001, "use_adam": true}'
    assert done.stdout.strip() == hashlib.sha256(text).hexdigest()[:6] == "8236cd"


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        TrainConfig().batch_size = 5  # type: ignore[misc]
