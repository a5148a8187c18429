"""Where a run stands: all that it goes on from."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ndive.training.history import Epoch
from ndive.training.state import Learner, TrainState, after_epoch
from ndive.training.sums import NO_SUMS, Sums


class Mark(NamedTuple):
    """How far a run is: epochs that are done, and batches of the next."""

    epoch: int
    batch: int = 0

    def __str__(self) -> str:
        """The last thing that is done."""
        return f"batch {self.batch} of epoch {self.epoch + 1}" if self.batch else f"epoch {self.epoch}"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A run after some epochs and some batches of the next.

    There is no random key to keep: the order of the jets is a function of the seed and the epoch.

    **Attributes:** `state`, of the model, the optimiser, the schedule and early stopping; `history` of the
    epochs that are done; `batches` of the next that are done, with the `sums` of their losses.
    """

    state: TrainState
    history: tuple[Epoch, ...] = ()
    batches: int = 0
    sums: Sums = field(default_factory=lambda: NO_SUMS)

    @property
    def mark(self) -> Mark:
        """How far it is."""
        return Mark(int(self.state.epoch), self.batches)

    def stepped(self, learner: Learner, batches: int, sums: Sums) -> "Standing":
        """After `batches` more of the epoch."""
        state = replace(self.state, learner=learner)
        return replace(self, state=state, batches=self.batches + batches, sums=sums)

    def validated(self, epoch: Epoch) -> "Standing":
        """At the end of the epoch, whose losses are those of `epoch`."""
        state = after_epoch(self.state, self.state.learner, epoch.val["total"])
        return Standing(state=state, history=(*self.history, epoch))
