"""Training steps of the two taggers, data loading included, beside the published layout, in one run.

    ndive simulate --jets 125000 --seed 3 --output SAMPLE
    JAX_NUM_CPU_DEVICES=2 uv run python benchmarks/train.py SAMPLE [--batch 100 1000] [--turns 5]

For each configuration and batch size, in turns: epochs as `ndive train -n` takes them on all devices, and
steps of `published.py`, a batch each, of jets in memory. Prints jets/s and CPU microseconds a jet (medians
over the turns; CPU time tells more than wall time on a machine that is not idle), their ratio, seconds to
compile, and where the CPU time of our step goes: reading and arranging jets, the forward pass, the backward
pass, the update. Arithmetic is counted from the lowered program of each number of slots, the loop of the fit
once, and set beside the rate of a large matrix product.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from figures import add_output, write_figures
from jax.sharding import PartitionSpec
from published import published_tagger

from ndive.data import Batch, Sample, batches, first_slots, open_sample
from ndive.models import Tagger, build_model
from ndive.training import TrainConfig, estimate_normalisation, forward, preset
from ndive.training.accuracies import batch_means
from ndive.training.compilation import keep_compiled
from ndive.training.devices import ALIKE, AXIS, in_a_row
from ndive.training.gradient import batch_gradient
from ndive.training.loop import JETS_A_CALL
from ndive.training.losses import batch_losses, loss_weights, total_loss
from ndive.training.optimisers import make_optimiser
from ndive.training.stacking import WORTH_COMPILING, Blocks, Layout, in_blocks, slots_for, stacked
from ndive.training.state import TrainState, first_state
from ndive.training.steps import make_train_steps

CONFIGURATIONS = ("final_ftag_base", "final_ftag_ndive")
PUBLISHED_JETS = 1000
"""Jets of a turn of the published layout, which is slow."""


def layout(sample: Sample, devices: int = 1) -> Layout:
    """How the batches are cut of a sample like this one that is large."""
    return Layout(slots=slots_for(WORTH_COMPILING, sample.n_slots), devices=devices)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Wall and CPU seconds of one thing."""

    wall: float
    cpu: float


def clocked(call: Callable[[], Any]) -> Clock:
    """Time one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(call())
    return Clock(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)


def compiled(function: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Any, Clock]:
    """The program of `function`, and what compiling it took."""
    kept: list[Any] = []
    clock = clocked(lambda: kept.append(jax.jit(function, **options).lower(*arguments).compile()))
    kept[0](*jax.tree.map(jnp.copy, arguments))
    return kept[0], clock


def our_epoch(sample: Sample, config: TrainConfig, state: TrainState) -> tuple[Callable[[], Any], Clock]:
    """An epoch as the loop takes it, on all devices, and the time to compile."""
    mesh = in_a_row(jax.devices())
    at_once = max(1, JETS_A_CALL // config.batch_size)

    def stream() -> Iterator[tuple[Blocks, int]]:
        return stacked(
            batches(sample, config.batch_size, seed=0, epoch=0), at_once, layout(sample, mesh.size)
        )

    group, _ = next(stream())
    one, learner = jnp.ones(()), jax.tree.map(jnp.copy, state.learner)
    train_steps = make_train_steps(config, 1, mesh)
    compiling = clocked(lambda: train_steps(learner, state.fixed, group, jnp.asarray(1), one))

    def epoch() -> Any:
        learner = jax.tree.map(jnp.copy, state.learner)
        for group, count in stream():
            learner, means = train_steps(learner, state.fixed, group, jnp.asarray(count), one)
        return learner, means

    return epoch, compiling


def published_epoch(
    sample: Sample, config: TrainConfig, state: TrainState
) -> tuple[Callable[[], Any], Clock]:
    """Some steps of the published layout, one call each, and the time to compile."""
    optimiser, weights = make_optimiser(config), loss_weights(config)

    def step(parameters: Any, moments: Any, batch: Batch) -> Any:
        def total(parameters: Any) -> Any:
            model: Tagger = eqx.combine(parameters, state.fixed)
            return total_loss(batch_losses(published_tagger(model, batch), batch, config), weights)

        updates, moments = optimiser.update(jax.grad(total)(parameters), moments, parameters)
        return jax.tree.map(lambda old, new: old + 1e-4 * new, parameters, updates), moments

    count = max(1, PUBLISHED_JETS // config.batch_size)
    in_memory = list(islice(batches(sample, config.batch_size, seed=0, epoch=0), count))
    first = state.learner.parameters, state.learner.optimiser
    program, clock = compiled(step, *first, jax.tree.map(jnp.asarray, in_memory[0]))

    def epoch() -> Any:
        now = first
        for batch in in_memory:
            now = program(*now, batch)
        return now

    return epoch, clock


def parts(sample: Sample, config: TrainConfig, state: TrainState, turns: int) -> dict[str, float]:
    """CPU microseconds a jet of each part of a step; of update and backward pass as differences."""
    batch = next(batches(sample, config.batch_size, seed=0, epoch=0))
    blocks, parameters = in_blocks(batch, layout(sample)), state.learner.parameters

    def losses(parameters: Any, blocks: Blocks) -> Any:
        def of_slots(count: int) -> Any:
            return lambda jets: batch_means(
                forward(eqx.combine(parameters, state.fixed), first_slots(jets, count)),
                first_slots(jets, count),
                config,
            )

        branches = [of_slots(count) for count in blocks.slots]
        return jax.lax.map(lambda block: jax.lax.switch(block.needs, branches, block.jets), blocks)

    ahead, _ = compiled(losses, parameters, blocks)
    of_device = jax.shard_map(
        lambda parameters, blocks: batch_gradient(parameters, state.fixed, blocks, config),
        mesh=in_a_row(),
        in_specs=(ALIKE, PartitionSpec(AXIS)),
        out_specs=ALIKE,
        check_vma=False,
    )
    slope, _ = compiled(of_device, parameters, blocks)
    update, _ = compiled(make_optimiser(config).update, parameters, state.learner.optimiser, parameters)
    rows = {
        "forward": lambda: ahead(parameters, blocks),
        "gradient": lambda: slope(parameters, blocks),
        "update": lambda: update(parameters, state.learner.optimiser, parameters),
    }
    each = {name: per_jet(call, config.batch_size, turns) for name, call in rows.items()}
    stream = list(batches(sample, config.batch_size, seed=0, epoch=0))

    def read() -> None:
        for _ in stacked(batches(sample, config.batch_size, seed=0, epoch=0), 1, layout(sample)):
            pass

    return {
        "data_us": per_jet(read, len(stream) * config.batch_size, turns),
        "forward_us": each["forward"],
        "backward_us": round(each["gradient"] - each["forward"], 1),
        "update_us": each["update"],
    }


def per_jet(call: Callable[[], Any], jets: int, turns: int) -> float:
    """Median CPU microseconds a jet."""
    return round(1e6 * float(np.median([clocked(call).cpu for _ in range(turns)])) / jets, 1)


def arithmetic(sample: Sample, config: TrainConfig, state: TrainState) -> float:
    """Floating-point operations of the gradient, a jet, in the mean over the blocks of one batch."""
    blocks = in_blocks(next(batches(sample, config.batch_size, seed=0, epoch=0)), layout(sample))
    size, weights = blocks.jets.jet.pt.shape[1], loss_weights(config)

    def total(parameters: Any, jets: Batch) -> Any:
        output = forward(eqx.combine(parameters, state.fixed), jets)
        return total_loss(batch_losses(output, jets, config), weights)

    flops = []
    for slots in blocks.slots:
        jets = first_slots(jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), blocks.jets), slots)
        lowered = jax.jit(jax.grad(total)).lower(state.learner.parameters, jets)
        flops.append(float((lowered.cost_analysis() or {})["flops"]) / size)
    return round(float(np.mean(np.array(flops)[np.asarray(blocks.needs)])))


def largest_rate() -> float:
    """Operations a second of one large matrix product, the best of ten."""
    square = jnp.ones((2048, 2048))
    product, _ = compiled(jnp.matmul, square, square)
    return 2 * 2048**3 / min(clocked(lambda: product(square, square)).wall for _ in range(10))


def measured(sample: Sample, name: str, batch_size: int, turns: int) -> dict[str, Any]:
    """One row."""
    config = replace(preset(name), batch_size=batch_size)
    state = first_state(
        build_model(config.model, estimate_normalisation(sample), key=jax.random.key(0)), config
    )
    ours, our_compile = our_epoch(sample, config, state)
    theirs, their_compile = published_epoch(sample, config, state)
    jets = (
        sample.n_jets // batch_size * batch_size,
        min(sample.n_jets, max(PUBLISHED_JETS, batch_size)) // batch_size * batch_size,
    )
    clocks = np.array(
        [
            [
                (clock.wall / n, clock.cpu / n)
                for clock, n in ((clocked(ours), jets[0]), (clocked(theirs), jets[1]))
            ]
            for _ in range(turns)
        ]
    )
    (wall, cpu), (their_wall, their_cpu) = np.median(clocks, axis=0)
    flops = arithmetic(sample, config, state)
    return {
        "jets_per_s": round(1 / wall),
        "published_jets_per_s": round(1 / their_wall),
        "cpu_us": round(1e6 * cpu, 1),
        "published_cpu_us": round(1e6 * their_cpu, 1),
        "cpu_ratio": round(float(np.median(clocks[:, 1, 1] / clocks[:, 0, 1])), 1),
        "compile_s": round(our_compile.wall, 1),
        "compile_cpu_s": round(our_compile.cpu, 1),
        "published_compile_cpu_s": round(their_compile.cpu, 1),
        **parts(sample, config, state, turns),
        "Mflop": round(flops / 1e6, 2),
        "Gflop_per_cpu_s": round(flops / cpu / 1e9, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed of training steps.")
    parser.add_argument("sample", type=Path, help="directory that ndive simulate wrote")
    parser.add_argument("--configurations", nargs="+", default=CONFIGURATIONS, help="named configurations")
    parser.add_argument(
        "--batch", type=int, nargs="+", default=[100, 1000], help="jets in a batch (100 1000)"
    )
    parser.add_argument("--turns", type=int, default=5, help="epochs of each (5)")
    add_output(parser)
    options = parser.parse_args()
    keep_compiled()
    sample = open_sample(options.sample, split="train")
    figures: dict[str, Any] = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "devices": jax.device_count(),
        "python": platform.python_version(),
        "jax": jax.__version__,
        "matrix_product_Gflop_per_s": round(largest_rate() / 1e9, 1),
    }
    for name in options.configurations:
        for batch_size in options.batch:
            title = f"{name}, batch {batch_size}"
            figures[title] = measured(sample, name, batch_size, options.turns)
            print(title.ljust(32), *(f"{key} {value}" for key, value in figures[title].items()), flush=True)
    write_figures(figures, options.output)


if __name__ == "__main__":
    main()
