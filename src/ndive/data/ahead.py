"""The next piece made while this one is used."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Place = TypeVar("Place")
Piece = TypeVar("Piece")


def one_ahead(make: Callable[[Place], Piece], places: Iterable[Place]) -> Iterator[Piece]:
    """What `make` gives for each place, the next one made by a thread while this one is used.

    The places themselves are drawn by whoever uses the pieces.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        ahead = None
        for place in places:
            coming = thread.submit(make, place)
            if ahead is not None:
                yield ahead.result()
            ahead = coming
        if ahead is not None:
            yield ahead.result()
