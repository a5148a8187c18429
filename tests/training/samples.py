"""Small jets files for the tests of the training, written as any user's file is."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from ndive.data import Batch, Truth, write_sample
from ndive.schema import load_schema
from ndive.tracks import Jet, Tracks

SLOTS = 4

N_SLOTS = 5
"""Of `jets_of_tracks`."""


def write_jets(path: Path, jets: int, *, seed: int) -> None:
    """Jets of 2 to 4 tracks; the tracks of b and c jets come from a vertex along the axis."""
    rng, schema = np.random.default_rng(seed), load_schema()
    rows = np.zeros(jets, schema.dtype("jets"))
    flavour, flight = np.arange(jets) % 3, rng.exponential(3.0, jets)
    rows["flavour_label"] = flavour
    rows["HadronConeExclTruthLabelID"] = np.array([5, 4, 0])[flavour]
    rows["pt"], rows["eta"] = rng.uniform(20e3, 200e3, jets), rng.uniform(-1, 1, jets)
    rows["phi"] = rng.uniform(-3, 3, jets)
    for axis, direction in zip(
        "xyz", (np.cos(rows["phi"]), np.sin(rows["phi"]), np.sinh(rows["eta"])), strict=True
    ):
        rows[f"hadron_{axis}"] = np.where(flavour < 2, flight * direction, 0)
    tracks = np.zeros((jets, SLOTS), schema.dtype("tracks"))
    for name in tracks.dtype.names:
        tracks[name] = np.nan if tracks[name].dtype.kind == "f" else -1
    valid = np.arange(SLOTS) < rng.integers(2, SLOTS + 1, jets)[:, None]
    phi = rows["phi"][:, None] + rng.normal(0, 0.1, valid.shape)
    heavy = (flavour < 2)[:, None]
    for name in tracks.dtype.names:
        tracks[name] = np.where(valid, 0, tracks[name])
    values = {
        "phi": phi,
        "theta": 2 * np.arctan(np.exp(-(rows["eta"][:, None] + rng.normal(0, 0.1, valid.shape)))),
        "qOverP": rng.choice([-1, 1], valid.shape) / rng.uniform(1e3, 2e4, valid.shape),
        "d0": np.where(heavy, flight[:, None] * np.sin(rows["phi"][:, None] - phi), 0)
        + rng.normal(0, 0.02, valid.shape),
        "z0": rng.normal(0, 0.1, valid.shape),
        "d0Uncertainty": 0.02,
        "z0Uncertainty": 0.1,
        "phiUncertainty": 1e-3,
        "thetaUncertainty": 1e-3,
        "qOverPUncertainty": 1e-6,
        "ftagTruthOriginLabel": np.where(heavy, 3 + 2 * (flavour == 1)[:, None], 2),
        "ftagTruthVertexIndex": heavy.astype(int),
        **{f"truth_prod_{axis}": rows[f"hadron_{axis}"][:, None] for axis in "xyz"},
    }
    for name, value in values.items():
        tracks[name] = np.where(valid, value, tracks[name])
    tracks["valid"] = valid
    write_sample(path, iter([{"jets": rows, "tracks": tracks}]), {})


def write_directory(directory: Path) -> Path:
    """A directory with a training and a validation file."""
    directory.mkdir(parents=True, exist_ok=True)
    write_jets(directory / "toy_train.h5", 70, seed=1)
    write_jets(directory / "toy_val.h5", 20, seed=2)
    return directory


def jets_of_tracks(n_tracks: list[int]) -> Batch:
    """Jets with so many tracks in any slots, whose vertices are −1, 0 or 1."""
    rng = np.random.default_rng(3)
    n_jets = len(n_tracks)
    mask = rng.permuted(np.arange(N_SLOTS) < np.array(n_tracks)[:, None], axis=1)
    tracks = Tracks(
        jnp.zeros((*mask.shape, 5)), jnp.ones((*mask.shape, 1, 1)) * jnp.eye(5), jnp.asarray(mask)
    )
    return Batch(
        jet=Jet(*jnp.ones((3, n_jets)), tracks),
        truth=Truth(
            flavour=np.zeros(n_jets, np.int32),
            origin=np.zeros((n_jets, N_SLOTS), np.int32),
            vertex_index=rng.integers(-1, 2, (n_jets, N_SLOTS)).astype(np.int32),
            hadron_vertex=np.zeros((n_jets, 3)),
            perfect_weights=np.zeros((n_jets, N_SLOTS)),
        ),
    )
