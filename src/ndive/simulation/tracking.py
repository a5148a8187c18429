"""Reconstructed tracks: the true helix at its perigee, and its parameters smeared with their covariance."""

from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from ndive.schema import rank_within
from ndive.simulation.efficiency import track_efficiency
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
MARGIN = 0.05
COVARIANCES = {"atlas": atlas_covariance, "shlomi": shlomi_covariance}
TRACK_PT_MIN = {"atlas": 0.5, "shlomi": 0.25}
PRODUCTION_RADIUS_MAX = {"atlas": 122.5, "shlomi": 500.0}
"""Largest radius in mm at which a track may begin: `atlas` wants a hit on the last pixel layer at least."""

PERIGEE = jax.jit(perigee_from_state)


@dataclass(frozen=True, kw_only=True)
class JetTracks:
    """Tracks in jets.

    **Attributes:** `particle` and `jet` are indices; `true` and `measured` perigee parameters; `covariance`.
    """

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
    particle = _found(events, _trackable(events, settings.resolution), generator=generator)
    true = true_perigees(events, particle, settings.field)
    near = _in_reach(events, jets, particle, true)
    particle, true = particle[near], true[near]
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
    """`true` plus a Gaussian of the given covariance, by its Cholesky factor; phi ends in (-pi, pi]."""
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


def _trackable(events: Events, resolution: str) -> Int[np.ndarray, " n"]:
    """Indices of charged particles that may become tracks, with a margin for the smearing."""
    candidate = np.flatnonzero(events.status > 0)
    candidate = candidate[charge(events.pdg[candidate]) != 0]
    radius = np.linalg.norm(events.production[candidate, :2], axis=-1)
    fit = (
        (events.pt[candidate] > 0.8 * TRACK_PT_MIN[resolution])
        & (np.abs(events.eta[candidate]) < TRACK_ETA_MAX + MARGIN)
        & (radius < PRODUCTION_RADIUS_MAX[resolution])
    )
    return candidate[fit]


def _found(
    events: Events, particle: Int[np.ndarray, " n"], *, generator: np.random.Generator
) -> Int[np.ndarray, " m"]:
    """Those of the particles that the tracker finds."""
    efficiency = track_efficiency(events.pdg[particle], events.pt[particle], events.eta[particle])
    return particle[generator.random(len(particle)) < efficiency]


def _in_reach(
    events: Events, jets: Jets, particle: Int[np.ndarray, " n"], true: Float[np.ndarray, "n 5"]
) -> Bool[np.ndarray, " n"]:
    """Whether the true direction at the perigee is near a jet, with a margin for the smearing."""
    eta, phi = pseudorapidity(true), true[:, 2]
    return closest_jet(jets, events.event[particle], eta, phi, within=TRACK_DISTANCE + MARGIN) >= 0
