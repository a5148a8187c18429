"""What a training run is: one frozen set of choices, without paths and without a seed."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from ndive.errors import ConfigError
from ndive.models import ModelConfig
from ndive.models.config import MODELS, VERTEXERS
from ndive.models.encoder import WIDTH
from ndive.models.weights import ACTIVATIONS, LEARNED
from ndive.training.fields import NAME, check_field, option

NAMELESS = "none"
HEADS = tuple(heads for heads in range(1, WIDTH + 1) if WIDTH % heads == 0)
FIT_LOSSES = ("vertex_loss", "chi_squared_loss", "track_weight_loss")
TAG_LOSSES = ("jet_flavor_loss", "track_origin_loss", "track_pairing_loss")
VERTEX_LOSS_KINDS = ("use_mse_loss", "normalize_vertex_loss")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The choices of one training run; the names and defaults of the published trainer, and class weights.

    What each field means is in `ndive configs none`. Where the samples are and where the model goes are no
    part of it. `num_epochs` is always the limit, also with early stopping (the published presets with early
    stopping run up to 1000 epochs).

    **Raises:** `ConfigError` where a field has a value that is not allowed or contradicts another.
    """

    config_name: str = option(NAMELESS, "name of the model's directory; none: a hash of the settings")
    model_name: str = option("NDIVE", "NDIVE (a vertex a jet) or FTAG (a tagger)", choices=MODELS)
    num_epochs: int = option(300, "most passes over the training jets")
    batch_size: int = option(100, "jets a step")
    learning_rate: float = option(1e-5, "learning rate of the optimiser, no unit")
    vertexer: str = option(
        "ndive", "where FTAG has its vertex from: ndive, none, true_vertex", choices=VERTEXERS
    )
    track_weight_activation: str = option(
        "sigmoid",
        "a track's weight from the network: sigmoid, softmax; without it: perfect (the truth), none (1)",
        choices=ACTIVATIONS,
    )
    num_attention_layers: int = option(1, "attention blocks of each encoder", least=0)
    num_attention_heads: int = option(1, "heads of the attention, a divisor of 32", choices=HEADS)
    use_ghost_track: bool = option(True, "add the jet axis to the fit; no meaning without a vertexer")
    clip_vertex: bool = option(False, "keep the vertex within ±4000 mm; no meaning without a vertexer")
    use_propagated_errors: bool = option(
        False,
        "give FTAG the errors and significances of propagated tracks about the vertex, not those about the "
        "origin; no meaning without a vertexer",
    )
    use_one_hot_encoding: bool = option(False, "give FTAG the rank of each track in pT")
    pretrained_NDIVE: bool = option(False, "start the vertexer of FTAG from a trained NDIVE")  # noqa: N815
    pretrained_from: str = option(
        "final_ndive_only",
        "the trained NDIVE that pretrained_NDIVE starts from: a name beside the model, or NAME/model_2",
        pattern=rf"{NAME}(/model_\d+)?",
    )
    jet_flavor_loss: bool = option(True, "train on the jet's flavour")
    track_origin_loss: bool = option(True, "train on the origin of each track")
    track_pairing_loss: bool = option(True, "train on which tracks share a vertex")
    vertex_loss: bool = option(True, "train on the distance to the true vertex")
    chi_squared_loss: bool = option(False, "train on the chi2 of the fit")
    track_weight_loss: bool = option(False, "train the track weights on the tracks of the true vertex")
    use_mse_loss: bool = option(
        False, "vertex loss: the mean Euclidean distance, not the mean absolute error in x, y, z"
    )
    normalize_vertex_loss: bool = option(False, "vertex loss: divide by the decay length, 1 mm at least")
    balance_classes: bool = option(
        False, "weigh the jets in the flavour loss so that b, c and light jets of the sample count alike"
    )
    class_weight_b: float = option(1.0, "weight of a b jet in the flavour loss")
    class_weight_c: float = option(1.0, "weight of a c jet in the flavour loss")
    class_weight_light: float = option(1.0, "weight of a light jet in the flavour loss")
    use_adam: bool = option(False, "Adam, not NovoGrad")
    use_cosine_decay_schedule: bool = option(
        False, "let the rate fall to zero along a cosine over all epochs"
    )
    use_learning_rate_decay_when_stalled: bool = option(
        False, "divide the rate by 10 after 5 epochs without a better validation total"
    )
    use_early_stopping: bool = option(
        False, "stop at the 21st epoch in a row whose validation total is not better by 1e-6"
    )

    def __post_init__(self) -> None:
        """Check every field, then what they say together."""
        for field in fields(self):
            value = getattr(self, field.name)
            check_field(field, value)
            if isinstance(field.default, float):
                object.__setattr__(self, field.name, float(value))
        for trouble in _contradictions(self):
            raise ConfigError(f"configuration: {trouble}")

    @property
    def name(self) -> str:
        """Its name, or the first 6 hex digits of the hash of its settings."""
        if self.config_name != NAMELESS:
            return self.config_name
        return settings_hash(self)[:6]

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
            propagated_errors=self.use_propagated_errors,
            one_hot=self.use_one_hot_encoding,
        )

    @property
    def has_fit(self) -> bool:
        """Whether the model fits a vertex."""
        return self.model_name == "NDIVE" or self.vertexer == "ndive"

    @property
    def class_weights(self) -> tuple[float, float, float]:
        """The weights of b, c and light jets in the flavour loss."""
        return self.class_weight_b, self.class_weight_c, self.class_weight_light


def differences(config: TrainConfig, base: TrainConfig | None = None) -> dict[str, Any]:
    """The fields of `config` that are not those of `base` (the defaults), but for the name."""
    there = asdict(base or TrainConfig())
    return {
        name: value
        for name, value in asdict(config).items()
        if name != "config_name" and value != there[name]
    }


def settings_hash(config: TrainConfig) -> str:
    """The SHA-256 of the settings that are not the default, in hex digits.

    The name does not count, nor does the number of epochs, so that a run may go on for longer; with the
    cosine decay, which depends on it, it does.
    """
    settings = differences(config)
    if not config.use_cosine_decay_schedule:
        settings.pop("num_epochs", None)
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _contradictions(config: TrainConfig) -> Iterator[str]:
    """What the fields say against each other, one clause each."""
    if config.use_cosine_decay_schedule and config.use_learning_rate_decay_when_stalled:
        yield "use_cosine_decay_schedule is true with use_learning_rate_decay_when_stalled, takes one of them"
    yield from _of_the_vertexer(config)
    yield from _of_the_pretrained(config)
    yield from _of_the_class_weights(config)
    losses = (*(TAG_LOSSES if config.model_name == "FTAG" else ()), *(FIT_LOSSES if config.has_fit else ()))
    if not any(getattr(config, name) for name in losses):
        yield f"{', '.join(losses)} are all false, takes at least one that is true"


def _of_the_vertexer(config: TrainConfig) -> Iterator[str]:
    if config.model_name == "NDIVE":
        if config.vertexer != "ndive":
            yield f"vertexer is {config.vertexer!r} with model_name NDIVE, takes ndive, or model_name FTAG"
        for name in ("use_one_hot_encoding", "use_propagated_errors"):
            if getattr(config, name):
                yield f"{name} is true with model_name NDIVE, takes false, or model_name FTAG"
    allowed = ("vertex_loss", *VERTEX_LOSS_KINDS) if config.vertexer == "true_vertex" else ()
    for name in (*FIT_LOSSES, *VERTEX_LOSS_KINDS):
        if getattr(config, name) and not config.has_fit and name not in allowed:
            yield (
                f"{name} is true with vertexer {config.vertexer!r}, which fits no vertex: "
                f"takes false, or vertexer 'ndive'"
            )


def _of_the_pretrained(config: TrainConfig) -> Iterator[str]:
    if not config.pretrained_NDIVE:
        return
    for name, needed in (
        ("model_name", ("FTAG",)),
        ("vertexer", ("ndive",)),
        ("track_weight_activation", LEARNED),
    ):
        found = getattr(config, name)
        if found not in needed:
            yield f"pretrained_NDIVE is true with {name} {found!r}, takes {' or '.join(needed)}"


def _of_the_class_weights(config: TrainConfig) -> Iterator[str]:
    names = ("class_weight_b", "class_weight_c", "class_weight_light")
    weighted = [f"{name} is {getattr(config, name)}" for name in names if getattr(config, name) != 1]
    if config.balance_classes and weighted:
        yield f"{weighted[0]} with balance_classes, takes 1: the weights are those of the sample"
    chosen = ["balance_classes is true"] if config.balance_classes else weighted
    if chosen and not (config.model_name == "FTAG" and config.jet_flavor_loss):
        yield f"{chosen[0]} without a flavour loss, takes model_name FTAG with jet_flavor_loss"
