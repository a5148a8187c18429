"""A progress bar that counts jets."""

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ndive.cli.console import console


class RateColumn(ProgressColumn):
    """Jets a second."""

    def render(self, task: Task) -> Text:
        """The rate of a task, nothing before it is known."""
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:.0f} jets/s")


def jets_progress() -> Progress:
    """A bar on stderr with jets done, jets/s and time left; silent where stderr is no terminal."""
    terminal = console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} jets"),
        RateColumn(),
        TimeRemainingColumn(),
        console=terminal,
        disable=not terminal.is_terminal,
    )
