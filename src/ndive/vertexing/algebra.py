"""Algebra of 2x2 and 3x3 matrices whose two matrix axes come first, ahead of tracks and batch.

Each product is written out over its short inner axis, so that one compiled loop serves a whole batch.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def product(A: Float[Array, "i k *rest"], B: Float[Array, "k j *more"]) -> Float[Array, "i j *out"]:
    """Matrix product over the first two axes; the others broadcast."""
    return sum(A[:, None, k] * B[None, k] for k in range(A.shape[1]))


def applied(A: Float[Array, "i k *rest"], x: Float[Array, "k *more"]) -> Float[Array, "i *out"]:
    """Matrix times vector over the first axes; the others broadcast."""
    return sum(A[:, k] * x[k] for k in range(A.shape[1]))


def transposed(A: Float[Array, "i j *rest"]) -> Float[Array, "j i *rest"]:
    """The transpose in the first two axes."""
    return jnp.swapaxes(A, 0, 1)


def identity(like: Float[Array, "i i *rest"]) -> Float[Array, "i i *ones"]:
    """The unit matrix of the same size and rank as `like`, with axes of length one behind."""
    size = like.shape[0]
    return jnp.eye(size, dtype=like.dtype).reshape(size, size, *(1,) * (like.ndim - 2))


def inverse2(A: Float[Array, "2 2 *rest"]) -> Float[Array, "2 2 *rest"]:
    """Inverse of a symmetric positive definite 2x2 matrix, scaled by its diagonal first."""
    scale = 1 / jnp.sqrt(jnp.stack([A[0, 0], A[1, 1]]))
    off = A[0, 1] * scale[0] * scale[1]
    rows = jnp.stack([jnp.stack([jnp.ones_like(off), -off]), jnp.stack([-off, jnp.ones_like(off)])])
    return rows * scale[:, None] * scale[None] / ((1 - off) * (1 + off))


def inverse3(A: Float[Array, "3 3 *rest"]) -> Float[Array, "3 3 *rest"]:
    """Inverse of a 3x3 matrix by cofactors, close to the identity in its use here."""
    cofactors = jnp.stack(
        [jnp.stack([_cofactor(A, row, column) for column in range(3)]) for row in range(3)]
    )
    determinant = sum(A[0, column] * cofactors[0, column] for column in range(3))
    return transposed(cofactors) / determinant


def _cofactor(A: Float[Array, "3 3 *rest"], row: int, column: int) -> Float[Array, "*rest"]:
    r, s, c, d = (row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3
    return A[r, c] * A[s, d] - A[r, d] * A[s, c]


class Factor(NamedTuple):
    """Cholesky factor of a symmetric 3x3 matrix that was scaled to a unit diagonal.

    `definite` tells whether all pivots are above `smallest`; where not, the factor is that of the identity.
    """

    lower: Float[Array, "3 3 *rest"]
    scale: Float[Array, "3 *rest"]
    definite: Bool[Array, "*rest"]


def factored(A: Float[Array, "3 3 *rest"], smallest: float) -> Factor:
    """Factor a symmetric 3x3 matrix; a scaled pivot of `smallest` or less counts as not definite."""
    diagonal = jnp.stack([A[0, 0], A[1, 1], A[2, 2]])
    positive = jnp.all((diagonal > 0) & jnp.isfinite(diagonal), axis=0)
    scale = 1 / jnp.sqrt(jnp.where(positive, diagonal, 1))
    R = jnp.where(positive, A * scale[:, None] * scale[None], identity(A))
    l10, l20 = R[1, 0], R[2, 0]
    p1 = 1 - l10**2
    fine1 = p1 > smallest
    l11 = jnp.sqrt(jnp.where(fine1, p1, 1))
    l21 = (R[2, 1] - l20 * l10) / l11
    p2 = 1 - l20**2 - l21**2
    definite = positive & fine1 & (p2 > smallest)
    l22 = jnp.sqrt(jnp.where(definite, p2, 1))
    zero, one = jnp.zeros_like(l10), jnp.ones_like(l10)
    lower = jnp.stack(
        [jnp.stack([one, zero, zero]), jnp.stack([l10, l11, zero]), jnp.stack([l20, l21, l22])]
    )
    return Factor(jnp.where(definite, lower, identity(A)), scale, definite)


def solved(factor: Factor, x: Float[Array, "3 *more"]) -> Float[Array, "3 *out"]:
    """A⁻¹ x for a factored A."""
    L, scale = factor.lower, factor.scale
    u0 = x[0] * scale[0]
    u1 = (x[1] * scale[1] - L[1, 0] * u0) / L[1, 1]
    u2 = (x[2] * scale[2] - L[2, 0] * u0 - L[2, 1] * u1) / L[2, 2]
    v2 = u2 / L[2, 2]
    v1 = (u1 - L[2, 1] * v2) / L[1, 1]
    v0 = u0 - L[1, 0] * v1 - L[2, 0] * v2
    return jnp.stack([v0 * scale[0], v1 * scale[1], v2 * scale[2]])


def inverted(factor: Factor) -> Float[Array, "3 3 *rest"]:
    """A⁻¹ of a factored A, symmetric to the last bit."""
    unit = identity(factor.lower)
    inverse = jnp.stack([solved(factor, jnp.broadcast_to(unit[j], factor.scale.shape)) for j in range(3)])
    return (inverse + transposed(inverse)) / 2


def positive_definite(V: Float[Array, "k k *rest"], smallest: float) -> Bool[Array, "*rest"]:
    """Whether a symmetric matrix, scaled to a unit diagonal, has all its pivots above `smallest`."""
    size = V.shape[0]
    diagonal = jnp.stack([V[i, i] for i in range(size)])
    fine = jnp.all(diagonal > 0, axis=0)
    scale = 1 / jnp.sqrt(jnp.where(diagonal > 0, diagonal, 1))
    rows = [[V[i, j] * scale[i] * scale[j] for j in range(size)] for i in range(size)]
    for k in range(size):
        pivot = rows[k][k]
        fine &= pivot > smallest
        safe = jnp.where(pivot > smallest, pivot, 1)
        for i in range(k + 1, size):
            ratio = rows[i][k] / safe
            for j in range(i, size):
                rows[j][i] = rows[j][i] - ratio * rows[j][k]
    return fine
