"""Speed and memory of `ndive convert`.

    OMP_NUM_THREADS=1 uv run python benchmarks/convert.py [--jets 300000] [--output speed.json]

Writes a ROOT file with the branches of the public sample, its jets simulated once and repeated, converts it
in a process of its own, and prints one JSON object: jets a minute of CPU time and of wall time, and the peak
of the memory for a tenth of the jets and for all.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import awkward as ak
import numpy as np
import uproot
from figures import add_output, write_figures

from ndive.simulation import SimulationSettings, simulate_task

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.data.public_files import Branches, branches_of

CONVERT = """
import resource, sys, time
from ndive.cli import main
wall, cpu = time.perf_counter(), time.process_time()
assert main(["convert", sys.argv[1], "--output", sys.argv[2]]) == 0
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - wall, time.process_time() - cpu, memory)
"""


def simulated() -> Branches:
    """Some thousand jets, with many events, so that all files get some."""
    settings = SimulationSettings(jets=16_000, balance=False, underlying_event=False, resolution="shlomi")
    parts = [simulate_task(settings, task) for task in range(2)]
    return branches_of(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("jets", "tracks"))
    )


def written(path: Path, branches: Branches, n_jets: int) -> int:
    """Write at least `n_jets`; returns how many."""
    with uproot.recreate(path) as file:
        tree = file.mktree("tree", {name: array.type.content for name, array in branches.items()})
        while tree.num_entries < n_jets:
            tree.extend(branches)
        return int(tree.num_entries)


def converted(path: Path) -> tuple[float, float, float]:
    """Wall and CPU seconds and the peak of the memory in MiB."""
    with tempfile.TemporaryDirectory() as output:
        command = [sys.executable, "-c", CONVERT, str(path), output]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    wall, cpu, memory = map(float, done.stdout.split())
    return wall, cpu, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=300_000)
    add_output(parser)
    options = parser.parse_args()
    branches = simulated()
    repeated = {name: ak.concatenate([array] * 4) for name, array in branches.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jets.root"
        written(path, repeated, options.jets // 10)
        _, _, small = converted(path)
        n_jets = written(path, repeated, options.jets)
        size = path.stat().st_size
        wall, cpu, memory = converted(path)
    figures = {
        "machine": platform.processor() or platform.machine(),
        "jets": n_jets,
        "megabytes": round(size / 1e6, 1),
        "jets_a_minute_of_cpu": round(60 * n_jets / cpu),
        "jets_a_minute": round(60 * n_jets / wall),
        "memory_mib_of_a_tenth": round(small),
        "memory_mib": round(memory),
    }
    write_figures(figures, options.output)


if __name__ == "__main__":
    main()
