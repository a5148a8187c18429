"""Reading the next piece while this one is used."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Place = TypeVar("Place")
Piece = TypeVar("Piece")


def read_ahead(read: Callable[[Place], Piece], places: Iterable[Place]) -> Iterator[Piece]:
    """What `read` gives for each place, the next one read by a thread while this one is used."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        ahead = None
        for place in places:
            coming = thread.submit(read, place)
            if ahead is not None:
                yield ahead.result()
            ahead = coming
        if ahead is not None:
            yield ahead.result()
