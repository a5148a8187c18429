"""What NDIVE alone learns: vertex error and track selection beside the fit without a network.

    uv run python validation/training.py SAMPLE_DIR MODEL_DIR

reads `ndive_test.h5` of the sample and `best.eqx` of the model and prints, for each flavour, the mean
distance between fitted and true vertex for the model, for the fit with all tracks, for the fit with the
tracks of the true vertex, and for the best constant answer (the geometric median of the true vertices); then
efficiency and purity of the selection, means over the jets that have decay tracks. A track is selected where
its weight exceeds half of the jet's largest.
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


def report(table: Table) -> None:
    """Print the table, a row a flavour."""
    print("flavour        jets  model  all tracks  perfect  constant   valid  efficiency  purity")
    for index, flavour in enumerate(load_schema().flavours):
        jets = {key: value[table["flavour"] == index] for key, value in table.items()}
        error = {
            name: np.linalg.norm(jets[name] - jets["truth"], axis=-1)[jets[f"{name} valid"]].mean()
            for name in ("model", "all tracks", "perfect")
        }
        some = jets["decay"] > 0
        efficiency = (jets["right"][some] / jets["decay"][some]).mean() if some.any() else np.nan
        purity = (
            (jets["right"][some] / np.maximum(jets["selected"][some], 1)).mean() if some.any() else np.nan
        )
        print(
            f"{flavour.name:10} {len(jets['truth']):8} {error['model']:6.3f} {error['all tracks']:11.3f} "
            f"{error['perfect']:8.3f} {best_constant(jets['truth']):9.3f} {jets['model valid'].mean():7.4f} "
            f"{efficiency:11.3f} {purity:7.3f}"
        )


def main() -> None:
    """Judge one model."""
    sample_directory, model_directory = (Path(text) for text in sys.argv[1:3])
    model, _ = load_model(model_directory / "best.eqx")
    report(collect(model, open_sample(sample_directory, split="test")))


if __name__ == "__main__":
    main()
