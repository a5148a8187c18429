"""The layout of the published program, written anew from its description, to be timed beside ours.

Every jet pays for all its slots. The fit takes ten Gauss-Newton steps whether it needs them or not, with
diagonal errors and one block a track; its derivative in the weights inverts the dense Hessian of the vertex
and all momenta, 3 + 3n square. Tracks are moved to the vertex by a scan of 1000 points within ±20 mm. The
pairing head reads an array of n² rows, the two tracks and the jet repeated. Parameters, helix and
inputs are those of our model.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ndive.data import Batch
from ndive.models import NDIVE, Tagger, TaggerOutput, track_features
from ndive.models.encoder import masked_softmax
from ndive.models.features import propagated_features
from ndive.models.heads import Head
from ndive.tracks import Jet, Tracks, curvature, move_perigee, point_at_arc_length, wrap_angle
from ndive.vertexing import Vertex

STEPS = 10
SCAN = jnp.linspace(-20.0, 20.0, 1000)

Vector = Float[Array, "3"]
Momenta = Float[Array, "tracks 3"]


def published_tagger(model: Tagger, batch: Batch) -> TaggerOutput:
    """The outputs of `model`, a tagger without a vertexer or with a learned one, for a batch."""
    return jax.vmap(lambda jet: _tagged(model, jet))(batch.jet)


def _tagged(model: Tagger, jet: Jet) -> TaggerOutput:
    features = track_features(jet)
    embedded, weights, position = _encoded(model, jet, features, jnp.zeros(3)), None, None
    if model.vertexer is not None:
        weights, position = _vertexed(model.vertexer, jet, features)
        moved = propagated_features(features, _scanned(jet.tracks, position))
        embedded = jnp.concatenate([embedded, _encoded(model, jet, moved, position)], axis=-1)
    share = masked_softmax(model.pooling(embedded)[:, 0], jet.tracks.mask)
    pooled = share @ embedded
    n = len(embedded)
    of_jet = jnp.broadcast_to(pooled, embedded.shape)
    pairs = [jnp.repeat(embedded, n, axis=0), jnp.tile(embedded, (n, 1)), jnp.tile(of_jet, (n, 1))]
    return TaggerOutput(
        flavour_logits=_headed(model.heads.flavour, pooled),
        origin_logits=_headed(model.heads.origin, jnp.concatenate([embedded, of_jet], axis=-1)),
        pairing_logits=_headed(model.heads.pairing, jnp.concatenate(pairs, axis=-1)).reshape(n, n),
        weights=weights,
        vertex=None if position is None else _as_vertex(position, n),
    )


def _encoded(model: Tagger, jet: Jet, features: Array, position: Vector) -> Array:
    vertex = jnp.broadcast_to(model.normalisation.vertex(position), (len(features), 3))
    return model.encoder(jnp.concatenate([model.normalisation(features), vertex], axis=-1), jet.tracks.mask)


def _headed(head: Head, x: Array) -> Array:
    *hidden, last = head.layers
    for layer in hidden:
        x = jax.nn.relu(layer(x))
    return last(x)


def _vertexed(vertexer: NDIVE, jet: Jet, features: Array) -> tuple[Array, Vector]:
    assert vertexer.weigher is not None
    scores = vertexer.weigher(vertexer.normalisation(features), jet.tracks.mask)
    weights = jnp.where(jet.tracks.mask, jax.nn.sigmoid(scores), 0)
    return weights, _fitted(weights, jet.tracks)


def _residuals(v: Vector, momentum: Vector, q: Array, field: Array) -> Array:
    """Measured less expected perigee of one track with `momentum` at `v`."""
    off = q - move_perigee(jnp.concatenate([jnp.zeros(2), momentum]), -v, field)
    return off.at[2].set(wrap_angle(off[2]))


@jax.custom_vjp
def _fitted(weights: Array, tracks: Tracks) -> Vector:
    return _minimum(weights, tracks)[0]


def _minimum(weights: Array, tracks: Tracks) -> tuple[Vector, Momenta]:
    """Ten steps from the origin, each by elimination of the momenta one track at a time."""
    precision = weights[:, None] / jnp.diagonal(tracks.covariance, axis1=-2, axis2=-1)

    def step(carry: tuple[Vector, Momenta], _: None) -> tuple[tuple[Vector, Momenta], None]:
        v, momenta = carry

        def one(momentum: Vector, q: Array, w: Array) -> tuple[Array, ...]:
            off = _residuals(v, momentum, q, tracks.field)
            by_v, by_m = jax.jacfwd(_residuals, argnums=(0, 1))(v, momentum, q, tracks.field)
            A, B, C = by_v.T * w @ by_v, by_v.T * w @ by_m, by_m.T * w @ by_m
            back = jnp.linalg.inv(C + 1e-6 * jnp.eye(3))
            a, c = by_v.T * w @ off, by_m.T * w @ off
            return A - B @ back @ B.T, a - B @ back @ c, back, B, c

        matrices, drawn, back, B, c = jax.vmap(one)(momenta, tracks.parameters, precision)
        dv = -jnp.linalg.solve(jnp.sum(matrices, axis=0) + 1e-6 * jnp.eye(3), jnp.sum(drawn, axis=0))
        dm = -jnp.einsum("nij,nj->ni", back, c + jnp.einsum("nij,i->nj", B, dv))
        return (v + dv, momenta + dm), None

    begin = jnp.zeros(3), tracks.parameters[:, 2:]
    return jax.lax.scan(step, begin, None, length=STEPS)[0]


def _fitted_forward(weights: Array, tracks: Tracks) -> tuple[Vector, tuple[Array, Tracks, Vector, Momenta]]:
    v, momenta = _minimum(weights, tracks)
    return v, (weights, tracks, v, momenta)


def _fitted_backward(kept: tuple[Array, Tracks, Vector, Momenta], cotangent: Vector) -> tuple[Array, None]:
    """The implicit function theorem by the inverse of the whole Hessian."""
    weights, tracks, v, momenta = kept

    def slope(x: Array, weights: Array) -> Array:
        def chi2(x: Array) -> Array:
            off = jax.vmap(_residuals, (None, 0, 0, None))(
                x[:3], x[3:].reshape(-1, 3), tracks.parameters, tracks.field
            )
            variances = jnp.diagonal(tracks.covariance, axis1=-2, axis2=-1)
            return jnp.sum(weights[:, None] * off**2 / variances)

        return jax.grad(chi2)(x)

    x = jnp.concatenate([v, momenta.ravel()])
    inverse = jnp.linalg.inv(jax.jacfwd(slope)(x, weights) + 1e-6 * jnp.eye(len(x)))
    back = jnp.concatenate([cotangent, jnp.zeros(len(x) - 3)])
    return jax.vjp(lambda w: slope(x, w), weights)[1](-inverse @ back)[0], None


_fitted.defvjp(_fitted_forward, _fitted_backward)


def _scanned(tracks: Tracks, position: Vector) -> Tracks:
    """The tracks about `position`, each by the nearest of 1000 points along it in the transverse plane."""
    points = point_at_arc_length(tracks.parameters[:, None], SCAN, tracks.field, tracks.reference)
    nearest = jnp.argmin(jnp.linalg.norm(points[..., :2] - position[:2], axis=-1), axis=-1)
    x, y, z = jnp.moveaxis(points[jnp.arange(len(points)), nearest] - position, -1, 0)
    _, _, phi, theta, q_over_p = jnp.moveaxis(tracks.parameters, -1, 0)
    phi = wrap_angle(phi + curvature(theta, q_over_p, tracks.field) * SCAN[nearest])
    moved = jnp.stack([y * jnp.cos(phi) - x * jnp.sin(phi), z, phi, theta, q_over_p], axis=-1)
    return Tracks(moved, tracks.covariance, tracks.mask, tracks.field, position)


def _as_vertex(position: Vector, n: int) -> Vertex:
    """A vertex that tells its position alone."""
    return Vertex(
        position=position,
        covariance=jnp.zeros((3, 3)),
        sandwich_covariance=jnp.zeros((3, 3)),
        track_chi2=jnp.zeros(n),
        chi2=jnp.zeros(()),
        ndf=jnp.zeros((), jnp.int32),
        momenta=jnp.zeros((n, 3)),
        iterations=jnp.full((), STEPS, jnp.int32),
        status=jnp.zeros((), jnp.int32),
    )
