"""The ghost track: the jet axis as one more track of the fit."""

import jax.numpy as jnp

from ndive.models.features import jet_theta, mean_over_tracks
from ndive.tracks import Jet, Tracks


def with_ghost(jet: Jet) -> Tracks:
    """The tracks of a jet, or of a batch of jets, behind their ghost in slot 0.

    The ghost is straight and passes through the reference point along the jet axis; its errors are the means
    of those of the tracks. It is masked in a jet without tracks.
    """
    tracks = jet.tracks
    some = jnp.any(tracks.mask, axis=-1)
    zero = jnp.zeros_like(jet.eta)
    parameters = jnp.stack([zero, zero, jet.phi, jet_theta(jet.eta), zero], axis=-1)
    variances = jnp.where(tracks.mask[..., None], jnp.diagonal(tracks.covariance, axis1=-2, axis2=-1), 1)
    errors = jnp.where(some[..., None], mean_over_tracks(jnp.sqrt(variances), tracks.mask), 1)
    covariance = errors[..., None] ** 2 * jnp.eye(5, dtype=errors.dtype)
    return Tracks(
        jnp.concatenate([parameters[..., None, :], tracks.parameters], axis=-2),
        jnp.concatenate([covariance[..., None, :, :], tracks.covariance], axis=-3),
        jnp.concatenate([some[..., None], tracks.mask], axis=-1),
        tracks.field,
        tracks.reference,
    )
