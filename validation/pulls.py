"""Pulls and chi2 of fitted vertices, from toy jets whose true vertex is known.

    uv run python validation/pulls.py [--jets 100000] [--seed 1] > pulls.md

All tracks of a toy jet come from one vertex, and are measured with the covariance that the ATLAS model of
`ndive simulate` gives their true parameters. Prints a table with a row for each kind of jet, precision and
size of the errors: 1 as they are; 0.1 a tenth, with a tenth of the noise, so that what is not linear goes
away. With weights of one: mean and width of (fitted - true) / error in x, y and z, the p-value of a
Kolmogorov-Smirnov test of the chi2 probabilities against a flat distribution, and the jets left out because
a fit did not converge. With weights drawn in (0.05, 1): the widths with the errors of `covariance` and of
`sandwich_covariance`. The width of 100 000 pulls is known to 0.0022.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.progress import Progress
from scipy.stats import chi2, kstest

from ndive import Status, Tracks, Vertex, fit_vertex
from ndive.simulation.resolution import atlas_covariance
from ndive.tracks import perigee_from_state

FIELD = 2.0
BATCH = 10_000
PRECISIONS = ("float64", "float32")
ERRORS = (1.0, 0.1)


@dataclass(frozen=True)
class Case:
    """A kind of jet: decay length in mm and transverse momentum of its tracks in GeV, each a range."""

    tracks: int = 6
    flight: tuple[float, float] = (1.0, 10.0)
    pt: tuple[float, float] = (0.5, 20.0)


CASES = {
    "prompt: up to 0.1 mm": Case(flight=(0.0, 0.1)),
    "b-like: 1 to 10 mm": Case(),
    "far: 20 to 100 mm": Case(flight=(20.0, 100.0)),
    "soft: 0.4 to 1.5 GeV": Case(pt=(0.4, 1.5)),
    "two tracks": Case(tracks=2),
    "thirty tracks": Case(tracks=30),
}


@dataclass(frozen=True)
class Toys:
    """True vertices `[jets, 3]`; true parameters and noise `[jets, n, 5]`, its covariance; random weights."""

    vertex: np.ndarray
    truth: np.ndarray
    noise: np.ndarray
    covariance: np.ndarray
    weights: np.ndarray

    def measured(self, errors: float) -> "Toys":
        """The same jets with all errors, and their noise, multiplied by a number."""
        return replace(self, noise=errors * self.noise, covariance=errors**2 * self.covariance)


@dataclass(frozen=True)
class Pulls:
    """Of the jets of one row: three pulls and a chi2 probability of those that converged, all statuses."""

    plain: np.ndarray
    weighted: np.ndarray
    sandwich: np.ndarray
    probability: np.ndarray
    status: np.ndarray


def drawn(rng: np.random.Generator, case: Case, jets: int) -> Toys:
    """Toy jets of a kind: tracks in a cone about the flight, their pT uniform in its logarithm."""
    shape = (jets, case.tracks)
    axis, eta = rng.uniform(-np.pi, np.pi, (jets, 1)), rng.uniform(-2, 2, (jets, 1))
    length = rng.uniform(*case.flight, (jets, 1))
    radius = length / np.cosh(eta)
    vertex = np.stack([radius * np.cos(axis), radius * np.sin(axis), length * np.tanh(eta)], axis=-1)
    phi, pseudo = axis + rng.normal(0, 0.15, shape), eta + rng.normal(0, 0.15, shape)
    pt = np.exp(rng.uniform(np.log(case.pt[0]), np.log(case.pt[1]), shape))
    momentum = np.stack([np.cos(phi), np.sin(phi), np.sinh(pseudo)], axis=-1) * pt[..., None]
    with jax.enable_x64(True):
        truth = np.asarray(
            perigee_from_state(
                jnp.broadcast_to(vertex, momentum.shape),
                jnp.asarray(momentum),
                jnp.asarray(rng.choice([-1.0, 1.0], shape)),
                jnp.asarray(FIELD),
                jnp.zeros(3),
            )
        )
    born = np.broadcast_to(radius, shape).ravel()
    covariance = atlas_covariance(truth.reshape(-1, 5), born, FIELD).reshape(*shape, 5, 5)
    noise = np.linalg.cholesky(covariance) @ rng.normal(size=(*shape, 5, 1))
    return Toys(vertex[:, 0], truth, noise[..., 0], covariance, rng.uniform(0.05, 1, shape))


@jax.jit
def fitted(tracks: Tracks, weights: jax.Array) -> Vertex:
    """The vertices, compiled once for each shape and precision."""
    return fit_vertex(tracks, weights)


def pulls_of(toys: Toys, precision: str) -> Pulls:
    """Fit the jets of a batch, with weights of one and with random ones."""
    with jax.enable_x64(precision == "float64"):
        arrays = (x.astype(precision) for x in (toys.truth + toys.noise, toys.covariance, toys.weights))
        parameters, covariance, weights = map(jnp.asarray, arrays)
        tracks = Tracks(parameters, covariance, field=FIELD)
        equal = jax.tree.map(np.asarray, fitted(tracks, jnp.ones_like(weights)))
        random = jax.tree.map(np.asarray, fitted(tracks, weights))
    good = equal.valid & random.valid

    def pull(vertex: Vertex, covariance: jax.Array) -> np.ndarray:
        error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
        return ((vertex.position - toys.vertex) / error)[good]

    return Pulls(
        plain=pull(equal, equal.covariance),
        weighted=pull(random, random.covariance),
        sandwich=pull(random, random.sandwich_covariance),
        probability=chi2.sf(equal.chi2, equal.ndf)[good],
        status=np.maximum(equal.status, random.status),
    )


def campaign(jets: int, seed: int) -> Iterator[tuple[tuple[str, str, float], Pulls]]:
    """The pulls of each row. Both precisions and both sizes of the errors see the same jets and noise."""
    rows = list(product(PRECISIONS, ERRORS))
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("jets", total=jets * len(CASES))
        for number, (name, case) in enumerate(CASES.items()):
            rng = np.random.default_rng([seed, number])
            parts: list[list[Pulls]] = [[] for _ in rows]
            for start in range(0, jets, BATCH):
                toys = drawn(rng, case, min(BATCH, jets - start))
                for part, (precision, errors) in zip(parts, rows, strict=True):
                    part.append(pulls_of(toys.measured(errors), precision))
                progress.advance(bar, len(toys.vertex))
            for part, row in zip(parts, rows, strict=True):
                yield (name, *row), joined(part)


def joined(parts: list[Pulls]) -> Pulls:
    """The batches of a row as one."""
    return Pulls(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Pulls)
        }
    )


def ended(status: np.ndarray) -> str:
    """How many jets ended other than converged, by reason."""
    counts = {one.name: int((status == one).sum()) for one in Status if one != Status.converged}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "0"


def triple(values: np.ndarray, form: str = ".3f") -> str:
    """Three numbers in a cell."""
    return ", ".join(f"{value:{form}}" for value in values)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description="Pulls of fitted toy vertices.")
    parser.add_argument("--jets", type=int, default=100_000, help="jets of each row (100000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the toys (1)")
    options = parser.parse_args()
    columns = ("jets", "numbers", "errors", "mean", "width", "KS p", "weighted", "sandwich", "not converged")
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    for (name, precision, errors), pulls in campaign(options.jets, options.seed):
        flat = kstest(pulls.probability, "uniform").pvalue
        cells = (
            name,
            precision,
            f"× {errors:g}",
            triple(pulls.plain.mean(axis=0), "+.3f"),
            triple(pulls.plain.std(axis=0)),
            f"{flat:.2g}",
            triple(pulls.weighted.std(axis=0)),
            triple(pulls.sandwich.std(axis=0)),
            ended(pulls.status),
        )
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
