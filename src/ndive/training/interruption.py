"""Ctrl-C and a scheduler's warning, put off until the step is done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and what SLURM and other schedulers send before they kill."""

Asked = Callable[[], bool]
"""Whether the run has been asked to stop."""


@contextmanager
def interrupts_put_off() -> Iterator[Asked]:
    """Within the block, the first SIGINT or SIGTERM only lets what is yielded answer True.

    The second does what it did before. Outside the main thread, which alone may handle signals, nothing
    changes.
    """
    asked = threading.Event()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()
        _set(before)

    in_charge = threading.current_thread() is threading.main_thread() and None not in before.values()
    if in_charge:
        _set(dict.fromkeys(SIGNALS, ask))
    try:
        yield asked.is_set
    finally:
        if in_charge:
            _set(before)


def _set(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
