"""Scores of a trained model beside the forward pass of its training, in turns, in one run.

    uv run python benchmarks/predict.py MODELS/NAME/best.eqx SAMPLE_test.h5 [--jets 48000] [--output F.json]

The forward pass is that of training steps: batches of 500 jets, networks in blocks with the slots that they
need, the fit of a batch as a whole, several batches a call; once with the jets in memory, and once read and
arranged in a thread beside it, as a training reads them. `predict` reads, computes and puts in order. Prints
microseconds a jet, of the clock and of the processor (medians over the turns), and ratios within a turn.
"""

import argparse
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
from figures import add_output, write_figures
from train import clocked

from ndive.data import Batch, Sample, open_sample
from ndive.data.ahead import one_ahead
from ndive.evaluation import predict
from ndive.evaluation.trained import load_model_file
from ndive.models import Tagger
from ndive.training.compilation import keep_compiled
from ndive.training.forward import fitted, tagged, weighed
from ndive.training.loop import JETS_A_CALL
from ndive.training.stacking import Blocks, Layout, slots_for, stacked, with_slots_needed

BATCH = 500


def batches_of(sample: Sample, jets: int) -> Iterator[Batch]:
    """The first `jets` of a sample, read in a thread."""
    return one_ahead(lambda start: sample.read(start, start + BATCH), range(0, jets, BATCH))


def forward_of_training(tagger: Tagger) -> Any:
    """A program from several batches in blocks to what the losses of training are made of."""
    vertexer = tagger.vertexer

    def of_batch(blocks: Blocks) -> Any:
        found, positions = None, None
        if vertexer is not None:
            weights = jax.lax.map(lambda block: weighed(vertexer, block), blocks)
            jets, joined = jax.tree.map(
                lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), (blocks.jets, weights)
            )
            found = fitted(vertexer, jets, joined)
            positions = found.vertex.position.reshape(*weights.shape[:2], 3)

        def heads(jets: Batch, position: Any) -> Any:
            said = tagged(tagger, jets, position)
            return said.flavour_logits, said.origin_logits.sum(), said.pairing_logits.sum()

        said = jax.lax.map(lambda block: with_slots_needed(heads, *block), (blocks, positions))
        return said, found

    return jax.jit(lambda batches: jax.lax.map(of_batch, batches))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed of scores beside the forward pass of training.")
    parser.add_argument("model", type=Path, help="file of a trained tagger")
    parser.add_argument("sample", type=Path, help="jets file that ndive simulate wrote")
    parser.add_argument("--jets", type=int, default=48_000, help="jets that are scored (48000)")
    parser.add_argument("--turns", type=int, default=7, help="times that each is done (7)")
    add_output(parser)
    options = parser.parse_args()
    keep_compiled()
    trained = load_model_file(options.model)
    sample = open_sample(options.sample, job="train")
    jets = min(options.jets, sample.n_jets) // BATCH * BATCH
    layout = Layout(slots=slots_for(sample.n_jets, sample.n_slots))
    if not isinstance(trained.model, Tagger):
        parser.error(f"'{options.model}' has no heads; name a tagger")
    program = forward_of_training(trained.model)

    def read() -> Iterator[Blocks]:
        return (group for group, _ in stacked(batches_of(sample, jets), JETS_A_CALL // BATCH, layout))

    kept = list(read())
    rows = {
        "forward": lambda: [jax.block_until_ready(program(group)) for group in kept],
        "forward_from_file": lambda: [jax.block_until_ready(program(group)) for group in read()],
        "predict": lambda: predict(trained.model, sample, range(jets)),
    }
    first = {name: round(clocked(call).wall, 1) for name, call in rows.items()}
    clocks = [{name: clocked(call) for name, call in rows.items()} for _ in range(options.turns)]
    figures: dict[str, Any] = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "jax": jax.__version__,
        "model": trained.name,
        "jets": jets,
    }
    for name in rows:
        figures[name] = {
            "first_s": first[name],
            "wall_us": round(1e6 * float(np.median([turn[name].wall for turn in clocks])) / jets, 1),
            "cpu_us": round(1e6 * float(np.median([turn[name].cpu for turn in clocks])) / jets, 1),
            "wall_of_predict": round(
                float(np.median([turn["predict"].wall / turn[name].wall for turn in clocks])), 2
            ),
        }
    write_figures(figures, options.output)


if __name__ == "__main__":
    main()
