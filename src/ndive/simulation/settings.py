"""What a simulated sample is a function of."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass

from ndive.errors import ArgumentError
from ndive.schema import Fractions, check_fractions

LARGEST_SEED = 8999
"""Seeds of two samples must not share a generator seed, and Pythia takes none above 9e8."""

FEWEST_EVENTS, MOST_EVENTS = 50, 1000


@dataclass(frozen=True, kw_only=True)
class SimulationSettings:
    """Physics, size and seed of a sample. The same settings give the same files on any number of workers.

    **Attributes:** `jets` in the three files together; `fractions` of them in train, val and test; `seed`;
    `process`; `resolution`, the model of the tracker; `balance`, equal numbers of b, c and light jets in
    every bin of (pT, abs(eta)); `balance_tracks`, and in every number of tracks; `slots`, most tracks of a
    jet; `field` in tesla; `underlying_event`, multiparton interactions on (off is faster, for tests).

    **Raises:** `ArgumentError` where a value is not allowed.
    """

    jets: int = 100_000
    fractions: Fractions = (0.8, 0.1, 0.1)
    seed: int = 1
    process: str = "ttbar"
    resolution: str = "atlas"
    balance: bool = True
    balance_tracks: bool = False
    slots: int = 15
    field: float = 2.0
    underlying_event: bool = True

    def __post_init__(self) -> None:
        """Refuse what is not allowed."""
        rules = (
            ("jets", self.jets >= 10, "at least 10"),
            ("seed", 0 <= self.seed <= LARGEST_SEED, f"0 to {LARGEST_SEED}"),
            ("process", self.process in ("ttbar",), "ttbar"),
            ("resolution", self.resolution in ("atlas", "shlomi"), "atlas or shlomi"),
            ("slots", 2 <= self.slots <= 100, "2 to 100"),
            ("field", 0 < self.field <= 10, "above 0 and up to 10 tesla"),
        )
        for name, allowed, text in rules:
            if not allowed:
                raise ArgumentError(f"{name} is {getattr(self, name)}, allowed: {text}")
        check_fractions(self.fractions)
        if min(self.quotas) < 1:
            train, val, test = self.quotas
            raise ArgumentError(
                f"{self.jets} jets make {train} in train, {val} in val and {test} in test, "
                "allowed: at least 1 in each"
            )
        if self.balance_tracks and not self.balance:
            raise ArgumentError("balance_tracks is on, allowed: only together with balance")

    @property
    def quotas(self) -> tuple[int, int, int]:
        """Jets of the three files; their sum is `jets`."""
        val = round(self.jets * self.fractions[1])
        test = round(self.jets * self.fractions[2])
        return self.jets - val - test, val, test

    @property
    def events_per_task(self) -> int:
        """Events that one task generates: many for a large sample, few for a small one."""
        return min(MOST_EVENTS, max(FEWEST_EVENTS, self.jets // 16))

    def identity(self, version: str) -> str:
        """Twelve hex digits that name these settings under the package `version`."""
        text = json.dumps({"version": version, **dataclasses.asdict(self)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
