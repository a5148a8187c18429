"""What a run reports while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run is.

    **Attributes:** `epoch` from 1, of `epochs` at most; `jets` of `n_jets` of this epoch are done; `train`
    the losses of the epoch so far by name, with `total`; `val` those of the validation sample, None until
    the epoch is over; `is_best`, whether its total is the lowest so far.
    """

    epoch: int
    epochs: int
    jets: int
    n_jets: int
    train: dict[str, float]
    val: dict[str, float] | None = None
    is_best: bool = False


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something to be told once, such as where a run goes on."""

    text: str


Report = Callable[[Progress | Notice], None]


def silent(event: Progress | Notice) -> None:
    """Report nothing."""
