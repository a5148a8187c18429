"""The layout of podio in a ROOT file: collections, and the ranges by which their elements own others.

The elements of a collection stand one event after another; a place is a number in that order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from ndive.data.root import Block, Lists, as_lists
from ndive.errors import SampleError
from ndive.schema import rank_within

TREE = "events"


@dataclass(frozen=True)
class Events:
    """Some branches of the events from `first` on of the file at `path`."""

    block: Block
    path: Path
    first: int

    def lists(self, names: Sequence[str]) -> list[Lists]:
        """Branches whose lists belong together; raises as `ndive.data.root.as_lists`."""
        return as_lists(self.block, names, path=self.path, first=self.first)

    def owned(self, collection: str, what: str, there: Int[np.ndarray, " events"]) -> Lists:
        """Places of what each element of a collection owns of the `there` elements of its event.

        **Raises:** `SampleError` where a range leaves its event.
        """
        begins, ends = self.lists(ranges(collection, what))
        begin, end, event = begins.values.astype(int), ends.values.astype(int), owners(begins.counts)
        for wrong in np.flatnonzero((begin < 0) | (end < begin) | (end > there[event])):
            raise self._astray(collection, int(event[wrong]), f"{what} {begin[wrong]} to {end[wrong]}", there)
        each = owners(end - begin)
        return Lists((openings(there)[event] + begin)[each] + rank_within(each), end - begin)

    def pointed_at(self, relation: str, there: Int[np.ndarray, " events"]) -> Lists:
        """Places to which the pointers of each event lead, among the `there` elements of that event.

        **Raises:** `SampleError` where one leads out of its event, or not all lead to the same collection.
        """
        pointers, targets = self.lists(pointer(relation))
        found = np.unique(targets.values)
        if len(found) > 1:
            raise SampleError(
                f"'{self.path}': '{relation}' points to {len(found)} collections, of numbers "
                f"{', '.join(map(str, found[:4]))}; allowed is one"
            )
        index, event = pointers.values, owners(pointers.counts)
        for wrong in np.flatnonzero((index < 0) | (index >= there[event])):
            raise self._astray(relation, int(event[wrong]), f"index {index[wrong]}", there)
        return Lists(openings(there)[event] + index, pointers.counts)

    def _astray(self, where: str, event: int, found: str, there: Int[np.ndarray, " events"]) -> SampleError:
        return SampleError(
            f"'{self.path}': '{where}', event {self.first + event}: found {found}, there are {there[event]}"
        )


def stored(names: Sequence[str], collection: str, what: str, old: str) -> str:
    """The branch among `names` that `what` of a collection points into; older files call it `old`."""
    new = f"_{collection}_{what}"
    return new if any(name.partition(".")[0] == new for name in names) else old


def pointer(relation: str) -> tuple[str, str]:
    """The branches of a relation: which element, and of which collection."""
    return f"{relation}.index", f"{relation}.collectionID"


def ranges(collection: str, what: str) -> tuple[str, str]:
    """The branches that say which part each element of a collection owns."""
    return f"{collection}.{what}_begin", f"{collection}.{what}_end"


def chained(outer: Lists, inner: Lists) -> Lists:
    """What the elements listed in `outer` list in `inner`, one behind the other."""
    counts = inner.counts[outer.values]
    places = np.repeat(openings(inner.counts)[outer.values], counts) + rank_within(owners(counts))
    total = np.bincount(owners(outer.counts), counts, minlength=len(outer.counts))
    return Lists(inner.values[places], total.astype(int))


def openings(counts: Int[np.ndarray, " lists"]) -> Int[np.ndarray, " lists"]:
    """Place of the first element of each list."""
    return np.cumsum(counts) - counts


def owners(counts: Int[np.ndarray, " lists"]) -> Int[np.ndarray, " elements"]:
    """The list of each element."""
    return np.repeat(np.arange(len(counts)), counts)
