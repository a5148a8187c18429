"""Scores of any number of jets in constant memory: piece by piece, here or on many workers."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path

from ndive.data import Sample, open_sample, write_datasets
from ndive.data.hdf5 import attributes_of
from ndive.errors import NdiveError
from ndive.evaluation.ellipsoids import ErrorFactor
from ndive.evaluation.inference import predict
from ndive.evaluation.parts import Parts
from ndive.evaluation.scores import Copied, Rows, copied_fields, score_rows
from ndive.evaluation.trained import TrainedModel, model_in
from ndive.files import resolved
from ndive.jobs import Pool, run_tasks
from ndive.models import Model
from ndive.training.compilation import keep_compiled

PIECE = 16_000
"""Jets that are scored between two files that are kept: what an interruption costs, and what is in memory."""


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """A model file and how its scores are called; `job` is what its samples are opened for.

    `n_jets` is how many it scores in all; `factors` are those of the errors of its vertices.
    """

    path: Path
    artefact: str
    name: str
    job: str
    n_jets: int
    copied: Copied
    factors: tuple[ErrorFactor, ...]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Rows `start` to `stop` of one file."""

    path: Path
    start: int
    stop: int


def job_of(trained: TrainedModel) -> str:
    """The job of the schema for which `trained` needs its samples opened."""
    return "train" if trained.model.reads_truth else "predict"


def scores_key(trained: TrainedModel, sample: Sample, name: str, factors: Sequence[ErrorFactor] = ()) -> str:
    """The hash of all that the scores depend on; it reads the files of `sample` as a whole.

    **Raises:** `FileAccessError`, and `SampleError` for a damaged file.
    """
    facts = {
        "model": trained.artefact,
        "sample": sample.identity,
        "name": name,
        "factors": [asdict(one) for one in factors],
        "version": version("ndive"),
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def scores_in(path: Path) -> str | None:
    """The key of the scores in the file at `path`, None where there are none."""
    try:
        with attributes_of(path) as file:
            key = file.attrs.get("scores_key")
    except NdiveError:
        return None
    return key if isinstance(key, str) else None


def write_scores(
    trained: TrainedModel,
    sample: Sample,
    output: Path,
    name: str,
    pool: Pool | None,
    factors: Sequence[ErrorFactor] = (),
) -> Iterator[int]:
    """Score the jets of `sample` into `output`, row for row; yield the number of jets done, piece by piece.

    With `factors` vertices have errors that are right on average, see `error_columns`.
    The work is done by the workers of `pool`, without one in this process, on its GPU where it has one.
    Pieces that are done are kept beside `output` until it is whole, so that the same call goes on where an
    earlier one was interrupted. Memory does not grow with the number of jets.

    **Raises:** `SampleError` for a row that breaks the layout; `FileAccessError` where the place cannot be
    written; `SimulationError` and `MissingExtraError` as `run_tasks`.
    """
    scorer = Scorer(
        path=trained.path.absolute(),
        artefact=trained.artefact,
        name=name,
        job=job_of(trained),
        n_jets=sample.n_jets,
        copied=copied_fields(sample.headers, name),
        factors=tuple(factors),
    )
    key = scores_key(trained, sample, name, factors)
    place = resolved(output)
    parts = Parts(place.parent / f".{place.name}.ndive_predict-{key[:16]}")
    pieces = _pieces(sample)
    done = parts.n_done()
    yield sum(piece.stop - piece.start for piece in pieces[:done])
    for number, rows in enumerate(_scored(scorer, pieces[done:], pool), start=done):
        parts.save(number, rows)
        yield len(rows["jets"])
    classes = sample.headers[0].class_names
    attributes = {"jets": {"flavour_label": list(classes)} if classes else {}}
    write_datasets(output, parts.rows(), _provenance(trained, sample, scorer, key), attributes)
    parts.remove()


def score(scorer: Scorer, piece: Piece) -> Rows:
    """The rows of one piece; a function of the two alone.

    **Raises:** `SampleError` for a row that breaks the layout, `CheckpointError` for a model that is damaged.
    """
    sample = open_sample(piece.path, job=scorer.job)
    rows = range(piece.start, piece.stop)
    predictions = predict(_model(scorer.path, scorer.artefact), sample, rows, n_jets=scorer.n_jets)
    return score_rows(scorer.name, predictions, sample.headers[0], scorer.copied, rows, scorer.factors)


@lru_cache(maxsize=1)
def _model(path: Path, artefact: str) -> Model:
    """The model of a process that scores; `artefact` tells a new file of the same name."""
    keep_compiled()
    return model_in(path)[0]


def _pieces(sample: Sample) -> list[Piece]:
    return [
        Piece(path=header.path.absolute(), start=start, stop=min(start + PIECE, header.n_jets))
        for header in sample.headers
        for start in range(0, header.n_jets, PIECE)
    ]


def _scored(scorer: Scorer, pieces: list[Piece], pool: Pool | None) -> Iterator[Rows]:
    if pool is None or not pieces:
        yield from map(partial(score, scorer), pieces)
        return
    results = run_tasks(partial(score, scorer), pieces, pool)
    try:
        yield from results
    finally:
        results.close()


def _provenance(
    trained: TrainedModel, sample: Sample, scorer: Scorer, key: str
) -> dict[str, str | int | list[str]]:
    return {
        "ndive_version": version("ndive"),
        "model": scorer.name,
        "error_factors": json.dumps([asdict(one) for one in scorer.factors]),
        "model_sha256": trained.artefact,
        "model_epoch": trained.epoch,
        "model_configuration": json.dumps(asdict(trained.config)),
        "input": [str(path) for path in sample.paths],
        "input_identity": sample.identity,
        "scores_key": key,
    }
