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

JETS, TRACKS = 110, 7
KINDS = {
    "prompt": {"flight": 0.01},
    "b-like, a third prompt": {"prompt": 0.33},
    "20 to 100 mm": {"flight": 50.0},
    "0.4 to 1.5 GeV": {"pt": 0.4},
    "two tracks": {},
}


@pytest.fixture(params=KINDS)
def kind(request, toy_jets):
    """A name, tracks and weights in double precision, with numbers that single precision holds."""
    jets = toy_jets(jets=12 * JETS, tracks=TRACKS, seed=31, **KINDS[request.param])
    far = np.linalg.norm(jets.vertex, axis=-1)
    momentum = np.sin(jets.parameters[..., 3]) / np.abs(jets.parameters[..., 4])
    wanted = {
        "20 to 100 mm": (far > 20) & (far < 100),
        "0.4 to 1.5 GeV": np.all(momentum < 1.5, axis=-1),
    }.get(request.param, np.ones(12 * JETS, dtype=bool))
    chosen = np.flatnonzero(wanted)[:JETS]
    rng = np.random.default_rng(7)
    real = np.full(JETS, 2) if request.param == "two tracks" else rng.integers(3, TRACKS + 1, JETS)
    parameters, covariance, weights = (
        x.astype(np.float32).astype(np.float64)
        for x in (jets.parameters[chosen], jets.covariance[chosen], rng.uniform(0.1, 1, (JETS, TRACKS)))
    )
    return (
        request.param,
        parameters,
        covariance,
        np.arange(TRACKS) < real[:, None],
        weights,
        jets.vertex[chosen],
    )


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
def test_the_minimum_is_that_of_scipy_and_single_precision_is_near(kind, toy_perigee):
    name, parameters, covariance, mask, weights, truth = kind
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

    with jax.enable_x64(False):
        single = [x.astype(np.float32) for x in (parameters, covariance, weights)]
        (near, _, _, also_valid), slope = fitted(*single[:2], mask, single[2])
    delta = near - position
    pull = np.sqrt(np.einsum("ji,ji->j", delta, np.linalg.solve(error, delta[..., None])[..., 0]))
    scales = [x.reshape(JETS, -1) for x in gradient]
    wrong = [
        np.linalg.norm(a.reshape(JETS, -1) - b, axis=1) / np.linalg.norm(b, axis=1)
        for a, b in zip(slope, scales, strict=True)
    ]
    worst = np.max(wrong, axis=0)
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
