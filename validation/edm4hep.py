"""Tracks of real EDM4hep files beside the simulated particles that made them.

    python -m pip download --no-deps --no-binary :all: coffea==2026.9.0
    tar xzf coffea-2026.9.0.tar.gz
    uv run python validation/edm4hep.py coffea-2026.9.0/tests/samples

For every track of the three FCC samples by Delphes the perigee of its particle is worked out from the centre
of its circle, and the difference divided by the error. The width of a pull is half of what holds 68 %.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
import uproot

from ndive.data.edm4hep import read_edm4hep_events

FIELD = 2.0
BEND = 0.299792458e-3 * FIELD

SAMPLES = {
    "test_FCC_Spring2021.root": ("EFlowTrack_1, 15", "#"),
    "test_FCC_Winter2023.root": ("EFlowTrack_1, 21", "#"),
    "p8_ee_WW_ecm240_edm4hep.root": ("_EFlowTrack_trackStates, 21", "_"),
}
"""Name, what is in it, and how its podio calls relations."""

RELATIONS = {
    "#": ("ReconstructedParticles#1", "MCRecoAssociations#0", "MCRecoAssociations#1"),
    "_": ("_ReconstructedParticles_tracks", "_MCRecoAssociations_from", "_MCRecoAssociations_to"),
}


def perigee(point: np.ndarray, momentum: np.ndarray, charge: float) -> np.ndarray:
    """d0, z0, phi, theta, q/p about the origin of a particle at `point` in mm with `momentum` in GeV."""
    pt, phi = np.hypot(momentum[0], momentum[1]), np.arctan2(momentum[1], momentum[0])
    radius = pt / (BEND * charge)  # positive where it turns clockwise
    centre = point[:2] + radius * np.array([np.sin(phi), -np.cos(phi)])
    side = np.sign(radius)
    at_perigee = np.arctan2(side * centre[0], -side * centre[1])
    turned = (phi - at_perigee + np.pi) % (2 * np.pi) - np.pi
    z0 = point[2] + turned * radius * momentum[2] / pt
    theta = np.arctan2(pt, momentum[2])
    return np.array([radius - side * np.hypot(*centre), z0, at_perigee, theta, charge * np.sin(theta) / pt])


def particles(path: Path, relations: tuple[str, str, str]) -> Iterator[tuple[int, int, np.ndarray]]:
    """Event, track, and true perigee of every track with a particle."""
    tree = uproot.open(path)["events"]

    def column(name: str) -> list[list[float]]:
        return tree[name].array().to_list()

    begin, end = (column(f"ReconstructedParticles.tracks_{side}") for side in ("begin", "end"))
    tracks, reconstructed, true = (column(f"{relation}.index") for relation in relations)
    points = [column(f"Particle.vertex.{axis}") for axis in "xyz"]
    momenta = [column(f"Particle.momentum.{axis}") for axis in "xyz"]
    charges = column("Particle.charge")
    for event, pairs in enumerate(zip(reconstructed, true, strict=True)):
        for one, particle in zip(*map(np.array, pairs), strict=True):
            if end[event][one] > begin[event][one]:
                track = int(tracks[event][int(begin[event][one])])
                point, momentum = (np.array([x[event][particle] for x in xyz]) for xyz in (points, momenta))
                yield event, track, perigee(point, momentum, charges[event][particle])


def main() -> None:
    folder = Path(sys.argv[1])
    jax.config.update("jax_enable_x64", True)
    for name, (what, kind) in SAMPLES.items():
        found = read_edm4hep_events(folder / name, field=FIELD)
        events, tracks, truth = zip(*particles(folder / name, RELATIONS[kind]), strict=True)
        parameters, covariance = (np.asarray(x)[events, tracks] for x in (found.parameters, found.covariance))
        difference = parameters - np.array(truth)
        difference[:, 2] = (difference[:, 2] + np.pi) % (2 * np.pi) - np.pi
        pulls = difference / np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        widths = np.diff(np.percentile(pulls, [15.87, 84.13], axis=0), axis=0)[0] / 2
        chi2 = np.einsum("ni,nij,nj->n", difference, np.linalg.inv(covariance), difference)
        listed = ", ".join(f"{width:.2f}" for width in widths)
        print(
            f"| `{name}` | {what} | {len(truth)} of {found.mask.sum()} | {listed} | {np.median(chi2):.2f} |"
        )


if __name__ == "__main__":
    main()
