"""What a training run is: one frozen set of choices, without paths and without a seed."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields

from ndive.errors import ConfigError
from ndive.models import ModelConfig


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The choices of one training run; names and defaults are those of the published trainer.

    Where the samples are and where the model goes are no part of it. `num_epochs` is always the limit, also
    with early stopping (the published presets with early stopping run up to 1000 epochs). `use_mse_loss` is
    the published name for the Euclidean distance in place of the mean absolute error.

    **Raises:** `ConfigError` where a field has a value that is not allowed or contradicts another.
    """

    config_name: str | None = None
    model_name: str = "NDIVE"
    num_epochs: int = 300
    batch_size: int = 100
    learning_rate: float = 1e-5
    vertexer: str = "ndive"
    track_weight_activation: str = "sigmoid"
    num_attention_layers: int = 1
    num_attention_heads: int = 1
    use_ghost_track: bool = True
    clip_vertex: bool = False
    use_one_hot_encoding: bool = False
    pretrained_NDIVE: bool = False  # noqa: N815 (the published name)
    jet_flavor_loss: bool = True
    track_origin_loss: bool = True
    track_pairing_loss: bool = True
    vertex_loss: bool = True
    chi_squared_loss: bool = False
    track_weight_loss: bool = False
    use_mse_loss: bool = False
    normalize_vertex_loss: bool = False
    use_adam: bool = False
    use_cosine_decay_schedule: bool = False
    use_learning_rate_decay_when_stalled: bool = False
    use_early_stopping: bool = False

    def __post_init__(self) -> None:
        """Check every field, those of the model by making its configuration, then what they say together."""
        _check_types(self)
        _check_values(self)
        _ = self.model
        _check_together(self)

    @property
    def name(self) -> str:
        """Its name, or the first 6 hex digits of the SHA-256 of its settings."""
        if self.config_name is not None:
            return self.config_name
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:6]

    @property
    def model(self) -> ModelConfig:
        """The part that fixes the shape of the model."""
        return ModelConfig(
            model=self.model_name,
            vertexer=self.vertexer,
            activation=self.track_weight_activation,
            layers=self.num_attention_layers,
            heads=self.num_attention_heads,
            ghost=self.use_ghost_track,
            clip=self.clip_vertex,
            one_hot=self.use_one_hot_encoding,
        )

    @property
    def has_fit(self) -> bool:
        """Whether the model fits a vertex."""
        return self.model_name == "NDIVE" or self.vertexer == "ndive"


def _check_types(config: TrainConfig) -> None:
    for field in fields(config):
        value = getattr(config, field.name)
        kind = type(field.default)
        if field.name == "config_name":
            wrong = not isinstance(value, str | None)
        elif kind is float:
            wrong = isinstance(value, bool) or not isinstance(value, int | float)
        else:
            wrong = type(value) is not kind
        if wrong:
            takes = "text" if kind in (str, type(None)) else "true or false" if kind is bool else "a number"
            raise ConfigError(f"configuration: {field.name} is {value!r}, takes {takes}")


def _check_values(config: TrainConfig) -> None:
    for name in ("num_epochs", "batch_size"):
        if getattr(config, name) < 1:
            raise ConfigError(f"configuration: {name} is {getattr(config, name)}, takes 1 or more")
    if not 0 < config.learning_rate < float("inf"):
        raise ConfigError(f"configuration: learning_rate is {config.learning_rate}, takes a positive number")
    if config.config_name is not None and not re.fullmatch(r"\w[\w.+-]*", config.config_name):
        raise ConfigError(
            f"configuration: config_name is {config.config_name!r}, takes letters, digits and . _ + -"
        )


def _check_together(config: TrainConfig) -> None:
    if config.pretrained_NDIVE:
        raise ConfigError("configuration: pretrained_NDIVE is True, takes false in this version")
    if config.use_cosine_decay_schedule and config.use_learning_rate_decay_when_stalled:
        raise ConfigError(
            "configuration: use_cosine_decay_schedule is true with use_learning_rate_decay_when_stalled, "
            "takes one of the two"
        )
    if config.has_fit:
        return
    for name in ("vertex_loss", "chi_squared_loss", "track_weight_loss"):
        if getattr(config, name) and not (name == "vertex_loss" and config.vertexer == "true_vertex"):
            raise ConfigError(
                f"configuration: {name} is true with vertexer {config.vertexer!r}, which fits no vertex: "
                f"takes false, or vertexer 'ndive'"
            )
