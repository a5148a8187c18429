"""Every named configuration, trained for two epochs on a small sample: a table of their last losses.

    uv run python validation/configurations.py SAMPLE MODELS [EPOCHS]

Prints Markdown: the losses and accuracies of the last validation, and the seconds that the run took, the
compiler's included. A batch that is larger than the sample becomes as large as the sample. Run again, it goes
on with those that are not finished.
"""

import sys
import time
from dataclasses import replace
from math import isnan
from pathlib import Path

import ndive
from ndive.training import ACCURACY_NAMES, LOSS_NAMES, TrainResult
from ndive.training.compilation import keep_compiled
from ndive.training.presets import DIFFERENCES

NAMES = ("total", *LOSS_NAMES, *ACCURACY_NAMES)


def row(name: str, result: TrainResult, seconds: float) -> str:
    """The last validation of a run."""
    losses = result.history[-1].val
    cells = ["" if isnan(losses[column]) else f"{losses[column]:.4g}" for column in NAMES]
    return f"| `{name}` | {' | '.join(cells)} | {seconds:.0f} |"


def main(directory: Path, models: Path, epochs: int) -> None:
    """Train all of them and print the table."""
    keep_compiled()
    samples = (ndive.open_sample(directory, split="train"), ndive.open_sample(directory, split="val"))
    titles = [name.replace("_accuracy", ", right") for name in NAMES]
    print(f"| configuration | {' | '.join(titles)} | s |\n|{'---|' * (len(NAMES) + 2)}")
    for name in DIFFERENCES:
        config = ndive.preset(name)
        size = min(config.batch_size, samples[0].n_jets)
        started = time.perf_counter()
        small = replace(config, num_epochs=epochs, batch_size=size)
        result = ndive.train(small, samples, models, existing="resume")
        print(row(name, result, time.perf_counter() - started), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 2)
