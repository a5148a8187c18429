"""The configuration: its defaults are the published ones, and wrong ones are named."""

import re
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from ndive.errors import ConfigError
from ndive.models import ModelConfig
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
    "config_name": None,
}
ON = {"jet_flavor_loss", "track_origin_loss", "track_pairing_loss", "vertex_loss", "use_ghost_track"}
OFF = {
    "pretrained_NDIVE",
    "use_mse_loss",
    "normalize_vertex_loss",
    "chi_squared_loss",
    "track_weight_loss",
    "clip_vertex",
    "use_one_hot_encoding",
    "use_early_stopping",
    "use_adam",
    "use_cosine_decay_schedule",
    "use_learning_rate_decay_when_stalled",
}


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
        ("pretrained_NDIVE", True, "false"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_takes(field: str, value: object, takes: str) -> None:
    with pytest.raises(ConfigError, match=rf"{field} is .*takes") as caught:
        TrainConfig(**{field: value})
    assert takes in str(caught.value)
    assert repr(value) in str(caught.value) or str(value) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "of_the_model"),
    [
        ("model_name", "GN2", "model"),
        ("vertexer", "avr", "vertexer"),
        ("track_weight_activation", "relu", "activation"),
        ("num_attention_layers", -1, "layers"),
        ("num_attention_heads", 5, "heads"),
    ],
)
def test_the_fields_of_the_model_are_checked_by_its_configuration(
    field: str, value: object, of_the_model: str
) -> None:
    with pytest.raises(ConfigError) as expected:
        ModelConfig(**{of_the_model: value})
    with pytest.raises(ConfigError, match=re.escape(str(expected.value))):
        TrainConfig(**{field: value})


def test_a_model_without_attention_is_allowed() -> None:
    assert TrainConfig(num_attention_layers=0).model.layers == 0


@pytest.mark.parametrize(
    ("field", "value", "takes"),
    [
        ("learning_rate", "fast", "a number"),
        ("batch_size", 10.5, "a number"),
        ("num_epochs", True, "a number"),
        ("use_adam", "False", "true or false"),
        ("model_name", 3, "text"),
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
    base = {"model_name": "FTAG", "vertexer": "none", "vertex_loss": False}
    with pytest.raises(ConfigError, match=rf"{loss} is true with vertexer 'none'"):
        TrainConfig(**(base | {loss: True}))


def test_two_schedules_contradict() -> None:
    with pytest.raises(ConfigError, match="takes one of the two"):
        TrainConfig(use_cosine_decay_schedule=True, use_learning_rate_decay_when_stalled=True)


def test_name_is_given_or_a_hash_of_the_settings() -> None:
    config = TrainConfig()
    assert replace(config, config_name="mine").name == "mine"
    assert len(config.name) == 6
    assert config.name == TrainConfig().name != TrainConfig(batch_size=99).name


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        TrainConfig().batch_size = 5  # type: ignore[misc]
