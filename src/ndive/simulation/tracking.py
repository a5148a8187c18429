"""Reconstructed tracks: the true helix at its perigee, and its parameters smeared with their covariance."""

from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Float, Int

from ndive.simulation.events import Events
from ndive.simulation.jets import Jets, closest_jet
from ndive.simulation.particles import charge
from ndive.simulation.resolution import atlas_covariance, shlomi_covariance
from ndive.simulation.settings import SimulationSettings
from ndive.tracks import perigee_from_state

BLOCK = 4096
"""Tracks are propagated in blocks of this size, so that one compiled function serves all."""

TRACK_DISTANCE = 0.4
TRACK_ETA_MAX = 2.5
COVARIANCES = {"atlas": atlas_covariance, "shlomi": shlomi_covariance}
TRACK_PT_MIN = {"atlas": 0.5, "shlomi": 0.25}
PRODUCTION_RADIUS_MAX = {"atlas": 299.0, "shlomi": 500.0}
"""Largest radius in mm at which a track may begin: `atlas` wants all four strip layers."""

PERIGEE = jax.jit(perigee_from_state)


@dataclass(frozen=True, kw_only=True)
class JetTracks:
    """Tracks in jets: `particle`, `jet` are indices; `true` and `measured` parameters [n, 5], `covariance` [n, 5, 5]."""

    particle: Int[np.ndarray, " n"]
    jet: Int[np.ndarray, " n"]
    true: Float[np.ndarray, "n 5"]
    measured: Float[np.ndarray, "n 5"]
    covariance: Float[np.ndarray, "n 5 5"]


def track_jets(
    events: Events, jets: Jets, settings: SimulationSettings, *, generator: np.random.Generator
) -> JetTracks:
    """Reconstruct the charged particles near jets and give each to the closest jet within 0.4.

    The tracks of a jet stand together, the highest pT first, at most `settings.slots` of them.
    """
    particle = _trackable(events, jets, settings.resolution)
    true = true_perigees(events, particle, settings.field)
    radius = np.linalg.norm(events.production[particle, :2], axis=-1)
    covariance = COVARIANCES[settings.resolution](true, radius, settings.field)
    measured = smeared(true, covariance, generator=generator)

    pt, eta = transverse_momentum(measured), pseudorapidity(measured)
    jet = closest_jet(jets, events.event[particle], eta, measured[:, 2], within=TRACK_DISTANCE)
    kept = (jet >= 0) & (pt > TRACK_PT_MIN[settings.resolution]) & (np.abs(eta) < TRACK_ETA_MAX)
    order = np.lexsort((-pt[kept], jet[kept]))
    chosen = np.flatnonzero(kept)[order]
    chosen = chosen[rank_within(jet[chosen]) < settings.slots]
    return JetTracks(
        particle=particle[chosen],
        jet=jet[chosen],
        true=true[chosen],
        measured=measured[chosen],
        covariance=covariance[chosen],
    )


def true_perigees(events: Events, particle: Int[np.ndarray, " n"], field: float) -> Float[np.ndarray, "n 5"]:
    """Exact perigee parameters about the hard interaction, in double precision."""
    position, momentum = events.production[particle], events.momentum[particle]
    sign = charge(events.pdg[particle]).astype(float)
    result = np.empty((len(particle), 5))
    with jax.enable_x64(True):
        for start in range(0, len(particle), BLOCK):
            block = slice(start, start + BLOCK)
            padding = max(0, start + BLOCK - len(particle))
            arguments = (position[block], momentum[block], sign[block])
            padded = [
                np.pad(array, [(0, padding)] + [(0, 0)] * (array.ndim - 1), mode="edge")
                for array in arguments
            ]
            result[block] = np.asarray(PERIGEE(*padded, np.float64(field), np.zeros(3)))[: BLOCK - padding]
    return result


def smeared(
    true: Float[np.ndarray, "n 5"], covariance: Float[np.ndarray, "n 5 5"], *, generator: np.random.Generator
) -> Float[np.ndarray, "n 5"]:
    """`true` plus a Gaussian of the given covariance (by its Cholesky factor); phi in (-pi, pi], theta in (0, pi)."""
    scale = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    correlation = covariance / (scale[:, :, None] * scale[:, None])
    noise = np.linalg.cholesky(correlation) @ generator.standard_normal(true.shape)[:, :, None]
    measured = true + scale * noise[:, :, 0]
    measured[:, 2] = np.pi - (np.pi - measured[:, 2]) % (2 * np.pi)
    return measured


def transverse_momentum(parameters: Float[np.ndarray, "n 5"]) -> Float[np.ndarray, " n"]:
    """pT in GeV of perigee parameters."""
    return np.sin(parameters[:, 3]) / np.abs(parameters[:, 4])


def pseudorapidity(parameters: Float[np.ndarray, "n 5"]) -> Float[np.ndarray, " n"]:
    """Eta of perigee parameters."""
    return -np.log(np.tan(parameters[:, 3] / 2))


def rank_within(group: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Place of each element within its group, from 0; the elements of a group stand together."""
    opens = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(opens, np.diff(opens, append=len(group)))


def _trackable(events: Events, jets: Jets, resolution: str) -> Int[np.ndarray, " n"]:
    """Indices of charged particles that may become tracks of a jet, with a margin for the smearing."""
    radius = np.linalg.norm(events.production[:, :2], axis=-1)
    candidate = (
        (events.status > 0)
        & (charge(events.pdg) != 0)
        & (events.pt > 0.8 * TRACK_PT_MIN[resolution])
        & (np.abs(events.eta) < TRACK_ETA_MAX + 0.1)
        & (radius < PRODUCTION_RADIUS_MAX[resolution])
    )
    index = np.flatnonzero(candidate)
    near = closest_jet(
        jets, events.event[index], events.eta[index], events.phi[index], within=TRACK_DISTANCE + 0.3
    )
    return index[near >= 0]
