"""Tables of the evaluation on a terminal."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table as Printed

from ndive.evaluation import Table

PIPED_WIDTH = 160
"""Columns of a line where the output is no terminal."""


def print_tables(tables: Iterable[Table], console: Console) -> None:
    """Print the tables that have rows, each with its note."""
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    for table in tables:
        if not table.rows:
            continue
        printed = Printed(
            title=table.title,
            caption=table.note,
            box=box.SIMPLE_HEAD,
            title_justify="left",
            caption_justify="left",
        )
        for number, column in enumerate(table.columns):
            printed.add_column(column, justify="right" if number else "left")
        for row in table.rows:
            printed.add_row(*row)
        console.print(printed)
