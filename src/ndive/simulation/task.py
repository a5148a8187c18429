"""One task of a sample: its events, from the seed to the columns of jets and tracks."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ndive.schema import rank_within, structured
from ndive.simulation.columns import jet_columns, track_columns
from ndive.simulation.events import Events
from ndive.simulation.generator import generated, generator_settings, start_generator
from ndive.simulation.jets import find_jets
from ndive.simulation.labels import label_jets
from ndive.simulation.origins import track_origins, vertex_indices
from ndive.simulation.settings import SimulationSettings
from ndive.simulation.tracking import JetTracks, track_jets

JET_PT_MIN, JET_PT_MAX, JET_ETA_MAX = 20.0, 200.0, 2.5
FEWEST_TRACKS = 2


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """Jets of one task, `jets` `[m]`, and their `tracks`, one jet after another, as structured arrays."""

    jets: np.ndarray
    tracks: np.ndarray

    def taken(self, rows: Int[np.ndarray, " k"]) -> "TaskResult":
        """The jets in `rows`, in that order, with their tracks."""
        counts = self.jets["n_tracks"]
        first = np.cumsum(counts) - counts
        wanted = counts[rows]
        within = np.arange(wanted.sum()) - np.repeat(np.cumsum(wanted) - wanted, wanted)
        return TaskResult(jets=self.jets[rows], tracks=self.tracks[np.repeat(first[rows], wanted) + within])


def is_charm_rich(settings: SimulationSettings, task: int) -> bool:
    """Whether the W bosons of a task decay to charm: in every second task of a balanced sample."""
    return settings.balance and task % 2 == 1


def simulate_task(settings: SimulationSettings, task: int) -> TaskResult:
    """Simulate the events of `task`: a function of `settings` and the number of the task only.

    **Raises:** `SimulationError` where Pythia refuses a setting.
    """
    charm_rich = is_charm_rich(settings, task)
    pythia = start_generator(generator_settings(settings, task, charm_rich=charm_rich))
    generator = np.random.default_rng([settings.seed, task])
    first = task * settings.events_per_task
    parts = []
    for events in generated(pythia, settings.events_per_task):
        parts.append(jets_of_events(events, settings, first, light=not charm_rich, generator=generator))
        first += events.n_events
    return TaskResult(
        jets=np.concatenate([part.jets for part in parts]),
        tracks=np.concatenate([part.tracks for part in parts]),
    )


def jets_of_events(
    events: Events,
    settings: SimulationSettings,
    first_event: int,
    *,
    light: bool,
    generator: np.random.Generator,
) -> TaskResult:
    """Selected jets of `events`: 20 < pT < 200 GeV, abs(eta) < 2.5, two tracks or more, no tau jet.

    Events that are rich in charm are rich in strange jets, too, so they give no `light` ones.
    """
    jets = find_jets(events)
    labels = label_jets(events, jets)
    tracks = track_jets(events, jets, settings, generator=generator)
    n_tracks = np.bincount(tracks.jet, minlength=len(jets.pt))
    flavours = (5, 4, 0) if light else (5, 4)
    selected = (
        (jets.pt > JET_PT_MIN)
        & (jets.pt < JET_PT_MAX)
        & (np.abs(jets.eta) < JET_ETA_MAX)
        & (n_tracks >= FEWEST_TRACKS)
        & labels.isolated
        & np.isin(labels.flavour, flavours)
    )
    vertex, n_vertices = _vertices(events, tracks, n_tracks, settings.slots)
    origin = track_origins(events, tracks.particle)
    columns = jet_columns(events, jets, labels, n_tracks, n_vertices, first_event)
    return TaskResult(
        jets=structured("jets", columns)[selected],
        tracks=structured("tracks", track_columns(events, jets, tracks, origin, vertex))[
            selected[tracks.jet]
        ],
    )


def _vertices(
    events: Events, tracks: JetTracks, n_tracks: np.ndarray, slots: int
) -> tuple[np.ndarray, np.ndarray]:
    """Vertex index of each track, and the number of vertices of each jet."""
    rank = rank_within(tracks.jet)
    production = np.zeros((len(n_tracks), slots, 3))
    valid = np.zeros((len(n_tracks), slots), dtype=bool)
    production[tracks.jet, rank] = events.production[tracks.particle]
    valid[tracks.jet, rank] = True
    index = vertex_indices(production, valid)
    present = (index[:, :, None] == np.arange(slots + 1)).any(axis=1)
    return index[tracks.jet, rank], present.sum(axis=1)
