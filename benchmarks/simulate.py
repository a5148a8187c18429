"""Speed of `ndive simulate`, where its time goes, and its memory.

    OMP_NUM_THREADS=1 uv run python benchmarks/simulate.py [--events 2000] [--jets 300000]
        [--output speed.json]

Prints one JSON object: for inclusive and charm-rich events the jets that pass the selection for each second
of CPU time, and the shares of Pythia, FastJet and the rest; then, of a whole unbalanced sample made by two
workers, jets for each second of CPU time of all processes, and the most memory that all processes together
held (each page once) in the first tenth of the time and in all of it. A worker has one thread, as here.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
from figures import add_output, write_figures

from ndive.simulation import SimulationSettings, simulate_task
from ndive.simulation.generator import generated, generator_settings, start_generator
from ndive.simulation.jets import find_jets
from ndive.simulation.task import jets_of_events

INTERVAL = 2.0
"""Seconds between two looks at the memory."""


class Clock:
    """CPU seconds spent in the calls of wrapped functions."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with self.running():
                return function(*arguments, **options)

        return call

    @contextmanager
    def running(self) -> Iterator[None]:
        begin = time.process_time()
        yield
        self.seconds += time.process_time() - begin


def split(n_events: int, *, charm_rich: bool) -> dict[str, float]:
    """Shares of the CPU time of one task, and the jets it selects a second."""
    settings = SimulationSettings(balance=charm_rich, seed=11)
    simulate_task(SimulationSettings(jets=100), 0)  # imports and compiles what a worker does once
    start, events, jets, whole = Clock(), Clock(), Clock(), Clock()
    generator, selected = np.random.default_rng(1), 0
    with patch("ndive.simulation.task.find_jets", jets.timed(find_jets)), whole.running():
        with start.running():
            pythia = start_generator(generator_settings(settings, 0, charm_rich=charm_rich))
        timed = SimpleNamespace(nextBatch=events.timed(pythia.nextBatch))
        for batch in generated(timed, n_events):
            found = jets_of_events(batch, settings, 0, light=not charm_rich, generator=generator)
            selected += len(found.jets)
    pythia_share = (start.seconds + events.seconds) / whole.seconds
    return {
        "events": n_events,
        "selected_jets_per_cpu_s": round(selected / whole.seconds, 1),
        "pythia": round(pythia_share, 3),
        "pythia_start": round(start.seconds / whole.seconds, 3),
        "fastjet": round(jets.seconds / whole.seconds, 3),
        "rest": round(1 - pythia_share - jets.seconds / whole.seconds, 3),
    }


def whole_sample(n_jets: int) -> dict[str, float]:
    """CPU time and memory of `ndive simulate` with two workers."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ndive", "simulate", "--no-balance", "--seed", "5"]
        command += ["--jets", str(n_jets), "--workers", "2", "--output", str(Path(folder) / "sample")]
        begin, before, memory = time.monotonic(), os.times(), []
        process = Popen(command)
        while process.poll() is None:
            memory.append(_megabytes(process.pid))
            time.sleep(INTERVAL)
        after = os.times()
        if process.returncode:
            raise SystemExit("ndive simulate failed")
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return {
        "jets": n_jets,
        "wall_s": round(time.monotonic() - begin, 1),
        "cpu_s": round(cpu, 1),
        "jets_per_cpu_s": round(n_jets / cpu, 1),
        "memory_of_the_first_tenth_mb": round(max(memory[: len(memory) // 10 + 1])),
        "memory_at_most_mb": round(max(memory)),
    }


def _megabytes(pid: int) -> float:
    """Memory of a process and its descendants; a page that several share counts once."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    share = next(float(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return share / 1024 + sum(_megabytes(int(child)) for child in children)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed and memory of the simulation.")
    parser.add_argument("--events", type=int, default=2000, help="events of a task (2000)")
    parser.add_argument("--jets", type=int, default=300_000, help="jets of the whole sample (300000)")
    add_output(parser)
    options = parser.parse_args()
    figures = {
        "inclusive": split(options.events, charm_rich=False),
        "charm_rich": split(options.events, charm_rich=True),
        "sample": whole_sample(options.jets),
    }
    write_figures(figures, options.output)


if __name__ == "__main__":
    main()
