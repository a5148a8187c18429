"""What a model is made of, as plain values: enough to build it again before its arrays are read."""

from dataclasses import dataclass, fields

from ndive.errors import ConfigError
from ndive.models.encoder import WIDTH
from ndive.models.weights import ACTIVATIONS

MODELS = ("NDIVE", "FTAG")
VERTEXERS = ("ndive", "none", "true_vertex")

MOST_LAYERS = 100
"""Attention blocks beyond which a model is refused: a file from a stranger could ask for any number."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The choices that fix the shape of a model.

    **Fields:**

    - `model`: NDIVE (a vertex a jet) or FTAG (a tagger).
    - `vertexer` of FTAG: ndive, none, true_vertex.
    - `activation` of the track weights: sigmoid, softmax, perfect, none.
    - `layers` and `heads` of the encoders' attention.
    - `ghost` adds the jet axis to the fit.
    - `clip` keeps the vertex within ±4000 mm.
    - `propagated_errors`: the tagger sees errors and significances of a propagated track about the vertex.
    - `one_hot` appends the rank in pT to the tagger's inputs.

    **Raises:** `ConfigError` where a field has a value that is not allowed.
    """

    model: str = "NDIVE"
    vertexer: str = "ndive"
    activation: str = "sigmoid"
    layers: int = 1
    heads: int = 1
    ghost: bool = True
    clip: bool = False
    propagated_errors: bool = False
    one_hot: bool = False

    def __post_init__(self) -> None:
        """Check every field."""
        for field, allowed in (("model", MODELS), ("vertexer", VERTEXERS), ("activation", ACTIVATIONS)):
            if getattr(self, field) not in allowed:
                found = getattr(self, field)
                raise ConfigError(f"model: {field} is {found!r}, takes one of {', '.join(allowed)}")
        for one in fields(self):
            if type(found := getattr(self, one.name)) is not type(one.default):
                raise ConfigError(f"model: {one.name} is {found!r}, takes a value like {one.default!r}")
        if not 0 <= self.layers <= MOST_LAYERS:
            raise ConfigError(f"model: layers is {self.layers}, takes 0 to {MOST_LAYERS}")
        if self.heads < 1 or WIDTH % self.heads:
            raise ConfigError(f"model: heads is {self.heads}, takes a divisor of {WIDTH}")
