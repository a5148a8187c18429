"""EDM4hep files as podio lays them out, one branch a member, written by uproot."""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot

STATE = {"D0": 0, "phi": 1, "omega": 2, "Z0": 3, "tanLambda": 4}


def write_edm4hep(
    path: Path,
    tracks: list[list[list[dict]]],
    *,
    states: str = "_EFlowTrack_trackStates",
    covariance: str = "covMatrix.values[21]",
    jets: list[list[dict]] | None = None,
    pointers: tuple[str, str] = ("_Jet_particles", "_ReconstructedParticles_tracks"),
    collections: tuple[int, ...] = (7,),
) -> Path:
    """Events of tracks of states: `state` of five numbers, `terms`, `location`, `point`.

    Of each event there is one particle a track, in reverse order, and jets of `momentum` and `particles`, who
    in turn are said to be of `collections`.
    """
    flat = [[state for track in event for state in track] for event in tracks]
    branches = {f"{states}.{name}": of(flat, lambda s, k=k: s["state"][k]) for name, k in STATE.items()}
    branches |= {
        f"{states}.referencePoint.{axis}": of(flat, lambda s, k=k: s["point"][k])
        for k, axis in enumerate("xyz")
    }
    branches[f"{states}.location"] = of(flat, lambda s: s["location"], "i4")
    terms = [[term for state in event for term in state["terms"]] for event in flat]
    branches[f"{states}.{covariance}"] = of(terms, float)
    branches |= ranges("EFlowTrack.trackStates", [[len(track) for track in event] for event in tracks])
    if jets is not None:
        to_particles, to_tracks = pointers
        branches |= ranges("ReconstructedParticles.tracks", [[1] * len(event) for event in tracks])
        branches[f"{to_tracks}.index"] = of([range(len(event))[::-1] for event in tracks], int, "i4")
        branches |= ranges("Jet.particles", [[len(jet["particles"]) for jet in event] for event in jets])
        listed = [[particle for jet in event for particle in jet["particles"]] for event in jets]
        branches[f"{to_particles}.index"] = of(listed, int, "i4")
        for relation in pointers:
            of_event = [range(len(event)) for event in (tracks if relation == to_tracks else listed)]
            branches[f"{relation}.collectionID"] = of(
                of_event, lambda place: collections[place % len(collections)], "u4"
            )
        branches |= {
            f"Jet.momentum.{axis}": of(jets, lambda jet, k=k: jet["momentum"][k])
            for k, axis in enumerate("xyz")
        }
    with uproot.recreate(path) as file:
        counters = {name: f"n{number}" for number, name in enumerate(branches)}
        types = {name: array.type.content for name, array in branches.items()}
        tree = file.mktree("events", types, counter_name=lambda name: counters.get(name, "n"))
        tree.extend(branches)
    return path


def ranges(owner: str, counts: list[list[int]]) -> dict[str, ak.Array]:
    ends = [np.cumsum(event, dtype=int) for event in counts]
    begins = [end - np.array(event, int) for end, event in zip(ends, counts, strict=True)]
    return {f"{owner}_begin": of(begins, int, "u4"), f"{owner}_end": of(ends, int, "u4")}


def of(events, value, dtype="f4") -> ak.Array:
    """One list an event, of the values of its elements."""
    rows = [[value(element) for element in event] for event in events]
    return ak.unflatten(np.array([one for row in rows for one in row], dtype), [len(row) for row in rows])
