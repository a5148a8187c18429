"""Tracks of EDM4hep files, as FCC and the linear colliders write them: of each event, or of each jet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ndive.data.conversion import jets_of, tracks_of
from ndive.data.podio import TREE, Events, chained, owners, pointer, ranges, stored
from ndive.data.root import Lists, branch_names, n_entries, read_entries
from ndive.errors import ArgumentError, SampleError
from ndive.tracks import HARMLESS, Jet, Tracks

AT_IP = 1
"""The `location` of a state at the interaction point."""

PADDING = -1
"""In place of the row of a track."""

STATE = ("D0", "phi", "omega", "Z0", "tanLambda", *(f"referencePoint.{axis}" for axis in "xyz"), "location")
COVARIANCE = r"\.covMatrix(\.values)?\[(15|21)\]"


@dataclass(frozen=True)
class _Perigees:
    """The tracks of some events.

    **Attributes:** `parameters` `[n, 5]` and `covariance` `[n, 5, 5]` about the origin, of padding in the
    last row; `place` `[tracks]`, the row of each track, `PADDING` where it has none; `counts` `[events]` of
    tracks.
    """

    parameters: Float[np.ndarray, "n 5"]
    covariance: Float[np.ndarray, "n 5 5"]
    place: Int[np.ndarray, " tracks"]
    counts: Int[np.ndarray, " events"]


def read_edm4hep_events(
    path: str | Path,
    collection: str = "EFlowTrack",
    *,
    field: float = 2.0,
    start: int = 0,
    stop: int | None = None,
) -> Tracks:
    """The tracks of a collection `[events, n]` about the origin, n being the most that an event has.

    Of each track the state at the interaction point is taken, or its only one whatever that one's location,
    since files of FCC by Delphes have one a track, of location 0. A track without such a state is masked.

    **Arguments:**

    - `path` of a ROOT file with a tree `events`.
    - `collection` of edm4hep::Track.
    - `field` in tesla along +z, not 0, by which q/p follows from the curvature.
    - `start` and `stop`, the first event and the one behind the last; all if not given.

    **Returns:** `Tracks` whose leaves are NumPy arrays in the precision that JAX is set to.

    **Raises:** `FileAccessError`; `SampleError` where the file is damaged, has no such collection, or none of
    the tracks has a state at the interaction point; `ArgumentError` beyond the file, or for a field of 0.
    """
    path = Path(path)
    _check_field(field)
    states = _state_branches(path, collection)
    events = _events(path, (*states, *ranges(collection, "trackStates")), start, stop)
    found = _perigees(events, collection, states, field)
    return _in_slots(found, Lists(np.arange(len(found.place)), found.counts), field)


def read_edm4hep_jets(
    path: str | Path,
    jets: str = "Jet",
    collection: str = "EFlowTrack",
    particles: str = "ReconstructedParticles",
    *,
    field: float = 2.0,
    start: int = 0,
    stop: int | None = None,
) -> Jet:
    """The jets of a collection `[jets]`, one event after another, with the tracks of their particles.

    `jets` is a collection of edm4hep::ReconstructedParticle that point to elements of `particles`, which
    point to tracks of `collection`, which the file does not say by these names: give those that it was made
    with. The other arguments are those of `read_edm4hep_events`.

    **Returns:** a `Jet` with pt in GeV, eta and phi of the jets' momenta, and tracks `[jets, n]`.

    **Raises:** as `read_edm4hep_events`.
    """
    path = Path(path)
    _check_field(field)
    names = branch_names(path, TREE)
    to_particles = stored(names, jets, "particles", f"{jets}#2")
    to_tracks = stored(names, particles, "tracks", f"{particles}#1")
    momentum = [f"{jets}.momentum.{axis}" for axis in "xyz"]
    states = _state_branches(path, collection)
    pointers = (*pointer(to_particles), *pointer(to_tracks))
    owning = ((collection, "trackStates"), (jets, "particles"), (particles, "tracks"))
    parts = [branch for owner, what in owning for branch in ranges(owner, what)]
    events = _events(path, (*momentum, *pointers, *parts, *states), start, stop)
    found = _perigees(events, collection, states, field)
    n_particles = events.lists(ranges(particles, "tracks"))[0].counts
    of_jets = _related(events, jets, "particles", to_particles, n_particles)
    of_particles = _related(events, particles, "tracks", to_tracks, found.counts)
    tracks = _in_slots(found, chained(of_jets, of_particles), field)
    px, py, pz = (one.values.astype(tracks.parameters.dtype) for one in events.lists(momentum))
    pt = np.hypot(px, py)
    with np.errstate(divide="ignore", invalid="ignore"):  # along the beam eta is infinite
        return jets_of(pt, np.arcsinh(pz / pt), np.arctan2(py, px), tracks)


def _check_field(field: float) -> None:
    if not 0 < abs(field) < np.inf:
        raise ArgumentError(
            f"field is {field:g}, allowed is a number of tesla other than 0: momenta follow from curvatures"
        )


def _state_branches(path: Path, collection: str) -> tuple[str, ...]:
    """The branches of the track states of a collection: those of `STATE`, and the covariance."""
    names = branch_names(path, TREE)
    base = stored(names, collection, "trackStates", f"{collection}_1")
    covariance = [name for name in names if re.fullmatch(re.escape(base) + COVARIANCE, name)]
    if not covariance:
        known = sorted({name.partition(".")[0] for name in names if name.endswith(".trackStates_begin")})
        raise SampleError(
            f"'{path}': no track states of '{collection}'; it has those of {', '.join(known) or 'nothing'}"
        )
    return (*(f"{base}.{name}" for name in STATE), covariance[0])


def _events(path: Path, branches: Sequence[str], start: int, stop: int | None) -> Events:
    """The branches of events `start` to `stop`, seen to be lists of numbers but for the covariance."""
    there = n_entries(path, TREE, [name for name in branches if ".covMatrix" not in name])
    last = there if stop is None else stop
    if not 0 <= start < last <= there:
        raise ArgumentError(f"events {start} to {last} asked of '{path}', which has {there}")
    return Events(read_entries(path, TREE, branches, start, last), path, start)


def _perigees(events: Events, collection: str, states: Sequence[str], field: float) -> _Perigees:
    """The perigees of all tracks of a collection."""
    *numbers, location, covariance = events.lists(states)
    values = np.stack([one.values for one in numbers], axis=-1).astype(float)
    of_track = events.owned(collection, "trackStates", location.counts)
    track = owners(of_track.counts)
    fits = (location.values[of_track.values] == AT_IP) | (of_track.counts[track] == 1)
    having, first = np.unique(track[fits], return_index=True)
    if len(having) == 0 < len(of_track.counts):
        raise SampleError(
            f"'{events.path}': none of the {len(of_track.counts)} tracks of '{collection}' has a state "
            f"at the interaction point (location {AT_IP})"
        )
    state = of_track.values[fits][first]
    tracks = Tracks.from_edm4hep(
        values[state, None, :5],
        covariance.values[state, None].astype(float),
        field=field,
        reference=values[state, 5:],
    )
    if values[state, 5:].any():
        tracks = tracks.at(np.zeros(3))
    place = np.full(len(of_track.counts), PADDING)
    place[having] = np.arange(len(having))
    begins, _ = events.lists(ranges(collection, "trackStates"))
    parameters, covariances = np.asarray(tracks.parameters)[:, 0], np.asarray(tracks.covariance)[:, 0]
    return _Perigees(
        np.concatenate([parameters, np.array([HARMLESS], parameters.dtype)]),
        np.concatenate([covariances, np.eye(5, dtype=covariances.dtype)[None]]),
        place,
        begins.counts,
    )


def _related(
    events: Events, collection: str, what: str, relation: str, there: Int[np.ndarray, " events"]
) -> Lists:
    """Places of the elements of another collection that each element of a collection points to."""
    pointers = events.pointed_at(relation, there)
    owned = events.owned(collection, what, pointers.counts)
    return Lists(pointers.values[owned.values], owned.counts)


def _in_slots(found: _Perigees, listed: Lists, field: float) -> Tracks:
    """The listed tracks, those of a list in the slots of a row."""
    filled = np.arange(max(listed.counts.max(initial=0), 1)) < listed.counts[:, None]
    place = np.full(filled.shape, PADDING)
    place[filled] = found.place[listed.values]
    return tracks_of(found.parameters[place], found.covariance[place], place != PADDING, field)
