"""Files from strangers: mutated HDF5, ROOT, YAML and model files through the verbs that read them.

    uv run python validation/fuzz.py [--cases 6000] [--seed 1] [--output fuzz.json]

Each case is a function of the seed and its number: a small whole file with bytes flipped, zeroed, moved or
cut off, or (HDF5, YAML) a sound file with one hostile value, type, name or attribute. A case is right where
the verb ends with 0 and says at most one line on stderr, or with 2 and one line. Wrong are tracebacks, other
statuses, more lines, a process that dies, 10 s of CPU time, and 2 GB. Prints one JSON object: the number of
cases of each verb by how they ended, the longest time, the most memory, and the wrong ones.
"""

import argparse
import contextlib
import io
import json
import os
import queue
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import awkward as ak
import equinox as eqx
import h5py
import hdf5plugin
import jax
import numpy as np
import uproot
import yaml

from ndive.cli import main as ndive
from ndive.data.public_sample import BRANCHES
from ndive.models import ModelConfig, build_model, identity_normalisation, save_model
from ndive.schema import load_schema

SECONDS, MEGABYTES = 10.0, 2000.0
PATIENCE = 600.0
"""Seconds by the clock until a process that says nothing is given up."""

JETS, SLOTS = 12, 4
VERBS = ("inspect", "fit", "schema", "convert", "predict", "model")
"""`schema` is `inspect` with a mutated schema, `model` is `predict` with a mutated model."""


def sound_hdf5(path: Path) -> Path:
    """A jets file of random numbers that every verb takes."""
    random, schema = np.random.default_rng(0), load_schema()
    rows = {
        name: np.zeros((JETS, SLOTS)[:rank], schema.dtype(name))
        for name, rank in (("jets", 1), ("tracks", 2))
    }
    for values in rows.values():
        for name in values.dtype.names or ():
            if values.dtype[name].kind == "f":
                values[name] = random.uniform(0.01, 0.3, values.shape)
    rows["tracks"]["theta"] += 1
    rows["tracks"]["valid"] = True
    with h5py.File(path, "w") as file:
        for name, values in rows.items():
            file.create_dataset(name, data=values, chunks=values.shape, **hdf5plugin.LZ4())
        file["jets"].attrs["flavour_label"] = ["bjets", "cjets", "ujets"]
        file.attrs["field"] = 2.0
    return path


def sound_root(path: Path) -> Path:
    """A file of the public sample, random numbers again."""
    random = np.random.default_rng(0)
    made = {}
    for name in BRANCHES:
        whole = name.startswith(
            ("jet_flav", "event", "nB", "nC", "node", "edge", "hadron_pdg", "trk_pdg", "trk_vtx")
        )
        kind = np.int32 if whole or name == "trk_pythia_i" else np.float32
        lists = name.startswith(("trk", "node", "edge", "hadron"))
        values = random.uniform(0.1, 0.9, (60, 3) if lists else 60) * (5 if whole else 1)
        made[name] = (
            ak.from_regular(ak.Array(values.astype(kind))) if lists else ak.Array(values.astype(kind))
        )
    made["eventnb"] = ak.Array(np.arange(60, dtype=np.int32))
    made["jet_flav"] = ak.Array(np.zeros(60, np.int32))
    with uproot.recreate(path) as file:
        tree = file.mktree("tree", {name: values.type.content for name, values in made.items()})
        tree.extend(made)
    return path


def sound_model(path: Path) -> Path:
    """A small tagger as it was initialised."""
    config = ModelConfig(model="FTAG", vertexer="none", ghost=False, layers=0)
    model = eqx.filter_jit(build_model)(config, identity_normalisation(), key=jax.random.key(0))
    save_model(path, model, config)
    return path


def mutated_bytes(content: bytes, random: np.random.Generator) -> bytes:
    """Some bytes flipped, set, zeroed, moved, doubled or cut off."""
    data = bytearray(content)
    for _ in range(random.integers(1, 5)):
        start = int(random.integers(0, max(len(data), 1)))
        stop = start + int(random.choice([1, 4, 8, 64]))
        kind = random.integers(0, 6)
        if kind == 0:
            data[start:stop] = random.bytes(len(data[start:stop]))
        elif kind == 1:
            data[start:stop] = bytes(len(data[start:stop]))
        elif kind == 2:
            data[start:stop] = b"\xff" * len(data[start:stop])
        elif kind == 3 and len(data) > start:
            data[start] ^= 1 << int(random.integers(0, 8))
        elif kind == 4:
            data[start:start] = data[start:stop]
        elif random.random() < 0.3:
            del data[start:]
    return bytes(data)


def hostile_hdf5(path: Path, random: np.random.Generator) -> None:
    """One value, name, type or attribute of a sound file replaced."""
    with h5py.File(path, "r+") as file:
        name = str(random.choice(["jets", "tracks"]))
        values = file[name][:]
        field = str(random.choice(values.dtype.names))
        kind = random.integers(0, 7)
        if kind <= 1:
            odd = [np.nan, np.inf, -np.inf, 1e38, -1e38, 0, -1, 1e-45, 2**31 - 1, -(2**31)]
            with np.errstate(all="ignore"):
                values[field].flat[random.integers(0, values.size)] = np.array(random.choice(odd)).astype(
                    values.dtype[field]
                )
        elif kind == 2:
            kinds = [(one, "S3" if one == field else values.dtype[one]) for one in values.dtype.names]
            values = np.zeros(values.shape, kinds)
        elif kind == 3:
            values = values[[one for one in values.dtype.names if one != field]].copy()
        elif kind == 4:
            values = values[: random.integers(0, JETS)]
        elif kind == 5:
            values = np.zeros(values.shape, random.choice(["f4", "S2", "i8"]))
        attributes: list[Any] = [
            np.nan,
            -1,
            "text",
            b"\xff\xfe",
            [],
            [1, 2],
            h5py.Empty("f4"),
            1e300,
            ["a"] * 500,
        ]
        del file[name]
        file[name] = values
        where = file.attrs if random.random() < 0.5 else file["jets"].attrs
        if kind == 6:
            where[str(random.choice(["field", "flavour_label"]))] = attributes[
                random.integers(len(attributes))
            ]


def hostile_yaml(content: str, random: np.random.Generator) -> bytes:
    """One entry of a sound schema replaced, renamed or taken out."""
    tree = yaml.safe_load(content)
    odd: list[Any] = [
        None,
        True,
        -1,
        2**70,
        0.5,
        float("nan"),
        "",
        "O",
        "f4",
        "a" * 10_000,
        [],
        {},
        ["x"],
        {"a": {}},
        [[]] * 3,
    ]
    node = tree
    while True:
        names = list(node) if isinstance(node, dict) else list(range(len(node)))
        name = names[random.integers(len(names))]
        deeper = isinstance(node[name], dict | list) and len(node[name]) > 0
        if not deeper or random.random() < 0.15:
            break
        node = node[name]
    kind = random.integers(0, 4)
    if kind == 0:
        del node[name]
    elif kind == 1 and isinstance(node, dict):
        node[str(odd[random.integers(len(odd))])] = node.pop(name)
    else:
        node[name] = odd[random.integers(len(odd))]
    return yaml.safe_dump(tree).encode()


def sound_commands(sound: dict[str, Path], output: Path) -> list[list[str]]:
    """Each verb on files that are right; so all is imported and compiled, too."""
    jets, model = str(sound["hdf5"]), str(sound["model"])
    return [
        ["inspect", jets, "--schema", str(sound["yaml"])],
        ["fit", jets, "--output", str(output / "vertices.h5")],
        ["predict", model, jets, "-o", str(output / "scores.h5")],
        ["convert", str(sound["root"]), "--output", str(output), "--split", "train"],
    ]


def case(number: int, seed: int, sound: dict[str, Path], folder: Path) -> list[str]:
    """Write the input of a case, and return the command on it."""
    random = np.random.default_rng([seed, number])
    verb, output = VERBS[number % len(VERBS)], folder / "out"
    if verb == "convert":
        path = folder / "input.root"
        path.write_bytes(mutated_bytes(sound["root"].read_bytes(), random))
        return ["convert", str(path), "--output", str(output), "--overwrite", "--split", "train"]
    if verb == "schema":
        path = folder / "own.yaml"
        content = sound["yaml"].read_bytes()
        by_entry = random.random() < 0.8
        path.write_bytes(
            hostile_yaml(content.decode(), random) if by_entry else mutated_bytes(content, random)
        )
        return ["inspect", str(sound["hdf5"]), "--schema", str(path)]
    if verb == "model":
        path = folder / "model.eqx"
        path.write_bytes(mutated_bytes(sound["model"].read_bytes(), random))
        return ["predict", str(path), str(sound["hdf5"]), "-o", str(output / "scores.h5"), "--overwrite"]
    path = folder / "input.h5"
    path.write_bytes(sound["hdf5"].read_bytes())
    if random.random() < 0.5:
        hostile_hdf5(path, random)
    else:
        path.write_bytes(mutated_bytes(path.read_bytes(), random))
    if verb == "inspect":
        return ["inspect", str(path), "--json"]
    if verb == "fit":
        return ["fit", str(path), "--output", str(output / "vertices.h5"), "--overwrite"]
    return ["predict", str(sound["model"]), str(path), "-o", str(output / "scores.h5"), "--overwrite"]


def verdict(command: list[str]) -> str:
    """How the command ended: `right`, `refused`, or what was wrong."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            status = ndive(command)
    except BaseException as error:
        return f"wrong: {type(error).__name__}: {str(error)[:100]}"
    told = err.getvalue()
    if status == 0 and told.count("\n") <= 1:
        return "right"
    if status == 2 and told.count("\n") == 1 and told.startswith("ndive: "):
        return "refused"
    return f"wrong: status {status}, {told[:100]!r}"


def work(first: int, last: int, seed: int) -> None:
    """Run cases and print, for each, its number, how it ended, and what it took."""
    real = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where a filter of HDF5 writes what it thinks of a chunk
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sound").mkdir()
        sound = {
            "hdf5": sound_hdf5(folder / "sound" / "jets.h5"),
            "root": sound_root(folder / "sound" / "jets.root"),
            "yaml": folder / "sound" / "schema.yaml",
            "model": sound_model(folder / "sound" / "model.eqx"),
        }
        sound["yaml"].write_text(
            resources.files("ndive.schema").joinpath("ftag_v1.yaml").read_text(encoding="utf-8"),
            encoding="utf-8",
        )
        for command in sound_commands(sound, folder / "out"):
            if (how := verdict(command)) != "right":
                raise SystemExit(f"{' '.join(command)}: {how}")
        for number in range(first, last):
            command = case(number, seed, sound, folder)
            begin = time.process_time()
            how = verdict(command)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            real.write(json.dumps([number, how, time.process_time() - begin, memory]) + "\n")
            real.flush()


def cases_of_process(first: int, last: int, seed: int) -> Iterator[tuple[int, str, float, float]]:
    """The cases of one process, until it is through, dies, hangs or grows; the last is then wrong."""
    command = [sys.executable, __file__, "--worker", str(first), str(last), "--seed", str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines: queue.Queue[str | None] = queue.Queue()

    def read(into: Callable[[str | None], None]) -> None:
        for line in process.stdout or ():
            into(line)
        into(None)

    threading.Thread(target=read, args=(lines.put,), daemon=True).start()
    number = first
    while number < last:
        try:
            line = lines.get(timeout=PATIENCE)
        except queue.Empty:
            yield number, f"wrong: no end after {PATIENCE:.0f} s", PATIENCE, 0.0
            break
        if line is None:
            yield number, f"wrong: the process ended with {process.wait()}", 0.0, 0.0
            break
        number, how, seconds, memory = json.loads(line)
        if memory > MEGABYTES:
            yield number, f"wrong: {memory:.0f} MB", seconds, memory
            break
        yield number, how if seconds < SECONDS else f"wrong: {seconds:.0f} s", seconds, memory
        number += 1
    process.kill()
    process.wait()


def campaign(n_cases: int, seed: int) -> dict[str, Any]:
    """All cases, each process followed by another until all are done."""
    ends: Counter[str] = Counter()
    wrong, longest, most, number = [], 0.0, 0.0, 0
    while number < n_cases:
        for done, how, seconds, memory in cases_of_process(number, n_cases, seed):
            kind = "wrong" if how.startswith("wrong") else how
            ends[f"{VERBS[done % len(VERBS)]}: {kind}"] += 1
            if kind == "wrong":
                wrong.append([done, how])
            longest, most, number = max(longest, seconds), max(most, memory), done + 1
    return {
        "cases": n_cases,
        "seed": seed,
        "ends": dict(sorted(ends.items())),
        "longest_seconds": round(longest, 2),
        "most_megabytes": round(most),
        "wrong": wrong,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, help="file for the JSON (stdout)")
    parser.add_argument("--worker", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        first, last = options.worker
        work(first, last, options.seed)
        return
    text = json.dumps(campaign(options.cases, options.seed), indent=1) + "\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
