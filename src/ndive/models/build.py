"""A model from its configuration; its trained arrays apart from those that stay."""

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray, PyTree

from ndive.models.config import ModelConfig
from ndive.models.ndive import NDIVE
from ndive.models.normalisation import Normalisation
from ndive.models.tagger import Tagger

Model = NDIVE | Tagger


def build_model(config: ModelConfig, normalisation: Normalisation, *, key: PRNGKeyArray) -> Model:
    """The model that `config` names, with fresh parameters from `key`."""
    return (NDIVE if config.model == "NDIVE" else Tagger)(config, normalisation, key=key)


def split_trainable(model: Model) -> tuple[Model, Model]:
    """The model's parameters, and the rest with the normalisation; `equinox.combine` puts them together."""

    def trained(node: PyTree) -> PyTree:
        return False if isinstance(node, Normalisation) else eqx.is_inexact_array(node)

    chosen = jax.tree.map(trained, model, is_leaf=lambda node: isinstance(node, Normalisation))
    return eqx.partition(model, chosen)


def parameter_count(model: Model) -> int:
    """How many numbers are trained."""
    parameters, _ = split_trainable(model)
    return sum(array.size for array in jax.tree.leaves(parameters))
