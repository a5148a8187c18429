"""`ndive configs`: the named configurations, and one of them whole."""

import json as encoder
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from cyclopts import Parameter
from rich import box
from rich.console import RenderableType
from rich.table import Table

from ndive.cli.console import console, line_console
from ndive.training import GROUPS, preset, read_config
from ndive.training.config import differences
from ndive.training.presets import BASE
from ndive.training.reading import to_yaml


def configs(name: str | None = None, /, *, json: Annotated[bool, Parameter(negative=())] = False) -> None:
    """List the named configurations in groups with what differs from the default, or print one whole.

    What is printed of one is YAML with every field and its meaning: 'ndive configs NAME > mine.yaml', change
    it and train it with 'ndive train -t mine.yaml'.

    Parameters
    ----------
    name
        A named configuration, FILE.yaml or FILE.py:NAME; 'none' for the defaults.
    json
        Print JSON: of one its fields, of all their group and what differs from the default.
    """
    if name is not None:
        config = read_config(name)
        console().print(_encoded(asdict(config)) if json else to_yaml(config).rstrip(), soft_wrap=True)
    elif json:
        listed = {
            one: {"group": title, "differs": differences(preset(one))}
            for title, rows in GROUPS.items()
            for one in rows
        }
        console().print(_encoded(listed), soft_wrap=True)
    else:
        _print_list()


def _print_list() -> None:
    """Tables on a terminal; elsewhere a line for each configuration, however long it is."""
    on_terminal = console().is_terminal
    terminal, printed = (console(), _table) if on_terminal else (line_console(), _lines)
    common = _told(differences(BASE))
    terminal.print(f"All have {common}, where nothing else is said. The defaults: ndive configs none")
    for title, rows in GROUPS.items():
        terminal.print(printed(title, {name: _told(differences(preset(name), BASE)) for name in rows}))


def _table(title: str, rows: Mapping[str, str]) -> RenderableType:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("configuration", no_wrap=True)
    table.add_column("what differs from the default")
    for name, own in rows.items():
        table.add_row(name, own)
    return table


def _lines(title: str, rows: Mapping[str, str]) -> RenderableType:
    width = max(map(len, rows))
    return "\n".join(["", title, *(f"  {name:{width}}  {own}" for name, own in rows.items())])


def _told(fields: Mapping[str, Any]) -> str:
    """The fields as a user would write them in a line."""
    words = {True: "on", False: "off"}
    return ", ".join(
        f"{name} {words[value] if isinstance(value, bool) else value}" for name, value in fields.items()
    )


def _encoded(values: Mapping[str, Any]) -> str:
    return encoder.dumps(values, indent=2)
