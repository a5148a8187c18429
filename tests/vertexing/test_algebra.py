"""Counts of negative eigenvalues, and what counts as definite, against numpy."""

import jax.numpy as jnp
import numpy as np
import pytest

from ndive.vertexing.algebra import factored, inverted, matrix, negatives2, negatives3
from ndive.vertexing.step import smallest_pivot

pytestmark = pytest.mark.usefixtures("x64")


def symmetric(size, seed):
    A = np.random.default_rng(seed).normal(size=(500, size, size))
    return A + np.swapaxes(A, -1, -2)


def test_negative_eigenvalues_of_symmetric_pairs():
    A = symmetric(2, 1)
    expected = (np.linalg.eigvalsh(A) < 0).sum(axis=-1)
    assert set(expected) == {0, 1, 2}
    np.testing.assert_array_equal(negatives2(matrix(jnp.asarray(A))), expected)


def test_negative_eigenvalues_of_products_with_a_covariance():
    """1 - V M with a positive definite V is not symmetric, and its eigenvalues are real all the same."""
    root = np.random.default_rng(2).normal(size=(500, 3, 3))
    shift = 3 * np.random.default_rng(3).normal(size=(500, 1, 1)) * np.eye(3)
    V, M = root @ np.swapaxes(root, -1, -2), symmetric(3, 4) + shift
    A = np.eye(3) - V @ M
    expected = (np.linalg.eigvals(A).real < 0).sum(axis=-1)
    assert set(expected) == {0, 1, 2, 3}
    np.testing.assert_array_equal(negatives3(matrix(jnp.asarray(A))), expected)


def test_what_counts_as_definite_in_single_precision_has_an_inverse_that_rounding_did_not_make():
    rng = np.random.default_rng(1)
    axes = np.linalg.qr(rng.normal(size=(20_000, 3, 3)))[0]
    low, lowest = rng.uniform(-5, 0, 20_000), rng.uniform(-9, 0, 20_000)
    values = 10.0 ** np.stack([np.zeros(20_000), low, lowest], axis=-1)
    A = ((axes * values[:, None]) @ np.swapaxes(axes, 1, 2)).astype(np.float32)
    factor = factored(matrix(jnp.asarray(A)), smallest_pivot(jnp.dtype(np.float32)))
    found = np.moveaxis(np.asarray(inverted(factor)), -1, 0)
    definite = np.asarray(factor.definite)
    assert definite.mean() > 0.5
    right = np.linalg.inv(A[definite].astype(np.float64))
    assert np.all(np.linalg.eigvalsh(A[definite].astype(np.float64)) > 0)
    off = np.linalg.norm(found[definite] - right, axis=(1, 2)) / np.linalg.norm(right, axis=(1, 2))
    assert off.max() < 0.5
