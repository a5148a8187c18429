"""A million jets that nobody would wish for: what the fit says of them, and whether it is true.

    uv run python benchmarks/hostile.py [--jets 1000000] [--precision float32] [--limit 0.005]
        [--output hostile.json]

Draws jets of each kind (seed 1), each second jet of a batch an ordinary one with as many slots, and fits them
with gradients of the position in weights, parameters and covariance. Counts, for each kind, the statuses;
values and gradients that are not finite; ordinary jets that differ by a bit from their fit among ordinary
jets; and, of the jets that call themselves converged, those at a saddle, where the Hessian of the plain chi2
in vertex and momenta, by automatic differentiation in double precision, is not positive definite, and those
whose Newton step moves the vertex by more than 0.001 (`--limit`; in single precision 0.005) of its error. One
step is not the end of a fit, and momenta are written down rounded, so all these and some more converged jets
of each kind are fitted again by scipy, from there, first in the momenta alone: counted are those whose vertex
it moves as far. The error is that of the sandwich covariance, which does not depend on the unit of the
weights: for a step the one that the fit gives, for scipy's fits one from the slopes where they end. All but
the suspects are to be none, at these limits.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from figures import add_output, write_figures
from rich.console import Console
from rich.progress import track
from scipy.optimize import least_squares
from toys import toy_tracks

from ndive import Status, Tracks, Vertex, fit_vertex
from ndive.tracks import HARMLESS, move_perigee, wrap_angle

SLOTS = 8
BATCH = 2000
LIMIT = {"float32": 5e-3, "float64": 1e-3}
SCIPY_JETS = 40


def ordinary(
    rng: np.random.Generator, jets: int, slots: int, *, flight: float = 5.0
) -> dict[str, np.ndarray]:
    """Toy jets with some slots empty and random weights."""
    parameters, covariance = toy_tracks(rng, jets, slots, flight=flight)
    shape = (jets, slots)
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
    jets["mask"] = np.arange(jets["mask"].shape[1]) < rng.integers(0, 3, (len(jets["mask"]), 1))


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
    jets.update(ordinary(rng, *jets["mask"].shape, flight=1000.0))


def _across_the_wrap(rng: np.random.Generator, jets: Jets) -> None:
    turned = jets["parameters"][..., 2] - jets["parameters"][:, :1, 2] + np.pi
    jets["parameters"][..., 2] = (turned + np.pi) % (2 * np.pi) - np.pi


def _anything(rng: np.random.Generator, jets: Jets) -> None:
    shape = jets["parameters"].shape
    jets["parameters"] = rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 3, shape)
    jets["parameters"][..., 3] = rng.uniform(0.01, np.pi - 0.01, shape[:-1])


def _crowd(rng: np.random.Generator, jets: Jets) -> None:
    jets["mask"][:] = True
    shape = jets["weights"].shape
    jets["weights"] = np.where(rng.random(shape) < 0.5, rng.uniform(0.05, 1, shape), 1e-6)


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
    "200 tracks": _crowd,
}

SHAPES = {"200 tracks": (20, 200)}
"""Jets of a batch and slots of a jet of the kinds that have not `BATCH` and `SLOTS`."""


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


def not_finite(tree: Any) -> np.ndarray:
    """For each jet whether anything of it is NaN or infinite."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    return np.any([~np.isfinite(leaf.reshape(len(leaf), -1)).all(axis=1) for leaf in leaves], axis=0)


def suspects(jets: Jets, vertex: Vertex, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Which jets of a batch call themselves converged at a saddle, and which a Newton step leads on."""
    w = np.where(jets["mask"], jets["weights"].astype(float), 0)
    w = np.where(w > 0, w, 0) / np.maximum(w.max(axis=1, initial=0, keepdims=True), 1e-300)
    converged = vertex.status == Status.converged
    used = ((w > 0) & converged[:, None])[..., None]
    with np.errstate(over="ignore", invalid="ignore"):
        q = np.where(used, jets["parameters"].astype(float), HARMLESS)
        white = np.linalg.inv(np.where(used[..., None], jets["covariance"].astype(float), np.eye(5)))
    white *= w[..., None, None]
    x = np.concatenate(
        [vertex.position, np.where(used, vertex.momenta, HARMLESS[2:]).reshape(len(w), -1)], axis=1
    )
    with jax.enable_x64(True):
        step, definite = map(np.asarray, newton_steps(*map(jnp.asarray, (x, q, white, w > 0, jets["field"]))))
    near = pull(step, np.asarray(vertex.sandwich_covariance, float)) < limit
    return np.asarray(converged) & ~definite, np.asarray(converged) & ~near


@jax.jit
@jax.vmap
def newton_steps(
    x: jax.Array, q: jax.Array, information: jax.Array, used: jax.Array, field: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Newton step of the vertex, and whether the Hessian is positive definite, scaled to a unit diagonal."""

    def chi2(x: jax.Array) -> jax.Array:
        off = residuals(x, q, field)
        return jnp.einsum("ni,nij,nj", off, information, off) / 2

    free = jnp.concatenate([jnp.ones(3), jnp.repeat(used, 3)])
    slope = jax.grad(chi2)(x) * free
    curvature = jax.hessian(chi2)(x) * free[:, None] * free + jnp.diag(1 - free)
    scale = 1 / jnp.sqrt(jnp.abs(jnp.diagonal(curvature)))
    eigenvalue, along = jnp.linalg.eigh(curvature * scale[:, None] * scale)
    step = -scale * (along @ ((along.T @ (scale * slope)) / eigenvalue))
    return step[:3], jnp.all(eigenvalue > 0)


def residuals(x: jax.Array, q: jax.Array, field: jax.Array) -> jax.Array:
    """Measured less fitted parameters of one jet, `x` the vertex and the momenta there."""
    momenta = x[3:].reshape(-1, 3)
    at_vertex = jnp.concatenate([jnp.zeros_like(momenta[:, :2]), momenta], axis=-1)
    off = q - move_perigee(at_vertex, -x[:3], field)
    return off.at[:, 2].set(wrap_angle(off[:, 2]))


def pull(off: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Length of differences in standard deviations."""
    error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    correlation = covariance / error[..., :, None] / error[..., None, :]
    scaled = off / error
    return np.sqrt(np.einsum("...i,...ij,...j", scaled, np.linalg.pinv(correlation, hermitian=True), scaled))


def moved_by_scipy(jets: Jets, vertex: Vertex, chosen: np.ndarray, limit: float) -> int:
    """How many of the chosen jets `scipy.optimize.least_squares`, begun at their minimum, moves too far."""
    count = 0
    for i in chosen:
        used = jets["mask"][i] & (jets["weights"][i] > 0)
        q, V, w = (jets[name][i][used].astype(float) for name in ("parameters", "covariance", "weights"))
        white = np.linalg.inv(np.linalg.cholesky(V)) * np.sqrt(w / w.max())[:, None, None]
        with jax.enable_x64(True):
            whole = jnp.asarray(q), jnp.asarray(white), jnp.asarray(jets["field"][i], float)
            v = np.asarray(vertex.position[i], float)
            momenta = refitted(np.asarray(vertex.momenta[i][used], float).ravel(), v, whole).x
            found = refitted(np.concatenate([v, momenta]), v[:0], whole)
        covariance = sandwich(np.asarray(found.jac), w)
        count += not pull(found.x[:3] - v, covariance) < limit
    return count


def sandwich(slope: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Covariance of the vertex, from the slopes of the whitened residuals of tracks with these weights."""
    scale = np.linalg.norm(slope, axis=0)
    of_measurements = np.linalg.pinv(slope / scale) / scale[:, None] * np.repeat(np.sqrt(w / w.max()), 5)
    return of_measurements[:3] @ of_measurements[:3].T


def refitted(start: np.ndarray, held: np.ndarray, whole: tuple[jax.Array, ...]) -> Any:
    """Where scipy ends in the numbers that begin at `start`, with those `held` before them."""

    def called(function: Callable[..., jax.Array], x: np.ndarray) -> np.ndarray:
        return np.asarray(function(jnp.concatenate([held, x]), *whole))

    return least_squares(
        partial(called, whitened),
        start,
        lambda x: called(slopes, x)[:, len(held) :],
        x_scale="jac",
        method="lm",
        xtol=1e-12,
        ftol=1e-15,
        gtol=1e-15,
    )


@jax.jit
def whitened(x: jax.Array, q: jax.Array, white: jax.Array, field: jax.Array) -> jax.Array:
    """Residuals of one jet in units of their errors."""
    return jnp.einsum("nij,nj->ni", white, residuals(x, q, field)).ravel()


slopes = jax.jit(jax.jacfwd(whitened))


def rounded(jets: Jets, dtype: type) -> Jets:
    """What a precision keeps of the arrays, so that all fits are of the same jets."""
    with np.errstate(over="ignore"):
        return {name: value if value.dtype == bool else value.astype(dtype) for name, value in jets.items()}


def campaign(n_jets: int, precision: str, limit: float) -> dict[str, dict[str, int]]:
    """All kinds."""
    rng = np.random.default_rng(1)
    dtype = np.dtype(precision).type
    batches = max(1, n_jets // BATCH // (len(KINDS) - len(SHAPES)))
    counts: dict[str, dict[str, int]] = {}
    for kind, spoil in KINDS.items():
        row = counts[kind] = dict.fromkeys(
            (
                *(s.name for s in Status),
                "NOT FINITE",
                "NEIGHBOURS",
                "SADDLE",
                "SUSPECT",
                "FITTED AGAIN",
                "MOVED",
            ),
            0,
        )
        size, slots = SHAPES.get(kind, (BATCH, SLOTS))
        hostile = np.arange(size) % 2 == 0
        for batch in track(range(batches), kind.ljust(32), console=Console(stderr=True)):
            good, bad = ordinary(rng, size, slots), ordinary(rng, size, slots)
            spoil(rng, bad)
            good, bad = rounded(good, dtype), rounded(bad, dtype)
            mixed = {
                name: np.where(hostile.reshape(-1, *(1,) * (value.ndim - 1)), bad[name], value)
                for name, value in good.items()
            }
            with jax.enable_x64(precision == "float64"):
                vertex, gradient = jax.tree.map(np.asarray, fitted(*tracks_of(mixed, dtype)))
                alone = jax.tree.map(np.asarray, fitted(*tracks_of(good, dtype)))
            for one in Status:
                row[one.name] += int((vertex.status[hostile] == one).sum())
            row["NOT FINITE"] += int(not_finite((vertex, gradient)).sum())
            differs = [
                ~(a == b).reshape(size, -1).all(axis=1)
                for a, b in zip(jax.tree.leaves((vertex, gradient)), jax.tree.leaves(alone), strict=True)
            ]
            row["NEIGHBOURS"] += int((np.any(differs, axis=0) & ~hostile).sum())
            saddle, onward = suspects(mixed, vertex, limit)
            suspect = (saddle | onward) & hostile
            row["SADDLE"] += int((saddle & hostile).sum())
            row["SUSPECT"] += int(suspect.sum())
            if batch == 0:
                suspect[np.flatnonzero(hostile & (vertex.status == Status.converged))[:SCIPY_JETS]] = True
            row["FITTED AGAIN"] += int(suspect.sum())
            row["MOVED"] += moved_by_scipy(mixed, vertex, np.flatnonzero(suspect), limit)
    return counts


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description="Hostile jets.")
    parser.add_argument(
        "--jets",
        type=int,
        default=1_000_000,
        help="jets of all kinds but 200 tracks, half of them hostile",
    )
    parser.add_argument(
        "--precision", choices=LIMIT, default="float32", help="numbers of the fit that is judged (float32)"
    )
    parser.add_argument(
        "--limit", type=float, help="part of its error that a jet may move by (0.001; 0.005 of float32)"
    )
    add_output(parser)
    options = parser.parse_args()
    limit = LIMIT[options.precision] if options.limit is None else options.limit
    write_figures(campaign(options.jets, options.precision, limit), options.output)


if __name__ == "__main__":
    main()
