"""Made-up jets and predictions whose truth is known."""

import numpy as np

from ndive.evaluation.predictions import FittedVertices, JetTable, Predictions

SLOTS = 8


def toy_jets(n_jets, *, seed=0, slots=SLOTS):
    """Jets of all flavours with 1 to `slots` tracks, decay lengths of millimetres, origins by flavour."""
    rng = np.random.default_rng(seed)
    flavour = rng.integers(0, 3, n_jets)
    n_tracks = rng.integers(1, slots + 1, n_jets)
    real = np.arange(slots) < n_tracks[:, None]
    heavy = (rng.random((n_jets, slots)) < 0.5) & (flavour < 2)[:, None]
    origin = np.where(heavy, flavour[:, None], rng.integers(2, 4, (n_jets, slots)))
    direction = rng.normal(size=(n_jets, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length = rng.exponential(5, n_jets) * (flavour < 2)
    from_vertex = np.where((flavour < 2)[:, None], heavy, origin == 2) & real
    return JetTable(
        flavour=flavour,
        pt=rng.uniform(20, 200, n_jets),
        eta=rng.uniform(-2.5, 2.5, n_jets),
        hadron_vertex=direction * length[:, None],
        origin=np.where(real, origin, -1),
        vertex_index=np.where(real, heavy.astype(int), -1),
        perfect_weights=from_vertex.astype(float),
    )


def toy_covariance(rng, n_jets):
    """Positive definite covariances of some 0.1 mm with correlations."""
    root = rng.normal(0, 0.1, (n_jets, 3, 3)) + 0.2 * np.eye(3)
    return root @ np.swapaxes(root, -1, -2)


def toy_vertices(jets, *, seed=1, narrow=1.0):
    """Vertices scattered about the truth by their sandwich covariance; `covariance` is `narrow`² smaller.

    Their chi2 is of the distribution with 2 Σ w - 3 degrees of freedom, times the largest weight.
    """
    rng = np.random.default_rng(seed)
    n_jets = len(jets.flavour)
    covariance = toy_covariance(rng, n_jets)
    scatter = np.linalg.cholesky(covariance) @ rng.normal(size=(n_jets, 3, 1))
    valid = rng.random(n_jets) < 0.95
    weights = np.clip(0.4 * jets.decay + rng.normal(0.35, 0.2, jets.origin.shape), 0, 1) * jets.real
    ghost = rng.random(n_jets)
    largest = np.maximum(weights.max(axis=1), ghost)
    freedom = np.maximum(2 * (weights.sum(axis=1) + ghost) / largest - 3, 0.01)
    return FittedVertices(
        position=jets.hadron_vertex + scatter[..., 0],
        covariance=covariance * narrow**2,
        sandwich_covariance=covariance,
        chi2=largest * rng.chisquare(freedom),
        ndf=np.full(n_jets, 3.0),
        iterations=np.full(n_jets, 4),
        status=np.where(valid, 0, 1),
        valid=valid,
        track_weights=weights,
        ghost_weight=ghost,
    )


def toy_predictions(jets, *, seed=2, sharpness=2.0, vertices=True):
    """Probabilities that favour the truth by `sharpness`."""
    rng = np.random.default_rng(seed)
    return Predictions(
        flavour=_softmax(rng.normal(size=(len(jets.flavour), 3)) + sharpness * np.eye(3)[jets.flavour]),
        origin=_softmax(rng.normal(size=(*jets.origin.shape, 4)) + sharpness * np.eye(4)[jets.origin]),
        vertex_index=np.where(jets.real & (rng.random(jets.real.shape) < 0.2), 0, jets.vertex_index),
        vertices=toy_vertices(jets) if vertices else None,
    )


def _softmax(logits):
    exponent = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponent / exponent.sum(axis=-1, keepdims=True)
