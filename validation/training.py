"""What NDIVE alone learns: vertex error and track selection beside the fit without a network.

    uv run python validation/training.py SAMPLE MODELS NAME

Judges the model NAME on `ndive_test.h5` of the sample. For each flavour: the mean distance to the true vertex
of the model, of the fit with all tracks and of that with those of the true vertex, each over its valid fits
with their fraction of the jets; the best constant answer (the geometric median of the true vertices) over all
jets; efficiency and purity of the track selection. Then the same distances over the jets on which model and
all tracks are both valid, and over all jets, where a fit that is not valid counts with its start.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from ndive.data import open_sample
from ndive.evaluation import FittedVertices, evaluate, load_trained, read_held_out
from ndive.schema import load_schema


def distance(fit: FittedVertices, truth: np.ndarray) -> np.ndarray:
    """Distance of each fitted vertex to the true one."""
    return np.linalg.norm(fit.position - truth, axis=-1)


def best_constant(vertices: np.ndarray) -> float:
    """Mean distance of the vertices to their geometric median."""

    def mean_distance(point: np.ndarray) -> float:
        return float(np.linalg.norm(vertices - point, axis=-1).mean())

    return float(minimize(mean_distance, vertices.mean(axis=0), method="Nelder-Mead").fun)


def main(samples: Path, models: Path, name: str) -> None:
    """Judge one model."""
    held_out = read_held_out(open_sample(samples, split="test"), models)
    one = evaluate(load_trained(name, models), held_out)
    assert one.predictions.vertices is not None
    fits = {"model": one.predictions.vertices, "all tracks": held_out.references["none"]}
    fits["true tracks"] = held_out.references["perfect"]
    truth = held_out.jets.hadron_vertex
    chosen = {selection.flavour: selection for selection in one.summary.selection}
    for index, flavour in enumerate(load_schema().flavours):
        of = held_out.jets.flavour == index
        print(f"{flavour.title}: {of.sum()}, best constant {best_constant(truth[of]):.3f} mm")
        for label, fit in fits.items():
            valid = of & fit.valid
            mean = distance(fit, truth)[valid].mean()
            print(f"  {label:12} {mean:.3f} mm ({valid.sum() / of.sum():.4f} valid)")
        both = of & fits["model"].valid & fits["all tracks"].valid
        for what, jets in ((f"both valid ({both.sum() / of.sum():.4f})", both), ("all jets", of)):
            ours, theirs = (distance(fits[label], truth)[jets].mean() for label in ("model", "all tracks"))
            print(f"  {what}: model {ours:.3f} mm, all tracks {theirs:.3f} mm, ratio {ours / theirs:.3f}")
        if flavour.name in chosen:
            selection = chosen[flavour.name]
            print(f"  efficiency {selection.efficiency.value:.3f}, purity {selection.purity.value:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
