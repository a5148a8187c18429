"""How a training run looks while it goes on: two bars, all losses and accuracies, a line for each epoch."""

import time
from math import isnan

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from ndive.cli.console import console
from ndive.cli.progress import RateColumn
from ndive.training import ACCURACY_NAMES, Notice
from ndive.training import Progress as TrainingProgress


class TrainingDisplay:
    """Call it with what `ndive.train` reports; use it as a context.

    On a terminal it draws the epoch's jets, jets/s, the time left of the whole run, every loss and accuracy;
    elsewhere it prints a line for each epoch. All goes to stderr.
    """

    def __init__(self, name: str) -> None:
        """A display for the configuration called `name`."""
        self.console = console(stderr=True)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} jets"),
            RateColumn(),
            TimeRemainingColumn(),
        )
        self.losses = Text()
        self.live = Live(Group(self.bars, self.losses), console=self.console, transient=True)
        self.run = self.bars.add_task(name, total=None)
        self.epoch = self.bars.add_task("", total=None, visible=False)
        self.started = time.monotonic()

    def __enter__(self) -> "TrainingDisplay":
        """Begin to draw, where there is a terminal."""
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the terminal clean."""
        self.live.stop()

    def __call__(self, event: TrainingProgress | Notice) -> None:
        """Draw one event."""
        if isinstance(event, Notice):
            self.console.print(event.text)
            return
        if event.val is not None:
            self._finish_epoch(event, event.val)
        done = event.jets if event.val is None else 0
        number = event.epoch if event.val is None else event.epoch + 1
        before = (number - 1) * event.n_jets
        self.bars.update(self.run, total=event.epochs * event.n_jets, completed=before + done)
        self.bars.update(
            self.epoch, description=f"epoch {number}", total=event.n_jets, completed=done, visible=True
        )
        self.losses.plain = f"train: {_text(event.train)}"

    def _finish_epoch(self, event: TrainingProgress, val: dict[str, float]) -> None:
        """The line of an epoch."""
        now = time.monotonic()
        rate, self.started = event.n_jets / (now - self.started), now
        best = "  best" if event.is_best else ""
        self.console.print(
            f"epoch {event.epoch:4}/{event.epochs}  train {event.train['total']:.4f}  val: {_text(val)}  "
            f"{rate:.0f} jets/s{best}"
        )


def _text(means: dict[str, float]) -> str:
    """Every loss and accuracy that the model has."""
    had = {name: value for name, value in means.items() if not isnan(value)}
    losses = [f"{name} {value:.4f}" for name, value in had.items() if name not in ACCURACY_NAMES]
    right = [f"{name.removesuffix('_accuracy')} {had[name]:.1%}" for name in ACCURACY_NAMES if name in had]
    return "  ".join([*losses, *(["right:", *right] if right else [])])
