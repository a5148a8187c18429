"""Where the verbs print: text as it is, paths too."""

import logging
from contextvars import ContextVar
from typing import Literal

from rich.console import Console

Level = Literal["error", "info", "debug"]
"""What is said on stderr: errors alone; what is done, too; what libraries say and tracebacks, too."""

_level: ContextVar[Level] = ContextVar("level", default="info")

PIPED_WIDTH = 160
"""Columns of a line where tables do not go to a terminal."""

LONGEST_LINE = 10_000
"""Columns of a line that is not to be folded."""


def say(level: Level) -> None:
    """From now on say on stderr what `level` says, and let libraries say as much."""
    _level.set(level)
    root = logging.getLogger()
    root.setLevel({"error": logging.ERROR, "info": logging.WARNING, "debug": logging.DEBUG}[level])
    if level == "debug":
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")


def said(level: Level) -> bool:
    """Whether this level was asked for."""
    return _level.get() == level


def console(*, stderr: bool = False) -> Console:
    """Stdout for results, stderr for what is said about them in lines that are not folded.

    Nothing in a text is markup, an emoji code or highlighted. Stderr is silent where errors alone are said.
    """
    made = error_console() if stderr else Console(markup=False, emoji=False, highlight=False)
    made.quiet = stderr and said("error")
    return made


def error_console() -> Console:
    """Stderr for errors, which are always said."""
    return Console(stderr=True, soft_wrap=True, markup=False, emoji=False, highlight=False)


def table_console() -> Console:
    """Stdout for tables: as wide as the terminal, or `PIPED_WIDTH` columns where there is none."""
    made = console()
    if not made.is_terminal:
        made.width = PIPED_WIDTH
    return made


def line_console() -> Console:
    """Stdout for tables of one line a row, however long it is; a terminal folds it by itself."""
    made = console()
    made.width = LONGEST_LINE
    return made
