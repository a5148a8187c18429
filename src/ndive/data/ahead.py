"""The next piece made while this one is used."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from sys import is_finalizing
from typing import TypeVar

Place = TypeVar("Place")
Piece = TypeVar("Piece")

THREADS = 4
"""Pieces that are made at a time, by all that call `one_ahead`."""


def one_ahead(make: Callable[[Place], Piece], places: Iterable[Place]) -> Iterator[Piece]:
    """What `make` gives for each place, the next one made by a thread while this one is used.

    The places themselves are drawn by whoever uses the pieces. `make` must not wait for another `one_ahead`:
    all share a few threads.
    """
    coming: list[Future[Piece]] = []
    try:
        for place in places:
            coming.append(_threads(os.getpid()).submit(make, place))
            if len(coming) > 1:
                yield coming.pop(0).result()
        for last in coming:
            yield last.result()
    finally:
        # Where the interpreter ends, the threads have, and what waits may be gone.
        if not is_finalizing():
            wait(coming)


@lru_cache(maxsize=1)
def _threads(process: int) -> ThreadPoolExecutor:
    """The threads of a process, kept: new ones each time would leave free memory behind that is in pieces."""
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix=f"ndive-ahead-{process}")
