"""The files of a training run: checkpoints to go on from, and the best model so far.

A checkpoint is one file: a line of JSON (configuration, seed, samples, losses so far, place in the epoch,
version, dtype, SHA-256 of what follows), then the arrays of the whole `TrainState` as
`equinox.tree_serialise_leaves` writes them. It is written aside and renamed, so a run that is killed leaves
the one before; a damaged one does not match its hash.
"""

import hashlib
import io
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import equinox as eqx

from ndive.errors import CheckpointError
from ndive.files import remove_abandoned, reported
from ndive.models.saved import check_dtype, float_dtype, serialised, write_with_header
from ndive.training.belonging import Header, Run, check_belongs, config_in, written_by
from ndive.training.config import TrainConfig
from ndive.training.history import FILE, Epoch
from ndive.training.standing import Mark, Standing
from ndive.training.state import TrainState, empty_state
from ndive.training.sums import NO_SUMS

FORMAT = "ndive-checkpoint-1"
BEST = "best.eqx"
KEPT_EVERY = 25
NEWEST = 2
PATTERN = re.compile(r"checkpoint_(\d+)(?:_(\d+))?\.eqx")
SEAL = "header_sha256"


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """Where a run stands as read back, and what is to be told of that."""

    standing: Standing
    told: tuple[str, ...]


def checkpoint_path(directory: Path, epoch: int, batch: int = 0) -> Path:
    """Where the checkpoint after `epoch` epochs, and `batch` batches of the next, lies."""
    return directory / (f"checkpoint_{epoch:04d}_{batch:06d}.eqx" if batch else f"checkpoint_{epoch:04d}.eqx")


def checkpoint_marks(directory: Path) -> list[Mark]:
    """The checkpoints that are there, the oldest first."""
    if not directory.is_dir():
        return []
    names = (PATTERN.fullmatch(path.name) for path in directory.iterdir())
    return sorted(Mark(int(match[1]), int(match[2] or 0)) for match in names if match)


def save_checkpoint(directory: Path, standing: Standing, run: Run) -> None:
    """Write the checkpoint of `standing`, and remove the older ones that `kept_marks` does not name, and
    what a killed process left half-written.

    **Raises:** `FileAccessError` where the place cannot be written.
    """
    payload = serialised(standing.state)
    header = {
        "format": FORMAT,
        "version": version("ndive"),
        "sha256": hashlib.sha256(payload).hexdigest(),
        "dtype": float_dtype(standing.state),
        "history": [asdict(epoch) for epoch in standing.history],
        "batches": standing.batches,
        "sums": dict(standing.sums),
        **run.described(),
    }
    path = checkpoint_path(directory, *standing.mark)
    write_with_header(path, header | {SEAL: _seal(header)}, payload)
    marks = checkpoint_marks(directory)
    for mark in set(marks) - kept_marks(marks):
        checkpoint_path(directory, *mark).unlink(missing_ok=True)
    remove_abandoned(directory, "checkpoint_*.eqx")


def kept_marks(marks: list[Mark]) -> set[Mark]:
    """Of all checkpoints those that stay: the two newest epochs and every 25th, and the two newest inside the
    epoch that is not done.
    """
    epochs = [mark for mark in marks if not mark.batch]
    inside = [mark for mark in marks if mark.batch and mark > max(epochs, default=Mark(0))]
    return {
        *epochs[-NEWEST:],
        *inside[-NEWEST:],
        *(mark for mark in epochs if mark.epoch % KEPT_EVERY == 0),
    }


def load_newest(directory: Path, run: Run) -> Resumed | None:
    """The newest checkpoint that can be read, None where there is none at all.

    **Raises:** `CheckpointError` where all are damaged, or it belongs to another run, dtype or version.
    """
    told: list[str] = []
    for mark in reversed(checkpoint_marks(directory)):
        path = checkpoint_path(directory, *mark)
        try:
            header, payload = _read(path)
        except CheckpointError:
            told.append(f"'{path}' is damaged, going on from the one before")
            continue
        check_belongs(path, header, run)
        standing = _standing(path, header, payload, run.config)
        if header.get("version") != version("ndive"):
            told.append(f"'{path}' is {written_by(header)}: the bits may not be those of a run left alone")
        return Resumed(standing=standing, told=tuple(told))
    if told:
        raise CheckpointError(f"'{directory}': all {len(told)} checkpoints are damaged")
    return None


def load_checkpoint(path: Path) -> tuple[TrainState, TrainConfig]:
    """The state and the configuration in one checkpoint.

    **Raises:** `CheckpointError` where it is damaged, of another dtype than this process computes in, or of a
    version with other settings or arrays; `FileAccessError` where it cannot be read.
    """
    header, payload = _read(path)
    config = config_in(path, header)
    return _standing(path, header, payload, config).state, config


def described_in(directory: Path) -> Header:
    """What the newest checkpoint that can be read says of its run (`Run.described`); nothing without one."""
    for mark in reversed(checkpoint_marks(directory)):
        with suppress(CheckpointError):
            return _read(checkpoint_path(directory, *mark))[0]
    return {}


def remove_run(directory: Path) -> None:
    """Remove the checkpoints, the best model and the history of a run, and nothing else.

    **Raises:** `FileAccessError` where one cannot be removed.
    """
    with reported(directory, "clear"):
        for mark in checkpoint_marks(directory):
            checkpoint_path(directory, *mark).unlink(missing_ok=True)
        for name in (BEST, FILE):
            (directory / name).unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    with reported(path, "read"):
        line, _, payload = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line)
        seal = header.pop(SEAL, None)  # the first checkpoints have none
        whole = header["format"] == FORMAT and header["sha256"] == hashlib.sha256(payload).hexdigest()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"checkpoint '{path}': damaged, or not a checkpoint of ndive") from error
    if not whole or seal not in (None, _seal(header)):
        raise CheckpointError(f"checkpoint '{path}': damaged, it does not match its hash")
    return header, payload


def _seal(header: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()


def _standing(path: Path, header: dict[str, Any], payload: bytes, config: TrainConfig) -> Standing:
    check_dtype(f"checkpoint '{path}'", header)
    try:
        state = eqx.tree_deserialise_leaves(io.BytesIO(payload), empty_state(config))
    except (RuntimeError, ValueError, EOFError) as error:
        raise CheckpointError(f"checkpoint '{path}': other arrays; {written_by(header)}") from error
    return Standing(
        state=state,
        history=tuple(Epoch(**epoch) for epoch in header["history"]),
        batches=header.get("batches", 0),
        sums={**NO_SUMS, **{name: (total, count) for name, (total, count) in header.get("sums", {}).items()}},
    )
