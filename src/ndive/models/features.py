"""The 18 inputs of a network, one row a track, from a jet."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ndive.tracks import CURVATURE_CONSTANT, Jet, Tracks, absolute_momentum, curvature, wrap_angle

FEATURE_NAMES = (
    "pt",
    "d0",
    "z0",
    "phi",
    "theta",
    "rho",
    "log_pt_fraction",
    "dr",
    "pt_error",
    "d0_error",
    "z0_error",
    "phi_error",
    "theta_error",
    "rho_error",
    "d0_significance",
    "z0_significance",
    "log_jet_pt",
    "jet_eta",
)
"""Names of the columns of `track_features`, in order."""

N_FEATURES = len(FEATURE_NAMES)

HARMLESS_FEATURES = (0.0, 0.0, 0.0, jnp.pi / 2, 1.0)
"""A track in a masked slot, of which no feature and no derivative is NaN."""

ERRORS = slice(FEATURE_NAMES.index("pt_error"), FEATURE_NAMES.index("rho_error") + 1)


def track_features(jet: Jet) -> Float[Array, "*batch tracks 18"]:
    """The inputs of every track of a jet, or of a batch of jets.

    | columns | definition | unit |
    |---|---|---|
    | 0 `pt` | sin(theta) / abs(q/p), a straight track counts as 1e6 GeV | GeV |
    | 1–4 `d0 z0 phi theta` | as measured, about the reference point | mm, mm, rad, rad |
    | 5 `rho` | signed curvature, see `ndive.tracks.conventions` | 1/mm |
    | 6 `log_pt_fraction` | log(track pT / jet pT) | |
    | 7 `dr` | distance to the jet axis in (eta, phi) | |
    | 8–13 `pt_error d0_error z0_error phi_error theta_error rho_error` | from the covariance; those of pT and rho to first order, with the correlation of theta and q/p | as the quantity |
    | 14 `d0_significance` | abs(d0) / error, positive where the perigee lies ahead along the jet axis: sign of d0 sin(jet phi − phi) | |
    | 15 `z0_significance` | abs(z0) / error, sign of z0 (jet eta − eta) | |
    | 16 `log_jet_pt` | log(jet pT / GeV) | |
    | 17 `jet_eta` | pseudorapidity of the jet | |

    The list is that of arXiv:2310.12804, section 4; the lifetime signs are those of the ATLAS taggers. A
    masked slot gives a row of zeros whatever it holds.
    """  # noqa: E501
    tracks = jet.tracks
    parameters, covariance = _without_masked(tracks)
    d0, z0, phi, theta, q_over_p = (parameters[..., k] for k in range(5))
    field = jnp.asarray(tracks.field)[..., None]
    jet_pt, jet_eta, jet_phi = (jnp.asarray(x)[..., None] for x in (jet.pt, jet.eta, jet.phi))

    sin, cos = jnp.sin(theta), jnp.cos(theta)
    momentum = absolute_momentum(q_over_p)
    pt = sin * momentum
    eta = -jnp.log(jnp.tan(theta / 2))
    rho = curvature(theta, q_over_p, field)
    pt_error = _error_of(covariance, cos * momentum, -pt * momentum * jnp.sign(q_over_p))
    rho_error = _error_of(covariance, -rho * cos / sin, CURVATURE_CONSTANT * field / sin)
    d0_error, z0_error, phi_error, theta_error = (jnp.sqrt(covariance[..., k, k]) for k in range(4))
    columns = [
        *(pt, d0, z0, phi, theta, rho),
        jnp.log(pt / jet_pt),
        _distance(eta - jet_eta, phi - jet_phi),
        *(pt_error, d0_error, z0_error, phi_error, theta_error, rho_error),
        jnp.abs(d0) / d0_error * jnp.sign(d0 * jnp.sin(jet_phi - phi)),
        jnp.abs(z0) / z0_error * jnp.sign(z0 * (jet_eta - eta)),
        jnp.broadcast_to(jnp.log(jet_pt), pt.shape),
        jnp.broadcast_to(jet_eta, pt.shape),
    ]
    return _zero_masked(jnp.stack(columns, axis=-1), tracks.mask)


def propagated_features(
    features: Float[Array, "*batch tracks 18"], there: Tracks
) -> Float[Array, "*batch tracks 18"]:
    """The same inputs with (d0, z0, phi, theta, rho) of the tracks about another point, such as a vertex.

    `there` is `jet.tracks.at(vertex.position)`. pT, dR, errors and significances stay as they were at the
    first reference point, as published; `track_features` of a jet with the tracks `there` has them all anew.
    """
    parameters, _ = _without_masked(there)
    theta, q_over_p = parameters[..., 3], parameters[..., 4]
    rho = curvature(theta, q_over_p, jnp.asarray(there.field)[..., None])
    moved = jnp.concatenate(
        [features[..., :1], parameters[..., :4], rho[..., None], features[..., 6:]], axis=-1
    )
    return _zero_masked(moved, there.mask)


def ghost_features(jet: Jet, features: Float[Array, "*batch tracks 18"]) -> Float[Array, "*batch 1 18"]:
    """The inputs of the ghost track: the jet axis as a straight track through the reference point.

    pT, phi and theta are those of the jet, d0, z0 and rho are zero, the errors are the means over the tracks.
    """
    mask = jet.tracks.mask
    errors = mean_over_tracks(features[..., ERRORS], mask)
    zero = jnp.zeros_like(errors[..., 0])
    pt, eta, phi = (x + zero for x in (jet.pt, jet.eta, jet.phi))
    head = jnp.stack([pt, zero, zero, phi, jet_theta(eta), zero, zero, zero], axis=-1)
    tail = jnp.stack([zero, zero, jnp.log(pt), eta], axis=-1)
    return jnp.concatenate([head, errors, tail], axis=-1)[..., None, :]


def jet_theta(eta: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Polar angle in rad of a pseudorapidity."""
    return 2 * jnp.arctan(jnp.exp(-eta))


def mean_over_tracks(
    values: Float[Array, "*batch tracks k"], mask: Bool[Array, "*batch tracks"]
) -> Float[Array, "*batch k"]:
    """Mean over the real tracks of a jet; zero where it has none."""
    total = jnp.sum(jnp.where(mask[..., None], values, 0), axis=-2)
    return total / jnp.maximum(jnp.sum(mask, axis=-1), 1)[..., None]


def _without_masked(
    tracks: Tracks,
) -> tuple[Float[Array, "*batch tracks 5"], Float[Array, "*batch tracks 5 5"]]:
    """Parameters and covariance with a harmless track in every masked slot, so that no derivative is NaN."""
    harmless = jnp.array(HARMLESS_FEATURES, tracks.parameters.dtype)
    parameters = jnp.where(tracks.mask[..., None], tracks.parameters, harmless)
    identity = jnp.eye(5, dtype=tracks.covariance.dtype)
    return parameters, jnp.where(tracks.mask[..., None, None], tracks.covariance, identity)


def _zero_masked(
    rows: Float[Array, "*batch tracks k"], mask: Bool[Array, "*batch tracks"]
) -> Float[Array, "*batch tracks k"]:
    return jnp.where(mask[..., None], rows, 0)


def _error_of(
    covariance: Float[Array, "*tracks 5 5"],
    by_theta: Float[Array, "*tracks"],
    by_q_over_p: Float[Array, "*tracks"],
) -> Float[Array, "*tracks"]:
    """Error of a function of theta and q/p, to first order."""
    theta, cross, q_over_p = covariance[..., 3, 3], covariance[..., 3, 4], covariance[..., 4, 4]
    variance = by_theta**2 * theta + 2 * by_theta * by_q_over_p * cross + by_q_over_p**2 * q_over_p
    return jnp.sqrt(jnp.maximum(variance, jnp.finfo(variance.dtype).tiny))


def _distance(deta: Float[Array, "*tracks"], dphi: Float[Array, "*tracks"]) -> Float[Array, "*tracks"]:
    squared = deta**2 + wrap_angle(dphi) ** 2
    return jnp.sqrt(jnp.maximum(squared, jnp.finfo(squared.dtype).tiny))
