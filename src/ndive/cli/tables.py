"""Tables of the evaluation on a terminal."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rich import box
from rich.table import Table as Printed

from ndive.cli.console import table_console
from ndive.evaluation import Table

PADDING = 2
"""Blanks beside each column."""


def print_tables(tables: Iterable[Table]) -> None:
    """Print the tables that have rows, each with its note; one too wide for the terminal in several parts."""
    terminal = table_console()
    for table in tables:
        if table.rows:
            for part in fitting(table, terminal.width):
                terminal.print(_printed(part))


def fitting(table: Table, width: int) -> Iterator[Table]:
    """The table in parts of at most `width` characters, each with the labels of the rows; the note is last.

    A part has a column beside the labels at least.
    """
    widths = [
        PADDING + max(map(len, (head, *(row[number] for row in table.rows))))
        for number, head in enumerate(table.columns)
    ]
    labels = list(range(table.labels))
    room = width - PADDING - sum(widths[: table.labels])
    parts: list[list[int]] = [[]]
    for number in range(table.labels, len(widths)):
        if parts[-1] and sum(widths[taken] for taken in parts[-1]) + widths[number] > room:
            parts.append([])
        parts[-1].append(number)
    for place, part in enumerate(parts):
        chosen = [*labels, *part]
        yield replace(
            table,
            title=table.title if place == 0 else f"{table.title}, continued",
            columns=tuple(table.columns[number] for number in chosen),
            rows=tuple(tuple(row[number] for number in chosen) for row in table.rows),
            note=table.note if place == len(parts) - 1 else "",
        )


def _printed(table: Table) -> Printed:
    printed = Printed(
        title=table.title,
        caption=table.note or None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    for number, column in enumerate(table.columns):
        printed.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in table.rows:
        printed.add_row(*row)
    return printed
