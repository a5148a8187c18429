"""What NDIVE alone learns: vertex error and track selection beside the fit without a network.

    uv run python validation/training.py SAMPLE_DIR MODEL_DIR

reads `ndive_test.h5` of the sample and `best.eqx` of the model and prints, for each flavour, the mean
distance between fitted and true vertex for the model, for the fit with all tracks and for the fit with the
tracks of the true vertex, each over its valid fits with their fraction of the jets; the same for the best
constant answer (the geometric median of the true vertices) over all jets; then efficiency and purity of the
selection, means over the jets that have decay tracks. A track is selected where its weight exceeds half of
the jet's largest.
"""

import sys
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from scipy.optimize import minimize

from ndive.data import Sample, open_sample, sequential_batches
from ndive.models import Model, load_model
from ndive.schema import load_schema
from ndive.training import forward
from ndive.vertexing import fit_vertex

Table = dict[str, np.ndarray]


def collect(model: Model, sample: Sample) -> Table:
    """Flavour, true vertex, the three fits and the counts of the selection, jet by jet."""

    @eqx.filter_jit
    def answers(batch):  # type: ignore[no-untyped-def]
        output = forward(model, batch)
        tracks = batch.jet.tracks
        everything = fit_vertex(tracks)
        perfect = fit_vertex(tracks, batch.truth.perfect_weights)
        return output.weights, output.vertex, everything, perfect

    rows: list[Table] = []
    for batch, n in sequential_batches(sample, 500):
        weights, *fits = jax.tree.map(np.asarray, answers(batch))
        selected = (weights > 0.5 * weights.max(axis=-1, keepdims=True)) & np.asarray(batch.jet.tracks.mask)
        decay = np.isin(batch.truth.origin, [0, 1])
        row = {
            "flavour": batch.truth.flavour,
            "truth": batch.truth.hadron_vertex,
            "selected": selected.sum(-1),
        }
        row |= {"decay": decay.sum(-1), "right": (decay & selected).sum(-1)}
        for name, fit in zip(("model", "all tracks", "perfect"), fits, strict=True):
            row |= {name: fit.position, f"{name} valid": fit.valid}
        rows.append({key: np.asarray(value)[:n] for key, value in row.items()})
    return {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}


def best_constant(vertices: np.ndarray) -> float:
    """Mean distance of the vertices to their geometric median."""

    def mean_distance(point: np.ndarray) -> float:
        return float(np.linalg.norm(vertices - point, axis=-1).mean())

    return float(minimize(mean_distance, vertices.mean(axis=0), method="Nelder-Mead").fun)


def error(jets: Table, name: str) -> str:
    """Mean distance to the true vertex over the valid fits, and the fraction of the jets that have one."""
    valid = jets[f"{name} valid"]
    distance = np.linalg.norm(jets[name] - jets["truth"], axis=-1)
    return f"{distance[valid].mean():.3f} ({valid.mean():.4f})"


def report(table: Table) -> None:
    """Print the table, a row a flavour."""
    fits = f"{'model (valid)':>15} {'all tracks (valid)':>20} {'perfect (valid)':>16}"
    print(f"flavour        jets{fits}  constant  efficiency  purity")
    for index, flavour in enumerate(load_schema().flavours):
        jets = {key: value[table["flavour"] == index] for key, value in table.items()}
        model, everything, perfect = (error(jets, name) for name in ("model", "all tracks", "perfect"))
        some = jets["decay"] > 0
        efficiency = (jets["right"][some] / jets["decay"][some]).mean() if some.any() else np.nan
        purity = (
            (jets["right"][some] / np.maximum(jets["selected"][some], 1)).mean() if some.any() else np.nan
        )
        print(
            f"{flavour.name:10} {len(jets['truth']):8} {model:>14} {everything:>20} {perfect:>16} "
            f"{best_constant(jets['truth']):9.3f} {efficiency:11.3f} {purity:7.3f}"
        )


def main() -> None:
    """Judge one model."""
    sample_directory, model_directory = (Path(text) for text in sys.argv[1:3])
    model, _ = load_model(model_directory / "best.eqx")
    report(collect(model, open_sample(sample_directory, split="test")))


if __name__ == "__main__":
    main()
