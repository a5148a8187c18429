"""Counts of negative eigenvalues against numpy."""

import jax.numpy as jnp
import numpy as np
import pytest

from ndive.vertexing.algebra import matrix, negatives2, negatives3

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
