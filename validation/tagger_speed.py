"""CPU time of the epochs of a tagger's training, to stand beside that of `salt_gn2.py`.

    XLA_FLAGS=--xla_cpu_multi_thread_eigen=false uv run python validation/tagger_speed.py SAMPLE NAME [...]

SAMPLE is that of the comparison in docs/other_programs.md. Trains each configuration for three epochs with
the batches of that comparison and prints jets in a second of CPU time in those after the first, when all is
compiled: steps, validation and checkpoints, in one thread.
"""

import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import ndive
from ndive.training.progress import Notice, Progress

EPOCHS = 3


def epochs(name: str, sample: Path) -> list[float]:
    """CPU seconds from the end of one epoch to that of the next."""
    config = replace(ndive.preset(name), num_epochs=EPOCHS, batch_size=250, learning_rate=2e-3, use_adam=True)
    ends: list[float] = []

    def report(event: Progress | Notice) -> None:
        if isinstance(event, Progress) and event.val is not None:
            ends.append(time.process_time())

    with TemporaryDirectory() as models:
        ndive.train(config, sample, models, seed=1, report=report)
    return [end - start for start, end in pairwise(ends)]


def main() -> None:
    """Print a line for each tagger."""
    sample = Path(sys.argv[1])
    jets = ndive.open_sample(sample, split="train").n_jets
    for name in sys.argv[2:]:
        seconds = epochs(name, sample)
        rates = ", ".join(f"{jets / one:.0f}" for one in seconds)
        print(f"{name}: {rates} jets in a second of CPU time, epoch by epoch", flush=True)


if __name__ == "__main__":
    main()
