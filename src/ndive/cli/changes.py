"""Every field of a configuration as an option of the command line."""

from dataclasses import Field, field, fields, make_dataclass
from typing import Annotated, Any

from cyclopts import Group, Parameter

from ndive.training import TrainConfig

GROUP = Group(
    "Configuration", help="What is given replaces what -t says; defaults are those without -t.", sort_key=10
)

PUBLISHED = {
    "model_name": ["--model", "-m"],
    "num_epochs": ["--epochs", "-e"],
    "batch_size": ["-b"],
    "learning_rate": ["-l"],
    "pretrained_NDIVE": ["-p"],
}
"""Names of the published command line beside those of the fields."""


def _as_option(one: Field[Any]) -> tuple[str, Any, Any]:
    names = [*PUBLISHED.get(one.name, ()), f"--{one.name}"]
    default = str(one.default).lower() if isinstance(one.default, bool) else one.default
    text = f"{one.metadata['help']} [default: {default}]"
    kind: Any = type(one.default)
    annotation = Annotated[kind | None, Parameter(name=names, group=GROUP)]
    return one.name, annotation, field(default=None, metadata={"help": text[0].upper() + text[1:]})


Changes = make_dataclass("Changes", map(_as_option, fields(TrainConfig)), kw_only=True, frozen=True)
"""The fields of `TrainConfig`, each None where it is not given."""
Changes.__module__ = __name__


def changed(changes: object) -> dict[str, Any]:
    """The fields that are given."""
    return {name: value for name, value in vars(changes).items() if value is not None}
