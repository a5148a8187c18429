"""Which run a checkpoint belongs to, and what is different where it is another."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ndive.data import Sample
from ndive.errors import CheckpointError, ConfigError
from ndive.training.config import TrainConfig, settings_hash

Header = Mapping[str, Any]
"""What a checkpoint says of itself."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a checkpoint belongs to: it goes on only with the same configuration, seed and samples."""

    config: TrainConfig
    seed: int
    train_sample: Sample
    val_sample: Sample
    train_identity: str
    val_identity: str

    def described(self) -> dict[str, Any]:
        """What a checkpoint says of it."""
        return {
            "config": asdict(self.config),
            "config_hash": settings_hash(self.config),
            "seed": self.seed,
            "train_identity": self.train_identity,
            "val_identity": self.val_identity,
            "train_jets": self.train_sample.n_jets,
            "train_files": [path.name for path in self.train_sample.paths],
        }


def check_belongs(path: Path, header: Header, run: Run) -> None:
    """Refuse a checkpoint of another run; another number of epochs makes one only with the cosine decay.

    A setting that the version which wrote it did not have counts as the default.

    **Raises:** `CheckpointError`, with what differs.
    """
    differing = [*_of_the_settings(header, run), *_of_the_samples(header, run)]
    if differing:
        raise CheckpointError(
            f"checkpoint '{path}' is of another run: {'; '.join(differing)}; take what it had, or start anew"
        )
    planned, asked = header["config"]["num_epochs"], run.config.num_epochs
    if run.config.use_cosine_decay_schedule and asked != planned:
        raise CheckpointError(
            f"checkpoint '{path}': its cosine decay ends at epoch {planned} and cannot go on to {asked}; "
            f"keep that number, or start anew"
        )


def config_in(path: Path, header: Header) -> TrainConfig:
    """The configuration in a checkpoint.

    **Raises:** `CheckpointError` where this version does not know it.
    """
    try:
        return TrainConfig(**header["config"])
    except (TypeError, ConfigError) as error:
        raise CheckpointError(f"checkpoint '{path}': {error}; {written_by(header)}") from error


def written_by(header: Header) -> str:
    """Which version wrote a checkpoint, and which reads it."""
    wrote = f"ndive {header['version']}" if "version" in header else "an earlier ndive"
    return f"written by {wrote}, read by ndive {version('ndive')}"


def _of_the_settings(header: Header, run: Run) -> Iterator[str]:
    there = asdict(TrainConfig()) | header["config"] | {"seed": header["seed"]}
    here = asdict(run.config) | {"seed": run.seed}
    for name in there | here:
        if name != "num_epochs" and there.get(name) != here.get(name):
            yield f"{name} {there.get(name)!r} there, {here.get(name)!r} here"


def _of_the_samples(header: Header, run: Run) -> Iterator[str]:
    for what, sample, name, here in (
        ("training", run.train_sample, "train_identity", run.train_identity),
        ("validation", run.val_sample, "val_identity", run.val_identity),
    ):
        if header[name] != here:
            files = ", ".join(f"'{path}'" for path in sample.paths)
            yield f"the {what} sample is another one or has changed since, here {files}"
