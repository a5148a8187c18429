"""The tracks of a jet, or of a batch of jets: measured perigees with their covariance."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float

from ndive.errors import ShapeError
from ndive.tracks.conventions import CURVATURE_CONSTANT, perigee_from_edm4hep
from ndive.tracks.helix import move_perigee

HARMLESS = (0.0, 0.0, 0.0, jnp.pi / 2, 0.0)
"""A track that no formula chokes on: straight, through the reference point, across the beam."""


class Tracks(eqx.Module):
    """Perigee parameters of tracks with their covariance, about one reference point a jet.

    Leading axes are any batch; all fields follow `jit`, `vmap` and `grad`. Conventions:
    `ndive.tracks.conventions`.

    **Attributes:**

    - `parameters` `[..., n, 5]`: d0 (mm), z0 (mm), phi (rad), theta (rad), q/p (1/GeV).
    - `covariance` `[..., n, 5, 5]` of the same.
    - `mask` `[..., n]`: True for a real track. What a masked slot holds changes nothing.
    - `field` `[...]`: tesla along +z.
    - `reference` `[..., 3]`: mm, the point about which the perigees are given.
    """

    parameters: Float[Array, "*batch tracks 5"]
    covariance: Float[Array, "*batch tracks 5 5"]
    mask: Bool[Array, "*batch tracks"]
    field: Float[Array, "*#batch"]
    reference: Float[Array, "*#batch 3"]

    def __init__(
        self,
        parameters: ArrayLike,
        covariance: ArrayLike,
        mask: ArrayLike | None = None,
        field: ArrayLike = 2.0,
        reference: ArrayLike | None = None,
    ) -> None:
        """Take the arrays as they are; no mask means that all tracks are real, no reference the origin.

        **Raises:** `ShapeError` where a shape or dtype is not one of the above.
        """
        self.parameters = jnp.asarray(parameters)
        if self.parameters.ndim < 2 or self.parameters.shape[-1] != 5:
            raise ShapeError(f"parameters have shape {self.parameters.shape}; they take [..., tracks, 5]")
        if not jnp.issubdtype(self.parameters.dtype, jnp.floating):
            raise ShapeError(f"parameters have dtype {self.parameters.dtype}; they take floating point")
        leading, dtype = self.parameters.shape[:-1], self.parameters.dtype
        self.covariance = _with_shape("covariance", jnp.asarray(covariance, dtype), (*leading, 5, 5))
        self.mask = (
            jnp.ones(leading, bool) if mask is None else _with_shape("mask", jnp.asarray(mask), leading)
        )
        if self.mask.dtype != jnp.bool_:
            raise ShapeError(f"mask has dtype {self.mask.dtype}; it takes bool")
        self.field = _with_shape("field", jnp.asarray(field, dtype), leading[:-1])
        point = jnp.zeros(3, dtype) if reference is None else jnp.asarray(reference, dtype)
        self.reference = _with_shape("reference", point, (*leading[:-1], 3))

    @classmethod
    def from_errors(
        cls,
        parameters: ArrayLike,
        errors: ArrayLike,
        mask: ArrayLike | None = None,
        field: ArrayLike = 2.0,
        reference: ArrayLike | None = None,
    ) -> "Tracks":
        """Tracks with a diagonal covariance from the `errors` `[..., n, 5]`, in the units of `parameters`.

        **Raises:** `ShapeError` as `Tracks`, or where the errors have another shape than the parameters.
        """
        parameters = jnp.asarray(parameters)
        errors = _with_shape("errors", jnp.asarray(errors, parameters.dtype), parameters.shape)
        return cls(
            parameters, errors[..., None] ** 2 * jnp.eye(5, dtype=errors.dtype), mask, field, reference
        )

    @classmethod
    def from_delphes(
        cls,
        parameters: ArrayLike,
        errors: ArrayLike,
        mask: ArrayLike | None = None,
        field: ArrayLike = 2.0,
        reference: ArrayLike | None = None,
    ) -> "Tracks":
        """Tracks from (d0, z0, phi, theta, rho) `[..., n, 5]` with the d0 sign of Delphes and rho in 1/mm.

        `errors` are those of the same five. With rho = c q/p / sin(theta) (`ndive.tracks.conventions`) the
        error of q/p carries that of theta, and with it a correlation between the two.

        **Raises:** `ShapeError` as `Tracks`, or where the errors have another shape than the parameters.
        """
        parameters = jnp.asarray(parameters)
        errors = _with_shape("errors", jnp.asarray(errors, parameters.dtype), parameters.shape)
        d0, z0, phi, theta, rho = jnp.moveaxis(parameters, -1, 0)
        scale = CURVATURE_CONSTANT * jnp.asarray(field, parameters.dtype)[..., None]
        q_over_p = rho * jnp.sin(theta) / scale
        jacobian = jnp.broadcast_to(
            jnp.diag(jnp.array([-1, 1, 1, 1, 0], errors.dtype)), (*parameters.shape, 5)
        )
        jacobian = jacobian.at[..., 4, 3].set(rho * jnp.cos(theta) / scale)
        jacobian = jacobian.at[..., 4, 4].set(jnp.sin(theta) / scale)
        covariance = jnp.einsum("...ij,...j,...kj->...ik", jacobian, errors**2, jacobian)
        return cls(jnp.stack([-d0, z0, phi, theta, q_over_p], axis=-1), covariance, mask, field, reference)

    @classmethod
    def from_edm4hep(
        cls,
        parameters: ArrayLike,
        covariance: ArrayLike,
        mask: ArrayLike | None = None,
        field: ArrayLike = 2.0,
        reference: ArrayLike | None = None,
    ) -> "Tracks":
        """Tracks from states of EDM4hep: (D0, phi, omega, Z0, tanLambda) `[..., n, 5]` in mm, rad and 1/mm.

        `covariance` holds the lower triangle of the covariance of the same, row by row: `[..., n, 15]`, or
        `[..., n, 21]` with the time as the sixth, which is left out.

        **Raises:** `ShapeError` as `Tracks`, or where the covariance has another number of terms.
        """
        parameters = jnp.asarray(parameters)
        terms = jnp.asarray(covariance, parameters.dtype)
        if terms.shape[-1:] not in ((15,), (21,)):
            raise ShapeError(f"covariance has shape {terms.shape}; it takes [..., tracks, 15] or 21 terms")
        terms = _with_shape("covariance", terms, (*parameters.shape[:-1], terms.shape[-1]))
        rows, columns = np.tril_indices(5)
        whole = jnp.zeros((*parameters.shape, 5), parameters.dtype)
        for one, other in ((rows, columns), (columns, rows)):
            whole = whole.at[..., one, other].set(terms[..., :15])
        fields = jnp.asarray(field, parameters.dtype)[..., None]
        return cls(*perigee_from_edm4hep(parameters, whole, fields), mask, field, reference)

    def at(self, point: ArrayLike) -> "Tracks":
        """The same tracks about another reference `point` `[..., 3]` in mm, covariance carried along.

        Exact and differentiable in the tracks and in the point. Leading axes of `point` broadcast against
        those of the tracks. Masked slots stay masked and finite.

        **Raises:** `ShapeError` where the last axis of `point` is not three or the others do not broadcast.
        """
        place = jnp.asarray(point, self.parameters.dtype)
        if place.shape[-1:] != (3,):
            raise ShapeError(f"point has shape {place.shape}; it takes [..., 3]")
        try:
            jnp.broadcast_shapes(place.shape[:-1], self.mask.shape[:-1])
        except ValueError as error:
            raise ShapeError(
                f"point {list(place.shape[:-1])} and tracks {list(self.mask.shape[:-1])} do not broadcast"
            ) from error
        return _about(self, place)


@jax.jit
def _about(tracks: Tracks, point: Float[Array, "*more 3"]) -> Tracks:
    """The tracks about another reference point, as one compiled function."""
    batch = jnp.broadcast_shapes(point.shape[:-1], tracks.mask.shape[:-1])
    leading = (*batch, tracks.mask.shape[-1])
    mask = jnp.broadcast_to(tracks.mask, leading)
    parameters = jnp.where(mask[..., None], tracks.parameters, jnp.array(HARMLESS, tracks.parameters.dtype))
    displacement = jnp.broadcast_to((point - tracks.reference)[..., None, :], (*leading, 3))
    field = jnp.broadcast_to(tracks.field[..., None], leading)

    def move(one: Float[Array, "*batch 5"]) -> Float[Array, "*batch 5"]:
        return move_perigee(one, displacement, field)

    basis = jnp.eye(5, dtype=parameters.dtype)
    moved, columns = jax.vmap(
        lambda direction: jax.jvp(move, (parameters,), (jnp.broadcast_to(direction, parameters.shape),)),
        out_axes=(None, -1),
    )(basis)
    covariance = jnp.where(mask[..., None, None], tracks.covariance, basis)
    return Tracks(
        moved,
        jnp.einsum("...ij,...jk,...lk->...il", columns, covariance, columns),
        mask,
        jnp.broadcast_to(tracks.field, batch),
        jnp.broadcast_to(point, (*batch, 3)),
    )


def _with_shape(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    """`array` broadcast to `shape`."""
    if array.ndim > len(shape) or any(
        size not in (1, target)
        for size, target in zip(array.shape, shape[len(shape) - array.ndim :], strict=True)
    ):
        raise ShapeError(f"{name} has shape {array.shape}; it takes {shape}")
    return jnp.broadcast_to(array, shape)
