"""Toy jets with known vertices, for the benchmarks."""

import jax.numpy as jnp
import numpy as np

from ndive.tracks import perigee_from_state


def toy_tracks(
    rng: np.random.Generator, jets: int, slots: int, *, flight: float = 5.0
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters `[jets, slots, 5]` and covariances of tracks from vertices some `flight` mm away.

    Errors are like those of ATLAS, with correlations.
    """
    axis, eta = rng.uniform(-np.pi, np.pi, (jets, 1)), rng.uniform(-2, 2, (jets, 1))
    far = rng.exponential(flight, (jets, 1))
    vertex = np.stack([far * np.cos(axis), far * np.sin(axis), far * np.sinh(eta)], axis=-1)
    phi, pseudo = axis + rng.normal(0, 0.15, (jets, slots)), eta + rng.normal(0, 0.15, (jets, slots))
    pt = 0.5 + rng.exponential(3.0, (jets, slots))
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(pseudo)], axis=-1)
    charge = rng.choice([-1.0, 1.0], (jets, slots))
    truth = perigee_from_state(
        jnp.broadcast_to(vertex, momentum.shape),
        jnp.asarray(momentum),
        jnp.asarray(charge),
        jnp.asarray(2.0),
        jnp.zeros(3),
    )
    sigma = np.stack([0.01 + 0.06 / pt, 0.07 + 0.1 / pt, 1e-3 / pt, 1e-3 / pt, 0.012 / pt], axis=-1)
    correlation = 0.5 * np.eye(5) + 0.5
    covariance = correlation * sigma[..., :, None] * sigma[..., None, :]
    noise = np.linalg.cholesky(covariance) @ rng.normal(size=(*sigma.shape, 1))
    return np.asarray(truth) + noise[..., 0], covariance
