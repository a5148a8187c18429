"""The fields of a configuration: each with its default, what it means and what it takes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import Field, field
from difflib import get_close_matches
from math import inf
from typing import Any

from ndive.errors import ConfigError

NAME = r"\w[\w.+-]*"
"""How a model may be called: its name is that of its directory."""


def option(
    default: Any,
    text: str,
    *,
    choices: Sequence[Any] = (),
    least: int = 1,
    pattern: str = NAME,
) -> Any:
    """A field of a frozen configuration, whose type is that of its `default`.

    `text` is what `--help` and the YAML say of it. `choices`, if there are any, are all that it takes; else a
    whole number takes `least` or more, a number any positive one, and text what the regular expression
    `pattern` matches.
    """
    return field(
        default=default, metadata={"help": text, "choices": choices, "least": least, "pattern": pattern}
    )


def check_field(one: Field[Any], value: object) -> None:
    """Refuse a value that a field does not take.

    **Raises:** `ConfigError` that names the field, what it got and what it takes.
    """
    if not _is_taken(one, value):
        raise ConfigError(f"configuration: {one.name} is {value!r}, takes {_takes(one)}")


def _is_taken(one: Field[Any], value: object) -> bool:
    kind, choices = type(one.default), one.metadata["choices"]
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf
    if type(value) is not kind:
        return False
    if choices:
        return value in choices
    if isinstance(value, str):
        return re.fullmatch(one.metadata["pattern"], value) is not None
    return isinstance(value, bool) or (isinstance(value, int) and value >= one.metadata["least"])


def _takes(one: Field[Any]) -> str:
    if one.metadata["choices"]:
        return f"one of {', '.join(map(str, one.metadata['choices']))}"
    words = {
        bool: "true or false",
        int: f"a whole number, {one.metadata['least']} or more",
        float: "a positive number",
        str: "a name of letters, digits and . _ + -",
    }
    return words[type(one.default)]


def nearest(name: str, known: Iterable[str]) -> str:
    """The names that are most like `name`, or the first where none is."""
    names = list(known)
    return ", ".join(get_close_matches(name, names, n=3, cutoff=0.4) or names[:6])
