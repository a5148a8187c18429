"""Algebra of small matrices whose entries are arrays: tuples of rows, rows of components.

An entry holds one number for each track, or for each jet, so every line below becomes part of one fused loop
over a whole batch. An entry may also be the integer 0 or 1: a known constant, which costs nothing.
"""

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

Entry = Array | float
"""An array over tracks and jets, or a constant."""

Vector = tuple[Entry, ...]
"""Components."""

Matrix = tuple[tuple[Entry, ...], ...]
"""Rows of components."""


def vector(array: Float[Array, "*rest i"]) -> Vector:
    """The last axis of an array as components."""
    return tuple(jnp.unstack(array, axis=-1))


def matrix(array: Float[Array, "*rest i j"]) -> Matrix:
    """The last two axes of an array as rows of components."""
    return tuple(vector(row) for row in jnp.unstack(array, axis=-2))


def components(array: Float[Array, "i *rest"]) -> Vector:
    """The first axis of an array as components."""
    return tuple(jnp.unstack(array))


def symmetric(array: Float[Array, "i i *rest"]) -> Matrix:
    """The first two axes of a symmetric array as rows of components, its upper triangle read twice."""
    return mirrored(tuple(components(row) for row in jnp.unstack(array)))


def stacked(x: Vector) -> Float[Array, "*rest i"]:
    """Components as the last axis of one array."""
    return jnp.stack(jnp.broadcast_arrays(*x), axis=-1)


def stacked_rows(A: Matrix) -> Float[Array, "*rest i j"]:
    """Rows of components as the last two axes of one array."""
    return jnp.stack([stacked(row) for row in A], axis=-2)


def block(A: Matrix, rows: slice, columns: slice) -> Matrix:
    """The part of a matrix in `rows` and `columns`."""
    return tuple(row[columns] for row in A[rows])


def diagonal(entries: Vector) -> Matrix:
    """The matrix with these entries on its diagonal."""
    size = len(entries)
    return tuple(tuple(entries[i] if i == j else 0 for j in range(size)) for i in range(size))


def identity(size: int) -> Matrix:
    """The unit matrix."""
    return diagonal((1,) * size)


def plus(x: Vector, y: Vector) -> Vector:
    """x + y."""
    return tuple(_plus(a, b) for a, b in zip(x, y, strict=True))


def minus(x: Vector, y: Vector) -> Vector:
    """x - y."""
    return plus(x, scaled(-1.0, y))


def scaled(factor: Array | float, x: Vector) -> Vector:
    """factor x."""
    return tuple(_times(a, factor) for a in x)


def added(A: Matrix, B: Matrix) -> Matrix:
    """A + B."""
    return tuple(plus(a, b) for a, b in zip(A, B, strict=True))


def subtracted(A: Matrix, B: Matrix) -> Matrix:
    """A - B."""
    return tuple(minus(a, b) for a, b in zip(A, B, strict=True))


def multiplied(factor: Array | float, A: Matrix) -> Matrix:
    """factor A."""
    return tuple(scaled(factor, row) for row in A)


def dot(x: Vector, y: Vector) -> Entry:
    """The scalar product."""
    return _sum(_times(a, b) for a, b in zip(x, y, strict=True))


def squares(x: Vector) -> Vector:
    """The square of each component."""
    return tuple(component**2 for component in x)


def applied(A: Matrix, x: Vector) -> Vector:
    """A x."""
    return tuple(dot(row, x) for row in A)


def transposed(A: Matrix) -> Matrix:
    """Aᵀ."""
    return tuple(zip(*A, strict=True))


def product(A: Matrix, B: Matrix) -> Matrix:
    """A B."""
    columns = transposed(B)
    return tuple(tuple(dot(row, column) for column in columns) for row in A)


def mirrored(A: Matrix) -> Matrix:
    """A with its lower triangle copied from the upper one, for products known to be symmetric."""
    size = len(A)
    return tuple(tuple(A[min(i, j)][max(i, j)] for j in range(size)) for i in range(size))


def negatives2(A: Matrix) -> Int[Array, "*rest"]:
    """How many eigenvalues of a symmetric 2x2 matrix are negative."""
    (p, q), (_, r) = A
    return jnp.where(q * q > p * r, 1, jnp.where(p + r > 0, 0, 2))


def negatives3(A: Matrix) -> Int[Array, "*rest"]:
    """How many eigenvalues of a 3x3 matrix are negative, all of them being real: Descartes' rule of signs."""
    trace = A[0][0] + A[1][1] + A[2][2]
    minors = _cofactor(A, 0, 0) + _cofactor(A, 1, 1) + _cofactor(A, 2, 2)
    determinant = dot(A[0], tuple(_cofactor(A, 0, j) for j in range(3)))
    even = jnp.where((trace > 0) & (minors > 0), 0, 2)
    odd = jnp.where((trace < 0) & (minors > 0), 3, 1)
    return jnp.where(determinant > 0, even, odd)


def inverse2(A: Matrix) -> Matrix:
    """Inverse of a symmetric 2x2 matrix, definite or not, scaled to a diagonal of ±1 on the way."""
    (p, q), (_, r) = A
    sigma_p, sigma_r, sign_p, sign_r = jnp.sqrt(jnp.abs(p)), jnp.sqrt(jnp.abs(r)), jnp.sign(p), jnp.sign(r)
    a, b, off = 1 / sigma_p, 1 / sigma_r, q / (sigma_p * sigma_r)
    determinant = jnp.where(sign_p == sign_r, (1 - off) * (1 + off), -1 - off * off)
    side = -off * a * b / determinant
    return (sign_r * a * a / determinant, side), (side, sign_p * b * b / determinant)


def inverse3(A: Matrix) -> Matrix:
    """Inverse of a general 3x3 matrix by its cofactors."""
    cofactors = tuple(tuple(_cofactor(A, i, j) for j in range(3)) for i in range(3))
    return multiplied(1 / dot(A[0], cofactors[0]), transposed(cofactors))


class Factor(NamedTuple):
    """Cholesky factor of a symmetric 3x3 matrix that was scaled to a unit diagonal.

    `definite` tells whether all pivots were large enough; where not, the factor is that of the identity.
    """

    lower: Matrix
    scale: Vector
    definite: Bool[Array, "*jets"]


FEW = 8
"""Of 100 000 pairs of tracks 99.9 % have an error of half as many eps in that product, in float32."""


def factored(A: Matrix, smallest: float) -> Factor:
    """Factor a symmetric 3x3 matrix; a scaled pivot of `smallest` or less counts as not definite.

    Rounding makes an error of about eps / second pivot in the third one. So the product of both must exceed
    a few eps, too, where `smallest` does.
    """
    rounding = min(smallest, FEW * float(jnp.finfo(jnp.result_type(A[0][0])).eps))
    diagonal = tuple(A[i][i] for i in range(3))
    positive = (diagonal[0] > 0) & (diagonal[1] > 0) & (diagonal[2] > 0)
    s0, s1, s2 = (1 / jnp.sqrt(jnp.where(positive, entry, 1)) for entry in diagonal)
    l10 = A[1][0] * s1 * s0
    l20 = A[2][0] * s2 * s0
    first = (1 - l10) * (1 + l10)
    l11 = jnp.sqrt(jnp.where(first > smallest, first, 1))
    l21 = (A[2][1] * s2 * s1 - l20 * l10) / l11
    second = (1 - l20) * (1 + l20) - l21**2
    definite = positive & (first > smallest) & (second > smallest) & (first * second > rounding)
    l22 = jnp.sqrt(jnp.where(definite, second, 1))
    one, (l10, l11, l20, l21) = (
        jnp.ones_like(l22),
        (jnp.where(definite, entry, other) for entry, other in ((l10, 0), (l11, 1), (l20, 0), (l21, 0))),
    )
    return Factor(((one, 0, 0), (l10, l11, 0), (l20, l21, l22)), (s0, s1, s2), definite)


def solved(factor: Factor, x: Vector) -> Vector:
    """A⁻¹ x for a factored A."""
    (_, (l10, l11, _), (l20, l21, l22)), (s0, s1, s2) = factor.lower, factor.scale
    u0 = _times(x[0], s0)
    u1 = (_times(x[1], s1) - l10 * u0) / l11
    u2 = (_times(x[2], s2) - l20 * u0 - l21 * u1) / l22
    v2 = u2 / l22
    v1 = (u1 - l21 * v2) / l11
    v0 = u0 - l10 * v1 - l20 * v2
    return v0 * s0, v1 * s1, v2 * s2


def inverted(factor: Factor) -> Matrix:
    """A⁻¹ of a factored A."""
    return mirrored(transposed(tuple(solved(factor, column) for column in identity(3))))


class Decomposition(NamedTuple):
    """L D Lᵀ of a symmetric matrix scaled to a unit diagonal: the rows of L below its diagonal, and D."""

    lower: tuple[Vector, ...]
    pivots: Vector
    scale: Vector


def decomposed(A: Matrix) -> Decomposition:
    """L D Lᵀ of a symmetric matrix of any size; all pivots are positive where the matrix is."""
    size = len(A)
    scale = tuple(1 / jnp.sqrt(jnp.where(A[i][i] > 0, A[i][i], 1)) for i in range(size))
    rows = [[A[i][j] * scale[i] * scale[j] for j in range(i + 1)] for i in range(size)]
    lower: list[list[Entry]] = [[] for _ in range(size)]
    for k in range(size):
        reciprocal = 1 / jnp.where(rows[k][k] > 0, rows[k][k], 1)
        for i in range(k + 1, size):
            lower[i].append(rows[i][k] * reciprocal)
            for j in range(k + 1, i + 1):
                rows[i][j] = rows[i][j] - lower[i][k] * rows[j][k]
    return Decomposition(tuple(map(tuple, lower)), tuple(rows[k][k] for k in range(size)), scale)


def positive(A: Decomposition) -> Bool[Array, "*rest"]:
    """Whether a decomposed matrix is positive definite."""
    return jnp.all(jnp.stack([jnp.asarray(pivot) > 0 for pivot in A.pivots]), axis=0)


def inverse_form(A: Decomposition, x: Vector) -> Entry:
    """xᵀ A⁻¹ x for a decomposed positive definite A."""
    y: list[Entry] = []
    for row, scale, component in zip(A.lower, A.scale, x, strict=True):
        known = [_times(_times(factor, done), -1.0) for factor, done in zip(row, y, strict=True)]
        y.append(_sum([_times(component, scale), *known]))
    return _sum(part**2 / pivot for part, pivot in zip(y, A.pivots, strict=True))


def _cofactor(A: Matrix, row: int, column: int) -> Entry:
    r, s, c, d = (row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3
    return dot((A[r][c], A[r][d]), (A[s][d], _times(A[s][c], -1.0)))


def _sum(entries: Iterable[Entry]) -> Entry:
    return reduce(_plus, entries)


def _times(a: Entry, b: Entry) -> Entry:
    if isinstance(b, int):
        a, b = b, a
    if isinstance(a, int):
        return b if a == 1 else 0
    return a * b


def _plus(a: Entry, b: Entry) -> Entry:
    if isinstance(b, int) and b == 0:
        return a
    if isinstance(a, int) and a == 0:
        return b
    return a + b
