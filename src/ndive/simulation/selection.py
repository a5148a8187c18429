"""Which jets go into which file: split by event, and balanced in flavour, as the tasks come in."""

from array import array
from collections import defaultdict, deque

import numpy as np
from jaxtyping import Float, Int

from ndive.schema import split_of_event
from ndive.simulation.settings import SimulationSettings

PT_EDGES = np.array([25, 30, 35, 40, 50, 60, 70, 80, 90, 100, 120, 140, 160], dtype=float)
ETA_EDGES = np.array([0.5, 1.0, 1.5, 2.0])
"""Inner edges of the bins of balancing, in pT / GeV and in abs(eta)."""

LONGEST_QUEUE = 1000
"""Jets of one flavour and bin that wait for the others; older ones are let go, so that memory stays flat."""

ROW_BITS = 20
MEV = 1e3


class Selection:
    """Jets chosen so far for each of the three files, as task number and row within the task.

    A balanced selection lets jets wait in the bin of their (pT, abs(eta)) until there is one of each flavour,
    and then takes one of each: every bin of every file holds as many b as c as light jets, except for the
    last of a file. It depends on the order of the tasks only.
    """

    def __init__(self, settings: SimulationSettings) -> None:
        """Begin with nothing chosen."""
        self.settings = settings
        self.chosen = tuple(array("q") for _ in settings.quotas)
        self.queues: dict[tuple[int, ...], tuple[deque[int], ...]] = defaultdict(
            lambda: tuple(deque(maxlen=LONGEST_QUEUE) for _ in range(3))
        )

    @property
    def size(self) -> int:
        """Jets chosen, in all files."""
        return sum(len(chosen) for chosen in self.chosen)

    @property
    def complete(self) -> bool:
        """Whether every file has all its jets."""
        return self.size == self.settings.jets

    def add(self, task: int, jets: np.ndarray) -> None:
        """Take from the `jets` (structured, of schema's layout) of `task`, in their order."""
        codes = ((task << ROW_BITS) | np.arange(len(jets))).tolist()
        splits = split_of_event(jets["eventNumber"], self.settings.fractions).tolist()
        bins = _bins(jets, self.settings)
        for code, split, place, flavour in zip(
            codes, splits, bins, jets["flavour_label"].tolist(), strict=True
        ):
            room = self.settings.quotas[split] - len(self.chosen[split])
            if room == 0:
                continue
            if not self.settings.balance:
                self.chosen[split].append(code)
                continue
            queues = self.queues[split, *place]
            queues[flavour].append(code)
            if all(queues):
                self.chosen[split].extend([queue.popleft() for queue in queues][:room])

    def rows(self, split: int) -> list[tuple[int, Int[np.ndarray, " rows"]]]:
        """The chosen rows of each task for one file, in order."""
        codes = np.sort(np.array(self.chosen[split], dtype=np.int64))
        tasks, rows = codes >> ROW_BITS, codes & ((1 << ROW_BITS) - 1)
        numbers, first = np.unique(tasks, return_index=True)
        return list(zip(numbers.tolist(), np.split(rows, first[1:]), strict=True))


def _bins(jets: np.ndarray, settings: SimulationSettings) -> list[tuple[int, ...]]:
    pt = np.searchsorted(PT_EDGES, jets["pt"] / MEV, side="right")
    eta = np.searchsorted(ETA_EDGES, np.abs(jets["eta"]), side="right")
    axes: list[Float[np.ndarray, " n"]] = [pt, eta]
    if settings.balance_tracks:
        axes.append(jets["n_tracks"])
    return list(zip(*(axis.tolist() for axis in axes), strict=True))
