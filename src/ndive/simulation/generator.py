"""Pythia 8: its settings, each one checked, and events in batches."""

from collections.abc import Iterator

from ndive.errors import SimulationError
from ndive.simulation.events import Events, events_from_pythia
from ndive.simulation.libraries import pythia8mc
from ndive.simulation.settings import SimulationSettings

BATCH_EVENTS = 200
TASKS_PER_SEED = 100_000

PROCESSES = {"ttbar": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on")}
"""Pythia's settings of each hard process."""

COMMON = ("Print:quiet = on", "Beams:idA = 2212", "Beams:idB = 2212", "Beams:eCM = 14000.")

CHARM_RICH = ("24:onMode = off", "24:onIfAny = 4")
"""W bosons decay to charm only: the c jets of a balanced sample come mostly from such events."""


def generator_settings(settings: SimulationSettings, task: int, *, charm_rich: bool) -> tuple[str, ...]:
    """All lines that Pythia reads for one task, its seed among them.

    The seed is 1 + 100 000 times the sample's seed + `task`: no two tasks of any two samples share one.

    **Raises:** `SimulationError` where a sample would need more than 100 000 tasks.
    """
    if not 0 <= task < TASKS_PER_SEED:
        raise SimulationError(f"task {task} has no seed of its own, allowed: 0 to {TASKS_PER_SEED - 1}")
    seed = 1 + TASKS_PER_SEED * settings.seed + task
    underlying = () if settings.underlying_event else ("PartonLevel:MPI = off",)
    charm = CHARM_RICH if charm_rich else ()
    randomness = ("Random:setSeed = on", f"Random:seed = {seed}")
    return (*COMMON, *PROCESSES[settings.process], *underlying, *charm, *randomness)


def start_generator(lines: tuple[str, ...]) -> "pythia8mc.Pythia":
    """An initialised Pythia that has read `lines`.

    **Raises:** `SimulationError` where Pythia refuses a line or does not start.
    """
    pythia = pythia8mc.Pythia("", False)
    for line in lines:
        if not pythia.readString(line):
            raise SimulationError(f"Pythia does not know the setting '{line}'")
    if not pythia.init():
        raise SimulationError("Pythia did not start with these settings: " + "; ".join(lines))
    return pythia


def generated(pythia: "pythia8mc.Pythia", n_events: int) -> Iterator[Events]:
    """Yield `n_events` events in batches of at most 200."""
    for start in range(0, n_events, BATCH_EVENTS):
        yield events_from_pythia(pythia.nextBatch(min(BATCH_EVENTS, n_events - start)))
