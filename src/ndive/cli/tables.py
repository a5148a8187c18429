"""Tables of the evaluation on a terminal."""

from collections.abc import Iterable

from rich import box
from rich.table import Table as Printed

from ndive.cli.console import table_console
from ndive.evaluation import Table


def print_tables(tables: Iterable[Table]) -> None:
    """Print the tables that have rows, each with its note."""
    terminal = table_console()
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
        terminal.print(printed)
