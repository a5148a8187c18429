"""Pulls and coverage of the vertices of b jets, by the weight on tracks from elsewhere.

    uv run python validation/contamination.py SAMPLE MODELS NAME

Judges the model NAME on the test jets of SAMPLE. Prints for the fit of all tracks, for the model over all of
its fits and over those in which tracks from elsewhere have less than 10, 1 and 0.1 % of the weight, and for
the fit of the true tracks: the number of fits, the widths of the pulls in x, y, z with their errors, by the
covariance of the fit and by the sandwich covariance, and what share of the 68 and 95 % ellipsoids of the
latter hold the true vertex.
"""

import sys
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from ndive.data import open_sample
from ndive.evaluation import (
    AXES,
    FittedVertices,
    JetTable,
    contamination,
    evaluate_models,
    flavour_masks,
    measured_over,
    vertex_quantities,
)

SHARES = (0.1, 0.01, 0.001)


def row(label: str, fit: FittedVertices, jets: JetTable, chosen: Bool[np.ndarray, " jets"]) -> str:
    """One line of the table, over the `chosen` jets."""
    found = vertex_quantities(fit, jets)
    widths = [
        [measured_over(found[f"{which}pull_width_{axis}"], chosen) for axis in AXES]
        for which in ("", "sandwich_")
    ]
    ellipsoids = [measured_over(found[f"sandwich_coverage_{level}"], chosen)[0] for level in (68, 95)]
    cells = [", ".join(f"{value:.2f} ± {error:.2f}" for value, error, _, _ in three) for three in widths]
    held = ", ".join(f"{share:.0%}" for share in ellipsoids)
    return " | ".join([f"{label:22}", f"{widths[0][0][3]:5}", *cells, held])


def main(samples: Path, models: Path, name: str) -> None:
    """Judge one model."""
    held_out, (one,) = evaluate_models([name], open_sample(samples, job="evaluate", split="test"), models)
    jets, fit = held_out.jets, one.predictions.vertices
    if fit is None:
        sys.exit(f"{name} fits no vertex")
    b_jets = flavour_masks(jets)["bjets"]
    wrong = contamination(fit.track_weights, jets.real, jets.perfect_weights > 0)
    print("tracks weighed by | fits | pull σ, covariance of the fit | sandwich covariance | 68 %, 95 %")
    print(row("nothing", held_out.references["none"], jets, b_jets))
    print(row(name, fit, jets, b_jets))
    for share in SHARES:
        print(row(f"the same, below {share:.1%}", fit, jets, b_jets & (wrong < share)))
    print(row("the truth", held_out.references["perfect"], jets, b_jets))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
