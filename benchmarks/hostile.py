"""A million jets that nobody would wish for: what the fit says of them, and whether it is true.

    uv run python benchmarks/hostile.py [--jets 1000000] [--output hostile.json]

Draws jets of each kind (seed 1), each second jet of a batch an ordinary one, and fits them in single
precision with gradients of the position in weights, parameters and covariance. Counts, for each kind, the
statuses; values and gradients that are not finite; ordinary jets that differ by a bit from their fit among
ordinary jets; and, of the jets that call themselves converged, those which a fit in double precision that
starts there moves by more than 0.001 of their error, or does not call converged. The last three are to be
none; of the last there are some, at the limit of single precision.
"""

import argparse
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from figures import add_output, write_figures
from rich.console import Console
from rich.progress import track
from toys import toy_tracks

from ndive import Status, Tracks, Vertex, fit_vertex

SLOTS = 8
BATCH = 2000
MOVED = 1e-3


def ordinary(rng: np.random.Generator, jets: int, *, flight: float = 5.0) -> dict[str, np.ndarray]:
    """Toy jets with some slots empty and random weights."""
    parameters, covariance = toy_tracks(rng, jets, SLOTS, flight=flight)
    shape = (jets, SLOTS)
    return {
        "parameters": parameters,
        "covariance": covariance,
        "mask": rng.random(shape) < 0.9,
        "weights": rng.uniform(0.05, 1, shape),
        "field": np.full(jets, 2.0),
    }


Jets = dict[str, np.ndarray]
Spoil = Callable[[np.random.Generator, Jets], None]


def _padding(rng: np.random.Generator, jets: Jets) -> None:
    jets["mask"] = rng.random(jets["mask"].shape) < 0.5
    rubbish = rng.choice([np.nan, np.inf, -np.inf, 1e30], jets["mask"].shape)
    jets["parameters"] = np.where(jets["mask"][..., None], jets["parameters"], rubbish[..., None])
    jets["covariance"] = np.where(jets["mask"][..., None, None], jets["covariance"], rubbish[..., None, None])
    jets["weights"] = np.where(jets["mask"], jets["weights"], rubbish)


def _no_weight(rng: np.random.Generator, jets: Jets) -> None:
    jets["weights"][:] = 0


def _extreme_weights(rng: np.random.Generator, jets: Jets) -> None:
    jets["weights"] = rng.choice([1e30, 1e-30, 1.0], jets["weights"].shape)


def _tiny_weights(rng: np.random.Generator, jets: Jets) -> None:
    jets["weights"] = 10.0 ** rng.uniform(-8, 0, jets["weights"].shape)


def _negative_weights(rng: np.random.Generator, jets: Jets) -> None:
    jets["weights"] -= 0.5


def _few_tracks(rng: np.random.Generator, jets: Jets) -> None:
    jets["mask"] = np.arange(SLOTS) < rng.integers(0, 3, (len(jets["mask"]), 1))


def _parallel(rng: np.random.Generator, jets: Jets) -> None:
    jets["parameters"][..., 2:4] = jets["parameters"][:, :1, 2:4]
    jets["parameters"][..., 4] = rng.choice([0.0, 1e-6], jets["mask"].shape)


def _identical(rng: np.random.Generator, jets: Jets) -> None:
    jets["parameters"][:] = jets["parameters"][:, :1]


def _straight(rng: np.random.Generator, jets: Jets) -> None:
    jets["parameters"][..., 4] = 0


def _no_field(rng: np.random.Generator, jets: Jets) -> None:
    jets["field"] = rng.choice([0.0, -2.0, 4.0], jets["field"].shape)


def _loopers(rng: np.random.Generator, jets: Jets) -> None:
    jets["parameters"][..., 4] *= 30


def _along_the_beam(rng: np.random.Generator, jets: Jets) -> None:
    near = 10.0 ** rng.uniform(-6, -2, jets["mask"].shape)
    jets["parameters"][..., 3] = np.where(rng.random(near.shape) < 0.5, near, np.pi - near)


def _singular(rng: np.random.Generator, jets: Jets) -> None:
    line = rng.normal(size=(*jets["mask"].shape, 5)) * 1e-2
    jets["covariance"] = line[..., :, None] * line[..., None, :]


def _indefinite(rng: np.random.Generator, jets: Jets) -> None:
    random = rng.normal(size=jets["covariance"].shape) * 1e-2
    jets["covariance"] = random + np.swapaxes(random, -1, -2)


def _extreme_covariance(rng: np.random.Generator, jets: Jets) -> None:
    jets["covariance"] *= 10.0 ** rng.uniform(-20, 20, (*jets["mask"].shape, 1, 1))


def _metres_away(rng: np.random.Generator, jets: Jets) -> None:
    jets.update(ordinary(rng, len(jets["field"]), flight=1000.0))


def _across_the_wrap(rng: np.random.Generator, jets: Jets) -> None:
    turned = jets["parameters"][..., 2] - jets["parameters"][:, :1, 2] + np.pi
    jets["parameters"][..., 2] = (turned + np.pi) % (2 * np.pi) - np.pi


def _anything(rng: np.random.Generator, jets: Jets) -> None:
    jets["parameters"] = rng.normal(size=jets["parameters"].shape) * 10.0 ** rng.uniform(
        -3, 3, jets["parameters"].shape
    )


def _not_finite(rng: np.random.Generator, jets: Jets) -> None:
    spoilt = rng.random(jets["parameters"].shape) < 0.02
    jets["parameters"] = np.where(spoilt, rng.choice([np.nan, np.inf], spoilt.shape), jets["parameters"])


KINDS: dict[str, Spoil] = {
    "padding of NaN and Inf": _padding,
    "no weight at all": _no_weight,
    "weights 1e30 and 1e-30": _extreme_weights,
    "weights over eight decades": _tiny_weights,
    "negative weights": _negative_weights,
    "0, 1 or 2 tracks": _few_tracks,
    "parallel tracks": _parallel,
    "identical tracks": _identical,
    "straight tracks": _straight,
    "field 0, -2 or 4 T": _no_field,
    "loopers": _loopers,
    "tracks along the beam": _along_the_beam,
    "singular covariance": _singular,
    "indefinite covariance": _indefinite,
    "covariance times 1e-20 to 1e20": _extreme_covariance,
    "vertices metres away": _metres_away,
    "phi across the wrap": _across_the_wrap,
    "any parameters": _anything,
    "some parameters not finite": _not_finite,
}


def tracks_of(jets: Jets, dtype: type) -> tuple[Tracks, jax.Array]:
    """Tracks and weights in one precision."""
    with np.errstate(over="ignore"):
        arrays = {name: value if value.dtype == bool else value.astype(dtype) for name, value in jets.items()}
    tracks = Tracks(arrays["parameters"], arrays["covariance"], arrays["mask"], arrays["field"])
    return tracks, jnp.asarray(arrays["weights"])


@jax.jit
def fitted(tracks: Tracks, weights: jax.Array) -> tuple[Vertex, Any]:
    """The fit, and the gradient of a sum of all coordinates."""

    def total(weights: jax.Array, parameters: jax.Array, covariance: jax.Array) -> tuple[jax.Array, Vertex]:
        vertex = fit_vertex(Tracks(parameters, covariance, tracks.mask, tracks.field), weights)
        return jnp.sum(vertex.position), vertex

    gradient, vertex = jax.grad(total, argnums=(0, 1, 2), has_aux=True)(
        weights, tracks.parameters, tracks.covariance
    )
    return vertex, gradient


@jax.jit
def refitted(tracks: Tracks, weights: jax.Array, start: jax.Array) -> Vertex:
    """The fit from another start."""
    return fit_vertex(tracks, weights, start=start)


def not_finite(tree: Any) -> np.ndarray:
    """For each jet whether anything of it is NaN or infinite."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    return np.any([~np.isfinite(leaf.reshape(len(leaf), -1)).all(axis=1) for leaf in leaves], axis=0)


def moved(jets: Jets, vertex: Vertex) -> np.ndarray:
    """Which jets of a batch call themselves converged and are not, by a fit in double precision."""
    with jax.enable_x64(True):
        tracks, weights = tracks_of({name: _single(value) for name, value in jets.items()}, np.float64)
        position = np.asarray(vertex.position, np.float64)
        again = jax.tree.map(np.asarray, refitted(tracks, weights, position))
    error = np.sqrt(np.diagonal(again.covariance, axis1=1, axis2=2))
    correlation = again.covariance / error[:, :, None] / error[:, None, :]
    pull = (position - again.position) / error
    square = np.einsum("ni,nij,nj->n", pull, np.linalg.pinv(correlation, hermitian=True), pull)
    converged = np.asarray(vertex.status) == Status.converged
    return converged & ((again.status != Status.converged) | (square > MOVED**2))


def _single(value: np.ndarray) -> np.ndarray:
    """What single precision keeps of an array, so that both precisions fit the same jets."""
    with np.errstate(over="ignore"):
        return value if value.dtype == bool else value.astype(np.float32)


def campaign(n_jets: int) -> dict[str, dict[str, int]]:
    """All kinds."""
    rng = np.random.default_rng(1)
    batches = max(1, n_jets // BATCH // len(KINDS))
    counts: dict[str, dict[str, int]] = {}
    for kind, spoil in KINDS.items():
        row = counts[kind] = dict.fromkeys(
            (*(s.name for s in Status), "NOT FINITE", "NEIGHBOURS", "MOVED"), 0
        )
        for _ in track(range(batches), kind.ljust(32), console=Console(stderr=True)):
            good, bad = ordinary(rng, BATCH), ordinary(rng, BATCH)
            spoil(rng, bad)
            hostile = np.arange(BATCH) % 2 == 0
            mixed = {
                name: np.where(hostile.reshape(-1, *(1,) * (value.ndim - 1)), bad[name], value)
                for name, value in good.items()
            }
            vertex, gradient = fitted(*tracks_of(mixed, np.float32))
            alone = fitted(*tracks_of(good, np.float32))
            status = np.asarray(vertex.status)[hostile]
            for one in Status:
                row[one.name] += int((status == one).sum())
            row["NOT FINITE"] += int(not_finite((vertex, gradient)).sum())
            differs = [
                ~(np.asarray(a) == np.asarray(b)).reshape(BATCH, -1).all(axis=1)
                for a, b in zip(jax.tree.leaves((vertex, gradient)), jax.tree.leaves(alone), strict=True)
            ]
            row["NEIGHBOURS"] += int((np.any(differs, axis=0) & ~hostile).sum())
            row["MOVED"] += int((moved(mixed, vertex) & hostile).sum())
    return counts


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description="Hostile jets.")
    parser.add_argument(
        "--jets", type=int, default=1_000_000, help="jets in all, half of them hostile (1000000)"
    )
    add_output(parser)
    options = parser.parse_args()
    write_figures(campaign(options.jets), options.output)


if __name__ == "__main__":
    main()
