"""A tagger in ONNX Runtime beside the same in JAX, on jets of all multiplicities, without a track too.

    uv run python validation/onnx_parity.py SAMPLE.h5 MODEL.eqx MODEL.onnx

MODEL.onnx is `ndive export MODEL.eqx --format onnx`. Of the first 10 000 jets of SAMPLE.h5 each is left so
many of its tracks as chance says, from none to all, in a file that both are given: JAX by `ndive.evaluation`,
ONNX Runtime as columns, 500 jets a call and, for some jets, one a call with its tracks alone. Prints the
largest differences, how many jets are off by more than 1e-5 in a probability or 0.01 standard deviations in
the vertex, and the time of a call beside that of the compiled program.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import jax
import numpy as np
import onnxruntime

from ndive.data import open_sample
from ndive.data.hdf5 import opened
from ndive.evaluation.inference import predict
from ndive.evaluation.predictions import Predictions
from ndive.export.athena import named_program
from ndive.export.columns import JET_COLUMNS, TRACK_COLUMNS
from ndive.models import load_model
from ndive.schema import load_schema

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


def by_onnx(session: Any, features: Arrays) -> Arrays:
    """The outputs for all jets, some a call, without the model's name before theirs."""
    names = [output.name.partition("_")[2] for output in session.get_outputs()]
    pieces = [
        session.run(None, {name: array[start : start + BATCH] for name, array in features.items()})
        for start in range(0, JETS, BATCH)
    ]
    return {name: np.concatenate(parts) for name, parts in zip(names, zip(*pieces, strict=True), strict=True)}


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


def compare(expected: Predictions, found: Arrays, kept: np.ndarray) -> None:
    """Print the differences between what JAX and ONNX Runtime say."""
    real = np.arange(found["TrackOrigin"].shape[1]) < kept[:, None]
    if expected.flavour is None or expected.origin is None or expected.vertex_index is None:
        raise SystemExit("the model is no tagger")
    flavour = np.abs(np.stack([found["pb"], found["pc"], found["pu"]], axis=-1) - expected.flavour).max(-1)
    print(f"{JETS} jets, {(kept == 0).sum()} without a track, {(kept == 1).sum()} with one")
    print(f"probabilities: largest difference {flavour.max():.1e}, {(flavour > 1e-5).sum()} jets above 1e-5")
    values = np.array([origin.value for origin in load_schema().origin_classes])
    origin = values[expected.origin.argmax(axis=-1)]
    print(f"TrackOrigin: {(found['TrackOrigin'] != np.where(real, origin, -1)).sum()} of {real.sum()} differ")
    index = (found["VertexIndex"] != expected.vertex_index).sum()
    print(f"VertexIndex: {index} of {real.sum()} differ")
    if (vertices := expected.vertices) is None:
        return
    position = np.stack([found[f"vertex_{axis}"] for axis in "xyz"], axis=-1)
    error = np.sqrt(np.diagonal(vertices.covariance, axis1=-2, axis2=-1))
    pull = (np.abs(position - vertices.position) / error).max(axis=-1)
    same = found["vertex_status"] == vertices.status
    print(f"vertex: {(~same).sum()} of {vertices.valid.sum()} fitted jets end with another status")
    print(
        f"vertex: largest difference {pull[same].max():.1e} sigma, "
        f"{(pull[same] > 0.01).sum()} jets above 0.01 sigma"
    )
    print(f"probabilities where the status is the same: largest difference {flavour[same].max():.1e}")


def timed(call: Callable[[Arrays], Any], features: Arrays) -> float:
    """Milliseconds of a call, the median of some."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call(features)
        seconds.append(time.perf_counter() - start)
    return float(1e3 * np.median(seconds))


def main(sample: Path, model_path: Path, onnx_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_path, options)
    model, _ = load_model(model_path)
    with tempfile.TemporaryDirectory() as directory:
        cut = Path(directory) / "cut_test.h5"
        features, kept = cut_sample(sample, cut)
        expected = predict(model, open_sample(cut, job="predict"))
    found = by_onnx(session, features)
    compare(expected, found, kept)
    print(f"one jet a call: largest difference {one_by_one(session, features, kept, found):.1e}")
    program = jax.jit(named_program(model, "tagger", 2.0))
    for jets in (1, BATCH):
        some = {name: array[:jets] for name, array in features.items()}
        jax.block_until_ready(program(some))
        onnx_ms = timed(lambda some: session.run(None, some), some)
        jit_ms = timed(lambda some: jax.block_until_ready(program(some)), some)
        print(f"{jets} jets a call: ONNX Runtime {onnx_ms:.1f} ms on one thread, jit {jit_ms:.1f} ms")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
