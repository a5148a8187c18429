"""A tagger in ONNX Runtime beside the same in JAX, on jets of all multiplicities, without a track too.

    uv run python validation/onnx_parity.py SAMPLE.h5 MODEL.eqx MODEL.onnx [OTHER.onnx]

MODEL.onnx is `ndive export MODEL.eqx --format onnx`. Of the first 10 000 jets of SAMPLE.h5 each is left so
many of its tracks as chance says, from none to all, in a file that both are given: JAX by `ndive.data`, in
double and in single precision, ONNX Runtime as columns, 500 jets a call and, for some jets, one a call with
its tracks alone. Prints the largest differences, how many jets are off by more than 1e-5 in a probability or
0.01 standard deviations in the vertex, and how far the two precisions of JAX are from each other; then the
CPU time of a call beside that of the compiled program and, if given, of OTHER.onnx, taken in turns.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import equinox as eqx
import h5py
import jax
import jax.numpy as jnp
import numpy as np
import onnxruntime

from ndive.data import Sample, open_sample
from ndive.data.hdf5 import opened
from ndive.evaluation.grouping import vertex_indices
from ndive.export.athena import named_program
from ndive.export.columns import JET_COLUMNS, TRACK_COLUMNS
from ndive.models import Model, TaggerOutput, load_model
from ndive.schema import load_schema
from ndive.tracks import Jet

JETS = 10_000
BATCH = 500
ALONE = 300
REPEATS = 7

Arrays = dict[str, np.ndarray]


def cut_sample(path: Path, output: Path) -> tuple[Arrays, np.ndarray]:
    """Write the first jets with some of their tracks; return them as features, and the tracks of each."""
    with opened(path) as file, h5py.File(output, "w") as cut:
        jets, tracks = file["jets"][:JETS], file["tracks"][:JETS]
        kept = np.random.default_rng(1).integers(0, tracks["valid"].sum(axis=-1) + 1)
        empty = np.arange(tracks.shape[1]) >= kept[:, None]
        for name in tracks.dtype.names:
            tracks[name][empty] = {"f": np.nan, "i": -1, "b": False}[tracks.dtype[name].kind]
        for name, rows in {"jets": jets, "tracks": tracks}.items():
            cut.create_dataset(name, data=rows).attrs.update(file[name].attrs)
        cut.attrs.update(file.attrs)
    features = {
        "jet_features": np.stack([jets[name] for name in JET_COLUMNS], axis=-1),
        "track_features": np.stack([tracks[name] for name in TRACK_COLUMNS], axis=-1),
    }
    return features, kept


def by_jax(model: Model, sample: Sample, precision: type[np.floating]) -> Arrays:
    """What the model says of all jets if everything is computed in `precision`, named as in ONNX."""
    with jax.enable_x64(precision is np.float64):
        cast = jax.tree.map(lambda x: x.astype(precision) if eqx.is_inexact_array(x) else x, model)
        program = eqx.filter_jit(lambda model, jets: jax.vmap(model)(jets))
        pieces = []
        for start in range(0, JETS, BATCH):
            axis = sample.columns("jets", JET_COLUMNS, start, start + BATCH, precision)
            tracks = sample.read_tracks(start, start + BATCH, precision)
            pt, eta, phi = (jnp.asarray(axis[name]) for name in JET_COLUMNS)
            output = program(cast, Jet(pt, eta, phi, tracks))
            pieces.append(named(output, np.asarray(tracks.mask)))
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def named(output: TaggerOutput, real: np.ndarray) -> Arrays:
    """The outputs of a batch as ONNX has them, with the covariance of the vertex as one array."""
    values = np.array([origin.value for origin in load_schema().origin_classes])
    found = {
        "flavour": np.asarray(jax.nn.softmax(output.flavour_logits)),
        "TrackOrigin": np.where(real, values[np.argmax(output.origin_logits, axis=-1)], -1),
        "VertexIndex": vertex_indices(np.asarray(output.pairing_logits), real),
    }
    if (vertex := output.vertex) is not None:
        found |= {name: np.asarray(getattr(vertex, name)) for name in ("position", "covariance", "status")}
    return found


def by_onnx(session: Any, features: Arrays) -> Arrays:
    """The outputs for all jets, some a call, without the model's name before theirs."""
    names = [output.name.partition("_")[2] for output in session.get_outputs()]
    pieces = [
        session.run(None, {name: array[start : start + BATCH] for name, array in features.items()})
        for start in range(0, JETS, BATCH)
    ]
    found = {
        name: np.concatenate(parts) for name, parts in zip(names, zip(*pieces, strict=True), strict=True)
    }
    found["flavour"] = np.stack([found["pb"], found["pc"], found["pu"]], axis=-1)
    if "vertex_x" in found:
        found["position"] = np.stack([found[f"vertex_{axis}"] for axis in "xyz"], axis=-1)
        found["status"] = found["vertex_status"]
    return found


def one_by_one(session: Any, features: Arrays, kept: np.ndarray, together: Arrays) -> float:
    """The largest difference of a flavour probability if a jet comes alone, without empty slots."""
    names = [output.name for output in session.get_outputs()]
    worst = 0.0
    for jet in range(ALONE):
        alone = {
            "jet_features": features["jet_features"][jet : jet + 1],
            "track_features": features["track_features"][jet : jet + 1, : kept[jet]],
        }
        found = dict(zip(names, session.run(None, alone), strict=True))
        for name, value in found.items():
            if (key := name.partition("_")[2]) in ("pb", "pc", "pu"):
                worst = max(worst, abs(float(value[0]) - float(together[key][jet])))
    return worst


def compare(title: str, expected: Arrays, found: Arrays) -> None:
    """Print the differences between two answers; errors of the vertex are those of `expected`."""
    print(title)
    flavour = np.abs(found["flavour"] - expected["flavour"]).max(-1)
    print(f"  probabilities: largest {flavour.max():.1e}, {(flavour > 1e-5).sum()} jets above 1e-5")
    for name in ("TrackOrigin", "VertexIndex"):
        tracks = expected[name] >= 0
        print(f"  {name}: {(found[name] != expected[name]).sum()} of {tracks.sum()} differ")
    if "position" not in expected:
        return
    error = np.sqrt(np.diagonal(expected["covariance"], axis1=-2, axis2=-1))
    pull = (np.abs(found["position"] - expected["position"]) / error).max(axis=-1)
    same = found["status"] == expected["status"]
    print(f"  status: {(~same).sum()} differ; {(expected['status'] == 0).sum()} jets have a vertex")
    print(f"  vertex: largest {pull[same].max():.1e} sigma, {(pull[same] > 0.01).sum()} jets above 0.01")
    print(f"  probabilities where the status is the same: largest {flavour[same].max():.1e}")


def in_turns(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """CPU time of each call in ms, of all threads: medians of some rounds in which each has its turn."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPEATS):
        for name, call in calls.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    return {name: float(1e3 * np.median(some)) for name, some in seconds.items()}


def compiled(program: Callable[[Arrays], Any], some: Arrays) -> Any:
    """The outputs of a compiled program, when they are there."""
    return jax.block_until_ready(program(some))


def opened_session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


def main(sample: Path, model_path: Path, *onnx_paths: Path) -> None:
    sessions = {path.name: opened_session(path) for path in onnx_paths}
    session = next(iter(sessions.values()))
    model, _ = load_model(model_path)
    with tempfile.TemporaryDirectory() as directory:
        cut = Path(directory) / "cut_test.h5"
        features, kept = cut_sample(sample, cut)
        double, single = (by_jax(model, open_sample(cut, job="predict"), p) for p in (np.float64, np.float32))
    found = by_onnx(session, features)
    print(f"{JETS} jets, {(kept == 0).sum()} without a track, {(kept == 1).sum()} with one")
    compare("ONNX Runtime beside JAX in double precision", double, found)
    compare("ONNX Runtime beside JAX in single precision", single, found)
    compare("JAX in single precision beside JAX in double precision", double, single)
    print(f"one jet a call: largest difference {one_by_one(session, features, kept, found):.1e}")
    program = jax.jit(named_program(model, "tagger", 2.0))
    for jets in (1, BATCH):
        some = {name: array[:jets] for name, array in features.items()}
        compiled(program, some)
        calls: dict[str, Callable[[], Any]] = {
            name: partial(one.run, None, some) for name, one in sessions.items()
        }
        calls["jit"] = partial(compiled, program, some)
        times = ", ".join(f"{name} {ms:.2f} ms" for name, ms in in_turns(calls).items())
        print(f"{jets} jets a call: {times}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
