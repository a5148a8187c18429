"""Secondary vertices counted by puma beside ours, jet by jet.

    uv run --isolated --no-dev --with puma-hep==0.5.6 python validation/puma_vertices.py

puma is no dependency, since it pins older libraries, so this runs in an environment of its own. Jets,
vertices and told origins are random; prints how many were compared.
"""

import numpy as np
from jaxtyping import Int
from puma.utils.vertexing import calculate_vertex_metrics, clean_reco_vertices, clean_truth_vertices

from ndive.evaluation.vertexing import VertexCounts, vertex_counts

JETS, SLOTS = 20_000, 10
PRIMARY, FROM_B, OTHER = 2, 3, 7
"""Values of `ftagTruthOriginLabel`."""

Labels = Int[np.ndarray, "jets slots"]


def random_labels(rng: np.random.Generator) -> tuple[Labels, Labels, Labels, Labels]:
    """Vertex and origin of each track, and what a tagger might say of them: mostly the truth."""
    truth = rng.integers(-1, 4, (JETS, SLOTS))
    origin = np.where(truth > 0, FROM_B, np.where(truth == 0, PRIMARY, OTHER))
    origin = np.where(rng.random(truth.shape) < 0.05, PRIMARY, origin)
    found = np.where(rng.random(truth.shape) < 0.25, rng.integers(0, 4, truth.shape), np.abs(truth))
    told = np.where(rng.random(truth.shape) < 0.2, rng.choice([PRIMARY, FROM_B, OTHER], truth.shape), origin)
    return truth, origin, found, told


def by_puma(truth: Labels, origin: Labels, found: Labels, told: Labels) -> VertexCounts:
    """The counts of puma, which cleans the indices of a jet at a time."""
    true = np.array([clean_truth_vertices(*jet) for jet in zip(truth.copy(), origin, strict=True)])
    reco = np.array([clean_reco_vertices(*jet) for jet in zip(found.copy(), told, strict=True)])
    counts = calculate_vertex_metrics(reco, true)
    return VertexCounts(true=counts["n_ref"], found=counts["n_test"], matched=counts["n_match"])


def main() -> None:
    """Compare, and fail where a jet differs."""
    truth, origin, found, told = random_labels(np.random.default_rng(1))
    ours = vertex_counts(truth, origin == FROM_B, found, told == FROM_B, told == PRIMARY)
    theirs = by_puma(truth, origin, found, told)
    for name, one, other in zip(VertexCounts._fields, ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)
    print(
        f"{JETS:,} jets, {ours.true.sum():,} true and {ours.found.sum():,} found vertices, the same by puma"
    )
    print(f"{ours.matched.sum():,} match, in {(ours.matched > 0).sum():,} jets")


if __name__ == "__main__":
    main()
