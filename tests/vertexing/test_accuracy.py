"""550 jets of five kinds against scipy, and single against double precision.

    uv run pytest -m slow -s tests/vertexing/test_accuracy.py

prints one line of the table of `docs/fit.md` for each kind. Bounds are those that the fit promises.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ndive.tracks import Tracks, move_perigee, wrap_angle
from ndive.vertexing import fit_vertex
from tests.vertexing.reference import fit_by_scipy

JETS, MANY, TRACKS = 110, 4000, 7
KINDS = {
    "prompt": {"flight": 0.01},
    "b-like, a third prompt": {"prompt": 0.33},
    "20 to 100 mm": {"flight": 50.0},
    "0.4 to 1.5 GeV": {"pt": 0.4},
    "two tracks": {},
}


def jets_of(name, toy_jets, count):
    """Parameters, covariances, mask, weights and true vertices of jets, in numbers that float32 holds."""
    jets = toy_jets(jets=12 * count, tracks=TRACKS, seed=31, **KINDS[name])
    far = np.linalg.norm(jets.vertex, axis=-1)
    momentum = np.sin(jets.parameters[..., 3]) / np.abs(jets.parameters[..., 4])
    wanted = {
        "20 to 100 mm": (far > 20) & (far < 100),
        "0.4 to 1.5 GeV": np.all(momentum < 1.5, axis=-1),
    }.get(name, np.ones(12 * count, dtype=bool))
    chosen = np.flatnonzero(wanted)[:count]
    assert len(chosen) == count
    rng = np.random.default_rng(7)
    real = np.full(count, 2) if name == "two tracks" else rng.integers(3, TRACKS + 1, count)
    parameters, covariance, weights = (
        x.astype(np.float32).astype(np.float64)
        for x in (jets.parameters[chosen], jets.covariance[chosen], rng.uniform(0.1, 1, (count, TRACKS)))
    )
    return parameters, covariance, np.arange(TRACKS) < real[:, None], weights, jets.vertex[chosen]


def fitted(parameters, covariance, mask, weights):
    """Position, covariance, chi2, whether converged, and the pull-back of (1, 1, 1) to everything."""

    @jax.jit
    def run(parameters, covariance, weights):
        def total(parameters, covariance, weights):
            vertex = fit_vertex(Tracks(parameters, covariance, mask), weights)
            return jnp.sum(vertex.position), vertex

        return jax.grad(total, argnums=(0, 1, 2), has_aux=True)(parameters, covariance, weights)

    gradient, vertex = run(*map(jnp.asarray, (parameters, covariance, weights)))
    arrays = (vertex.position, vertex.covariance, vertex.chi2, vertex.valid)
    return [np.asarray(x) for x in arrays], [np.asarray(x, np.float64) for x in gradient]


def single(parameters, covariance, mask, weights):
    """`fitted` in single precision."""
    with jax.enable_x64(False):
        return fitted(
            parameters.astype(np.float32), covariance.astype(np.float32), mask, weights.astype(np.float32)
        )


def each(gradient, right):
    """Of each jet, the largest relative difference of the derivatives in one of the arrays."""
    rows = [(a.reshape(len(a), -1), b.reshape(len(b), -1)) for a, b in zip(gradient, right, strict=True)]
    return np.max([np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1) for a, b in rows], axis=0)


def together(gradient, right, covariance, weights):
    """Of each jet, the relative difference of all derivatives, each times the error or size of its input."""
    errors = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    units = errors, errors[..., :, None] * errors[..., None, :], weights
    a, b = (
        np.concatenate(
            [(x * unit).reshape(len(x), -1) for x, unit in zip(arrays, units, strict=True)], axis=1
        )
        for arrays in (gradient, right)
    )
    return np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)


def whitened(x, q, white):
    """Residuals of one jet in units of their errors, `x` the vertex and the momenta there."""
    momenta = x[3:].reshape(-1, 3)
    at_vertex = jnp.concatenate([jnp.zeros_like(momenta[:, :2]), momenta], axis=-1)
    off = q - move_perigee(at_vertex, -x[:3], jnp.asarray(2.0))
    return jnp.einsum("nij,nj->ni", white, off.at[:, 2].set(wrap_angle(off[:, 2]))).ravel()


@jax.jit
def half_chi2(x, q, white):
    return jnp.sum(whitened(x, q, white) ** 2) / 2


jacobian, slope, curvature = (
    jax.jit(jax.jacfwd(whitened)),
    jax.jit(jax.grad(half_chi2)),
    jax.jit(jax.hessian(half_chi2)),
)


def polished(found, q, V, w):
    """scipy's minimum after Newton steps by automatic differentiation, its covariance by QR, and its chi2."""
    white = np.linalg.inv(np.linalg.cholesky(V)) * np.sqrt(w)[:, None, None]
    x = np.concatenate([found.position, found.momenta.ravel()])
    for _ in range(4):
        x = x - np.linalg.solve(curvature(x, q, white), slope(x, q, white))
    inverse = np.linalg.inv(np.linalg.qr(np.asarray(jacobian(x, q, white)), mode="r"))
    return np.asarray(x[:3]), (inverse @ inverse.T)[:3, :3], 2 * float(half_chi2(x, q, white))


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_the_minimum_is_that_of_scipy_and_single_precision_is_near(name, toy_jets, toy_perigee):
    parameters, covariance, mask, weights, truth = jets_of(name, toy_jets, JETS)
    with jax.enable_x64(True):
        (position, error, chi2, valid), gradient = fitted(parameters, covariance, mask, weights)
    off, wide, higher = np.zeros(JETS), np.zeros(JETS), np.zeros(JETS)
    for i in range(JETS):
        arguments = parameters[i], covariance[i], weights[i] * mask[i]
        found = min(
            (
                fit_by_scipy(toy_perigee, *arguments, start)
                for start in (np.zeros(3), truth[i], position[i] + 0.3)
            ),
            key=lambda one: one.chi2,
        )
        used = mask[i]
        with jax.enable_x64(True):
            place, spread, least = polished(found, parameters[i][used], covariance[i][used], weights[i][used])
        off[i] = np.linalg.norm(position[i] - place)
        wide[i] = np.linalg.norm(error[i] - spread) / np.linalg.norm(spread)
        higher[i] = abs(chi2[i] - least) / (1 + least)

    (near, _, _, also_valid), slope = single(parameters, covariance, mask, weights)
    delta = near - position
    pull = np.sqrt(np.einsum("ji,ji->j", delta, np.linalg.solve(error, delta[..., None])[..., 0]))
    worst = each(slope, gradient)
    print(
        f"\n| {name} | {np.sum(~valid)} | {off.max():.1e} | {wide.max():.1e} | {higher.max():.1e} "
        f"| {np.sum(~also_valid)} | {np.median(pull):.1e} | {pull.max():.1e} "
        f"| {np.median(worst):.1e} | {worst.max():.1e} |"
    )
    assert valid.all()
    assert also_valid.all()
    assert off.max() < 1e-6
    assert wide.max() < 1e-6
    assert higher.max() < 1e-8
    assert pull.max() < 0.005
    assert np.mean(worst < 0.01) > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_gradients_in_single_precision_are_within_one_percent(name, toy_jets):
    parameters, covariance, mask, weights, _ = jets_of(name, toy_jets, MANY)
    with jax.enable_x64(True):
        (_, _, _, valid), right = fitted(parameters, covariance, mask, weights)
    (_, _, _, also_valid), gradient = single(parameters, covariance, mask, weights)
    assert valid.all()
    assert also_valid.all()
    whole, apart = together(gradient, right, covariance, weights), each(gradient, right)
    print(
        f"\n| {name} | {np.median(whole):.1e} | {whole.max():.1e} | {np.sum(whole > 0.01)} "
        f"| {np.median(apart):.1e} | {np.sum(apart > 0.01)} |"
    )
    assert np.mean(whole < 0.01) >= 0.999
