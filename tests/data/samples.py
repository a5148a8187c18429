"""Small jets files made of random numbers: the layout is right, the physics is not meant to be."""

import numpy as np

from ndive.schema import load_schema

Rows = dict[str, np.ndarray]


def make_rows(n_jets: int, n_slots: int = 6, seed: int = 0) -> Rows:
    """Jets with 0 to `n_slots` tracks; `eventNumber` counts the jets, so that a row is known again."""
    random = np.random.default_rng(seed)
    schema = load_schema()
    jets = np.zeros(n_jets, schema.dtype("jets"))
    tracks = np.zeros((n_jets, n_slots), schema.dtype("tracks"))
    for rows in (jets, tracks):
        for name in rows.dtype.names:
            if rows.dtype[name].kind == "f":
                rows[name] = random.normal(size=rows.shape)
    _fill_jets(jets, random)
    _fill_tracks(tracks, jets, random)
    return {"jets": jets, "tracks": tracks}


def _fill_jets(jets: np.ndarray, random: np.random.Generator) -> None:
    n_jets = len(jets)
    jets["pt"] = random.uniform(20e3, 200e3, n_jets)
    jets["phi"] = random.uniform(-np.pi, np.pi, n_jets)
    jets["flavour_label"] = random.integers(0, 3, n_jets)
    jets["HadronConeExclTruthLabelID"] = np.array([5, 4, 0])[jets["flavour_label"]]
    jets["eventNumber"] = np.arange(n_jets)
    light = jets["flavour_label"] == 2
    for axis in "xyz":
        jets[f"hadron_{axis}"][light] = 0


def _fill_tracks(tracks: np.ndarray, jets: np.ndarray, random: np.random.Generator) -> None:
    n_jets, n_slots = tracks.shape
    jets["n_tracks"] = random.integers(0, n_slots + 1, n_jets)
    tracks["valid"] = np.arange(n_slots) < jets["n_tracks"][:, None]
    tracks["theta"] = random.uniform(0.3, np.pi - 0.3, tracks.shape)
    tracks["phi"] = random.uniform(-np.pi, np.pi, tracks.shape)
    tracks["qOverP"] = random.choice([-1, 1], tracks.shape) / random.uniform(1e3, 20e3, tracks.shape)
    scale = {"d0": 0.02, "z0": 0.08, "phi": 1e-3, "theta": 1e-3, "qOverP": 1e-6}
    for name, error in scale.items():
        tracks[f"{name}Uncertainty"] = error * random.uniform(0.5, 2, tracks.shape)
    for name in tracks.dtype.names:
        if name.startswith("corr_"):
            tracks[name] = random.uniform(-0.2, 0.2, tracks.shape)
    tracks["ftagTruthOriginLabel"] = random.integers(0, 8, tracks.shape)
    tracks["ftagTruthVertexIndex"] = random.choice([-2, 0, 1, 2], tracks.shape)
    from_hadron = random.random(tracks.shape) < 0.5
    tracks["truth_prod_z"] = np.where(from_hadron, jets["hadron_z"][:, None], tracks["truth_prod_z"])
    for name in tracks.dtype.names:
        padding = {"f": np.nan, "i": -1, "b": False}[tracks.dtype[name].kind]
        tracks[name][~tracks["valid"]] = padding


def without(rows: Rows, dataset: str, *names: str) -> Rows:
    """The same rows, less some fields."""
    old = rows[dataset]
    kept = [name for name in old.dtype.names if name not in names]
    new = np.zeros(old.shape, [(name, old.dtype[name]) for name in kept])
    for name in kept:
        new[name] = old[name]
    return rows | {dataset: new}
