"""A tagger whose vertexer starts from a trained NDIVE."""

from pathlib import Path

import equinox as eqx

from ndive.errors import CheckpointError, ConfigError
from ndive.models import NDIVE, Model, Tagger, load_model
from ndive.models.weights import LEARNED
from ndive.training.checkpoints import BEST
from ndive.training.config import TrainConfig
from ndive.training.directories import model_directory


def load_pretrained(config: TrainConfig, models: str | Path | None = None) -> NDIVE | None:
    """The trained NDIVE that `config` starts from, the best of its run; None where it starts from none.

    **Raises:** `CheckpointError` where there is none under `models`, or its file is damaged; `ConfigError`
    where it is no NDIVE with a network of this shape.
    """
    if not config.pretrained_NDIVE:
        return None
    name = config.pretrained_from
    path = model_directory(name, models) / BEST
    if not path.is_file():
        raise CheckpointError(
            f"pretrained_from is '{name}', but there is no '{path}': train it first, "
            f"or name another trained NDIVE"
        )
    model, made = load_model(path)
    if not isinstance(model, NDIVE) or made.activation not in LEARNED:
        found = f"{made.model} with activation {made.activation}"
        raise ConfigError(f"pretrained_from is '{name}', a {found}: takes an NDIVE whose weights are learned")
    for field, there, here in (
        ("num_attention_layers", made.layers, config.num_attention_layers),
        ("num_attention_heads", made.heads, config.num_attention_heads),
    ):
        if there != here:
            raise ConfigError(
                f"configuration: {field} is {here}, takes the {there} of pretrained_from '{name}'"
            )
    return model


def with_pretrained(model: Model, pretrained: NDIVE | None) -> Model:
    """A tagger whose vertexer has the network and the normalisation of `pretrained`, if there is one."""
    if pretrained is None or not isinstance(model, Tagger) or model.vertexer is None:
        return model
    return eqx.tree_at(
        lambda tagger: (tagger.vertexer.weigher, tagger.vertexer.normalisation),
        model,
        (pretrained.weigher, pretrained.normalisation),
    )
