"""Where the verbs print: text as it is, paths too."""

from rich.console import Console

PIPED_WIDTH = 160
"""Columns of a line where tables do not go to a terminal."""


def console(*, stderr: bool = False) -> Console:
    """Stdout for results, stderr for what is said about them in lines that are not folded.

    Nothing in a text is markup, an emoji code or highlighted.
    """
    return Console(stderr=stderr, soft_wrap=stderr, markup=False, emoji=False, highlight=False)


def table_console() -> Console:
    """Stdout for tables: as wide as the terminal, or `PIPED_WIDTH` columns where there is none."""
    made = console()
    if not made.is_terminal:
        made.width = PIPED_WIDTH
    return made
