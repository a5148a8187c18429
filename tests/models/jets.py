"""Jets for the tests of the models, from a seed."""

import jax.numpy as jnp
import numpy as np

from ndive.tracks import Jet, Tracks


def random_jet(n: int, *, seed: int, axis: tuple[float, float] = (0.4, -0.7)) -> Jet:
    """A jet of `n` tracks around an axis (eta, phi), a few of them displaced."""
    rng = np.random.default_rng(seed)
    eta, phi = axis
    theta = 2 * np.arctan(np.exp(-(eta + rng.normal(0, 0.1, n))))
    parameters = np.stack(
        [
            rng.normal(0, 0.3, n),
            rng.normal(0, 0.6, n),
            phi + rng.normal(0, 0.1, n),
            theta,
            rng.choice([-1, 1], n) / rng.uniform(1, 20, n),
        ],
        axis=-1,
    )
    errors = np.array([0.02, 0.08, 4e-4, 5e-4, 2e-3]) * rng.uniform(0.7, 1.5, (n, 5))
    tracks = Tracks.from_errors(parameters.astype(np.float32), errors.astype(np.float32))
    return Jet(jnp.float32(60.0), jnp.float32(eta), jnp.float32(phi), tracks)


def with_slots(jet: Jet, slots: int, garbage: float) -> Jet:
    """The same jet with masked slots behind, all of whose numbers are `garbage`."""
    tracks = jet.tracks
    extra = slots - tracks.mask.shape[-1]
    return Jet(
        jet.pt,
        jet.eta,
        jet.phi,
        Tracks(
            jnp.concatenate([tracks.parameters, jnp.full((extra, 5), garbage, jnp.float32)]),
            jnp.concatenate([tracks.covariance, jnp.full((extra, 5, 5), garbage, jnp.float32)]),
            jnp.concatenate([tracks.mask, jnp.zeros(extra, bool)]),
            tracks.field,
            tracks.reference,
        ),
    )


def reordered(jet: Jet, order: np.ndarray) -> Jet:
    """The same jet with its slots in another order."""
    tracks = jet.tracks
    moved = Tracks(
        tracks.parameters[order],
        tracks.covariance[order],
        tracks.mask[order],
        tracks.field,
        tracks.reference,
    )
    return Jet(jet.pt, jet.eta, jet.phi, moved)
