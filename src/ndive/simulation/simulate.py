"""A sample: tasks run until every file has its jets, then the rows of each file."""

import dataclasses
import json
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from itertools import count
from typing import Any

import numpy as np

from ndive.jobs import Pool, run_tasks
from ndive.schema import SPLITS, in_slots, load_schema
from ndive.simulation.generator import generator_settings
from ndive.simulation.selection import Selection
from ndive.simulation.settings import SimulationSettings
from ndive.simulation.shuffling import shuffled
from ndive.simulation.store import Store
from ndive.simulation.task import simulate_task

ORDER = 1
"""Tells the random numbers of the order of a file from those of a task."""


def simulate(settings: SimulationSettings, store: Store, pool: Pool) -> Iterator[Selection]:
    """Run tasks on the workers of `pool` until the selection is complete; yield it after each task.

    Finished tasks are kept in `store`; those already there are not run again. The selection is a function of
    `settings` only, whatever the `pool` and wherever an earlier run was interrupted.

    **Raises:** `SimulationError` and `FileAccessError`, as `run_tasks` and `Store.save`.
    """
    selection = Selection(settings)
    finished = store.n_finished()
    for task in range(finished):
        selection.add(task, store.jets(task))
    yield selection
    if selection.complete:
        return
    results = run_tasks(partial(simulate_task, settings), count(finished), pool)
    try:
        for task, result in enumerate(results, start=finished):
            store.save(task, result)
            selection.add(task, result.jets)
            yield selection
            if selection.complete:
                return
    finally:
        results.close()


def rows_of_split(selection: Selection, store: Store, split: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield the `jets` and padded `tracks` of one file in an order of chance, some at a time.

    The order is a function of the settings.

    **Raises:** `SimulationError` where a kept task is damaged; `FileAccessError` where the disk is full.
    """
    settings = selection.settings
    chosen = (store.load(task).taken(rows) for task, rows in selection.rows(split))
    generator = np.random.default_rng([settings.seed, split, ORDER])
    for part in shuffled(chosen, settings.quotas[split], store.path, generator):
        tracks = in_slots(part.tracks, part.jets["n_tracks"], settings.slots)
        yield {"jets": part.jets, "tracks": tracks}


def attributes(settings: SimulationSettings, split: int) -> dict[str, Any]:
    """What a file says about itself: settings, seed, generator lines, versions."""
    kinds = {"generator_settings": False} | (
        {"generator_settings_charm_rich": True} if settings.balance else {}
    )
    lines = {
        name: [
            line
            for line in generator_settings(settings, 0, charm_rich=charm_rich)
            if not line.startswith("Random:seed")
        ]
        for name, charm_rich in kinds.items()
    }
    return {
        "ndive_version": version("ndive"),
        "schema_version": load_schema().version,
        "settings": json.dumps(dataclasses.asdict(settings)),
        "settings_hash": settings.identity(version("ndive")),
        "seed": settings.seed,
        "field": settings.field,
        "split": SPLITS[split],
        "generator": f"Pythia {version('pythia8mc')}, FastJet {version('fastjet')}",
        **lines,
    }
