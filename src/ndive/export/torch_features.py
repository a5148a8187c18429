"""The inputs of the networks in PyTorch: what `ndive.models.features`, `ghost` and `ranks` do, on batches."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ndive.models.features import ERRORS, HARMLESS_FEATURES
from ndive.models.ranks import N_RANKS
from ndive.tracks import CURVATURE_CONSTANT, HARMLESS, STRAIGHT


class Jets(NamedTuple):
    """A batch of b jets of n slots, as a model takes them; what masked slots hold changes nothing.

    **Attributes:** `pt` in GeV, `eta` and `phi` in rad, each `[b]`; `parameters` `[b, n, 5]`: d0 (mm), z0
    (mm), phi (rad), theta (rad), q/p (1/GeV) about the origin; `covariance` `[b, n, 5, 5]` of the same;
    `mask` `[b, n]`, True for a real track; `field` `[b]` in tesla along +z.
    """

    pt: Tensor
    eta: Tensor
    phi: Tensor
    parameters: Tensor
    covariance: Tensor
    mask: Tensor
    field: Tensor


def track_features(jets: Jets) -> Tensor:
    """The 18 inputs of every track `[b, n, 18]`, those of `ndive.models.features.track_features`."""
    mask = jets.mask
    parameters = _filled(jets.parameters, mask, HARMLESS_FEATURES)
    identity = torch.eye(5, dtype=parameters.dtype, device=parameters.device)
    covariance = torch.where(mask[..., None, None], jets.covariance, identity)
    d0, z0, phi, theta, q_over_p = parameters.unbind(-1)
    jet_pt, jet_eta, jet_phi = (x[:, None].expand_as(d0) for x in (jets.pt, jets.eta, jets.phi))
    sin, cos = theta.sin(), theta.cos()
    momentum = 1 / q_over_p.abs().clamp(min=STRAIGHT)
    pt, eta = sin * momentum, -(theta / 2).tan().log()
    field = jets.field[:, None]
    rho = curvature(theta, q_over_p, field)
    pt_error = _error_of(covariance, cos * momentum, -pt * momentum * q_over_p.sign())
    rho_error = _error_of(covariance, -rho * cos / sin, CURVATURE_CONSTANT * field / sin)
    d0_error, z0_error, phi_error, theta_error = (covariance[..., k, k].sqrt() for k in range(4))
    columns = [
        *(pt, d0, z0, phi, theta, rho),
        (pt / jet_pt).log(),
        _distance(eta - jet_eta, phi - jet_phi),
        *(pt_error, d0_error, z0_error, phi_error, theta_error, rho_error),
        d0.abs() / d0_error * (d0 * (jet_phi - phi).sin()).sign(),
        z0.abs() / z0_error * (z0 * (jet_eta - eta)).sign(),
        jet_pt.log(),
        jet_eta,
    ]
    return torch.where(mask[..., None], torch.stack(columns, dim=-1), 0)


def propagated_features(features: Tensor, jets: Jets, point: Tensor) -> Tensor:
    """The same with (d0, z0, phi, theta, rho) of the tracks about `point` `[b, 3]` in mm."""
    straight = _filled(jets.parameters, jets.mask, HARMLESS)
    field = jets.field[:, None]
    moved = move_perigee(straight, point[:, None], field)
    rho = curvature(moved[..., 3], moved[..., 4], field)
    whole = torch.cat([features[..., :1], moved[..., :4], rho[..., None], features[..., 6:]], dim=-1)
    return torch.where(jets.mask[..., None], whole, 0)


def about(jets: Jets, point: Tensor) -> Jets:
    """The jets with their tracks and covariances about `point` `[b, 3]` in mm, as `ndive.Tracks.at`."""
    parameters = _filled(jets.parameters, jets.mask, HARMLESS)
    identity = torch.eye(5, dtype=parameters.dtype, device=parameters.device)
    covariance = torch.where(jets.mask[..., None, None], jets.covariance, identity)

    def move(one: Tensor) -> Tensor:
        return move_perigee(one, point[:, None], jets.field[:, None])

    moved, pulled_back = torch.func.vjp(move, parameters)
    slope = torch.stack([pulled_back(row.expand_as(parameters))[0] for row in identity], dim=-2)
    return jets._replace(parameters=moved, covariance=slope @ covariance @ slope.mT)


def ghost_features(jets: Jets, features: Tensor) -> Tensor:
    """The inputs of the ghost track `[b, 1, 18]`, those of `ndive.models.features.ghost_features`."""
    errors = _mean_over_tracks(features[..., ERRORS], jets.mask)
    zero = torch.zeros_like(jets.pt)
    head = [jets.pt, zero, zero, jets.phi, _theta(jets.eta), zero, zero, zero]
    tail = [zero, zero, jets.pt.log(), jets.eta]
    return torch.cat([torch.stack(head, dim=-1), errors, torch.stack(tail, dim=-1)], dim=-1)[:, None]


def with_ghost(jets: Jets) -> Jets:
    """The jets with their axis as one more track in slot 0, as `ndive.models.ghost.with_ghost`."""
    some = jets.mask.any(dim=-1)
    zero = torch.zeros_like(jets.pt)
    parameters = torch.stack([zero, zero, jets.phi, _theta(jets.eta), zero], dim=-1)
    variances = torch.where(jets.mask[..., None], jets.covariance.diagonal(dim1=-2, dim2=-1), 1)
    errors = torch.where(some[:, None], _mean_over_tracks(variances.sqrt(), jets.mask), 1)
    return jets._replace(
        parameters=torch.cat([parameters[:, None], jets.parameters], dim=1),
        covariance=torch.cat([torch.diag_embed(errors**2)[:, None], jets.covariance], dim=1),
        mask=torch.cat([some[:, None], jets.mask], dim=1),
    )


def one_hot_rank(pt: Tensor, mask: Tensor) -> Tensor:
    """One-hot of each real track's rank in pT `[b, n, 15]`, the hardest first."""
    descending = torch.where(mask, -pt, torch.inf).argsort(dim=-1, stable=True)
    ranks = torch.arange(N_RANKS, device=pt.device)
    return ((descending.argsort(dim=-1)[..., None] == ranks) & mask[..., None]).to(pt.dtype)


def curvature(theta: Tensor, q_over_p: Tensor, field: Tensor) -> Tensor:
    """Signed curvature in 1/mm in `field` tesla, as `ndive.tracks.curvature`."""
    return CURVATURE_CONSTANT * field * q_over_p / theta.sin()


def move_perigee(parameters: Tensor, displacement: Tensor, field: Tensor) -> Tensor:
    """The same helices about a point `displacement` mm away, as `ndive.tracks.helix.move_perigee`."""
    d0, z0, phi, theta, q_over_p = parameters.unbind(-1)
    x, y, z = displacement.unbind(-1)
    rho = curvature(theta, q_over_p, field)
    along = phi.cos() * x + phi.sin() * y
    offset = d0 - (phi.cos() * y - phi.sin() * x)
    ahead, aside = 1 + rho * offset, rho * along
    turn, norm = torch.atan2(aside, ahead), (ahead**2 + aside**2).sqrt()
    arc = along / (_sine_over(turn) * norm)
    moved_d0 = (2 * offset + rho * (offset**2 + along**2)) / (norm + 1)
    moved_z0 = z0 - z + arc * theta.cos() / theta.sin()
    return torch.stack([moved_d0, moved_z0, _wrapped(phi + turn), theta, q_over_p], dim=-1)


def _sine_over(turn: Tensor) -> Tensor:
    """sin(turn) / turn, by its series where the turn is small."""
    small = turn.abs() < 0.3
    far = torch.where(small, 1, turn)
    square = torch.where(small, turn, 0) ** 2
    series = torch.zeros_like(square)
    for coefficient in (-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1):
        series = series * square + coefficient
    return torch.where(small, series, far.sin() / far)


def _filled(parameters: Tensor, mask: Tensor, harmless: tuple[float, ...]) -> Tensor:
    return torch.where(mask[..., None], parameters, parameters.new_tensor(harmless))


def _theta(eta: Tensor) -> Tensor:
    return 2 * (-eta).exp().atan()


def _mean_over_tracks(values: Tensor, mask: Tensor) -> Tensor:
    total = torch.where(mask[..., None], values, 0).sum(dim=-2)
    return total / mask.sum(dim=-1).clamp(min=1)[..., None]


def _error_of(covariance: Tensor, by_theta: Tensor, by_q_over_p: Tensor) -> Tensor:
    """Error of a function of theta and q/p, to first order."""
    theta, cross, q_over_p = covariance[..., 3, 3], covariance[..., 3, 4], covariance[..., 4, 4]
    variance = by_theta**2 * theta + 2 * by_theta * by_q_over_p * cross + by_q_over_p**2 * q_over_p
    return variance.clamp(min=torch.finfo(variance.dtype).tiny).sqrt()


def _distance(deta: Tensor, dphi: Tensor) -> Tensor:
    squared = deta**2 + _wrapped(dphi) ** 2
    return squared.clamp(min=torch.finfo(squared.dtype).tiny).sqrt()


def _wrapped(angle: Tensor) -> Tensor:
    return angle - 2 * math.pi * (angle / (2 * math.pi)).round()
