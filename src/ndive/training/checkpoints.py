"""The files of a training run: checkpoints to go on from, and the best model so far.

A checkpoint is one file: a line of JSON (configuration, seed, samples, losses so far, dtype, SHA-256 of what
follows), then the arrays of the whole `TrainState` as `equinox.tree_serialise_leaves` writes them. It is
written aside and renamed, so a run that is killed leaves the one before; a damaged one does not match its
hash.
"""

import hashlib
import io
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import equinox as eqx

from ndive.errors import CheckpointError
from ndive.files import reported
from ndive.models.saved import check_dtype, float_dtype, serialised, write_with_header
from ndive.training.config import TrainConfig
from ndive.training.history import FILE, Epoch
from ndive.training.state import TrainState, empty_state

FORMAT = "ndive-checkpoint-1"
BEST = "best.eqx"
KEPT_EVERY = 25
NEWEST = 2
PATTERN = re.compile(r"checkpoint_(\d+)\.eqx")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a checkpoint belongs to: it goes on only with the same configuration, seed and samples."""

    config: TrainConfig
    seed: int
    train_identity: str
    val_identity: str


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """A state read back with its losses so far, and the damaged checkpoints passed over on the way."""

    state: TrainState
    history: list[Epoch]
    damaged: tuple[Path, ...]


def checkpoint_path(directory: Path, epoch: int) -> Path:
    """Where the checkpoint after `epoch` epochs lies."""
    return directory / f"checkpoint_{epoch:04d}.eqx"


def checkpoint_epochs(directory: Path) -> list[int]:
    """The epochs that have a checkpoint, ascending."""
    if not directory.is_dir():
        return []
    names = (PATTERN.fullmatch(path.name) for path in directory.iterdir())
    return sorted(int(match[1]) for match in names if match)


def save_checkpoint(directory: Path, state: TrainState, history: list[Epoch], run: Run) -> None:
    """Write the checkpoint of `state`; of the older ones keep the one before and every 25th.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    payload = serialised(state)
    header = {
        "format": FORMAT,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "dtype": float_dtype(state),
        "history": [asdict(epoch) for epoch in history],
        **asdict(run),
    }
    write_with_header(checkpoint_path(directory, int(state.epoch)), header, payload)
    for epoch in checkpoint_epochs(directory)[:-NEWEST]:
        if epoch % KEPT_EVERY:
            checkpoint_path(directory, epoch).unlink(missing_ok=True)


def load_newest(directory: Path, run: Run) -> Resumed | None:
    """The newest checkpoint that can be read, None where there is none at all.

    **Raises:** `CheckpointError` where all are damaged, or it belongs to another run or another dtype.
    """
    damaged: list[Path] = []
    for epoch in reversed(checkpoint_epochs(directory)):
        path = checkpoint_path(directory, epoch)
        try:
            header, payload = _read(path)
        except CheckpointError:
            damaged.append(path)
            continue
        _check_same(path, header, run)
        state = _state(path, header, payload, run.config)
        history = [Epoch(**epoch) for epoch in header["history"]]
        return Resumed(state=state, history=history, damaged=tuple(damaged))
    if damaged:
        raise CheckpointError(f"'{directory}': all {len(damaged)} checkpoints are damaged")
    return None


def load_checkpoint(path: Path) -> tuple[TrainState, TrainConfig]:
    """The state and the configuration in one checkpoint.

    **Raises:** `CheckpointError` where it is damaged or of another dtype than this process computes in,
    `FileAccessError` where it cannot be read.
    """
    header, payload = _read(path)
    config = TrainConfig(**header["config"])
    return _state(path, header, payload, config), config


def remove_run(directory: Path) -> None:
    """Remove the checkpoints, the best model and the history of a run, and nothing else.

    **Raises:** `FileAccessError` where one cannot be removed.
    """
    with reported(directory, "clear"):
        for epoch in checkpoint_epochs(directory):
            checkpoint_path(directory, epoch).unlink(missing_ok=True)
        for name in (BEST, FILE):
            (directory / name).unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    with reported(path, "read"):
        line, _, payload = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line)
        whole = header["format"] == FORMAT and header["sha256"] == hashlib.sha256(payload).hexdigest()
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"checkpoint '{path}': damaged, or not a checkpoint of ndive") from error
    if not whole:
        raise CheckpointError(f"checkpoint '{path}': damaged, its arrays do not match their hash")
    return header, payload


def _state(path: Path, header: dict[str, Any], payload: bytes, config: TrainConfig) -> TrainState:
    check_dtype(f"checkpoint '{path}'", header)
    return eqx.tree_deserialise_leaves(io.BytesIO(payload), empty_state(config))


def _check_same(path: Path, header: dict[str, Any], run: Run) -> None:
    """Refuse a checkpoint of another run; another number of epochs makes one only with the cosine decay."""
    found, wanted = _flat(header), _flat(asdict(run))
    differing = [
        f"{name} {found.get(name)!r} there, {value!r} here"
        for name, value in wanted.items()
        if found.get(name) != value
    ]
    if differing:
        raise CheckpointError(f"checkpoint '{path}' is of another run: {'; '.join(differing)}")
    planned, asked = header["config"]["num_epochs"], run.config.num_epochs
    if run.config.use_cosine_decay_schedule and asked != planned:
        raise CheckpointError(
            f"checkpoint '{path}': its cosine decay ends at epoch {planned} and cannot go on to {asked}; "
            f"keep that number, or start anew"
        )


def _flat(run: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in run["config"].items() if name != "num_epochs"}
    names = {"train_identity": "training sample", "val_identity": "validation sample", "seed": "seed"}
    return fields | {text: run[name] for name, text in names.items()}
