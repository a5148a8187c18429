"""A sample: the jets of one or more files, read piece by piece."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ndive.data.batch import Batch
from ndive.data.checking import check_rows
from ndive.data.columns import Rows, in_program_units, read_columns
from ndive.data.conversion import CORRELATIONS, jets_of, to_tracks, to_truth
from ndive.data.header import Header
from ndive.errors import ArgumentError
from ndive.schema import Job, Schema
from ndive.tracks import Jet, Tracks

Floating = type[np.floating]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Opened files whose layout serves `job`; made by `open_sample`.

    It holds no file open and no jet in memory. Every row is checked as it is read, so that none that breaks
    the layout reaches a model. All values come in the units of the program: GeV, mm, rad.
    """

    headers: tuple[Header, ...]
    job: Job
    schema: Schema

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in the order of their jets."""
        return tuple(header.path for header in self.headers)

    @cached_property
    def n_jets(self) -> int:
        """Jets in all files."""
        return sum(header.n_jets for header in self.headers)

    @property
    def n_slots(self) -> int:
        """Track slots a jet."""
        return self.headers[0].n_slots

    @property
    def class_names(self) -> tuple[str, ...]:
        """The flavours that `Truth.flavour` and the column `flavour_label` index."""
        return self.schema.class_names

    @cached_property
    def identity(self) -> str:
        """A hash of each file's size, layout, attributes and first and last jets; not of where it lies."""
        fingerprints = "".join(header.fingerprint for header in self.headers)
        return hashlib.sha256(fingerprints.encode()).hexdigest()

    def read(self, start: int, stop: int) -> Batch:
        """Jets `start` to `stop` with their targets, as float32 NumPy arrays.

        **Raises:** `ArgumentError` beyond the sample, or where it was opened for a job without targets;
        `SampleError` for a row that breaks the layout.
        """
        rows = self._checked("train", start, stop, np.float32)
        return Batch(jet=_jets(rows), truth=to_truth(rows["jets"], rows["tracks"], self.schema))

    def read_jets(self, start: int, stop: int) -> Jet:
        """Jets `start` to `stop` without targets, of a sample opened to predict; raises as `read`."""
        return _jets(self._checked("predict", start, stop, np.float32))

    def read_tracks(self, start: int, stop: int, precision: Floating = np.float32) -> Tracks:
        """The tracks of jets `start` to `stop`, of a sample opened to fit; raises as `read`."""
        return to_tracks(self._checked("fit", start, stop, precision)["tracks"])

    def columns(
        self, dataset: str, names: Sequence[str], start: int, stop: int, precision: Floating = np.float32
    ) -> Mapping[str, np.ndarray]:
        """Any fields of `jets` `[stop - start]` or `tracks` `[stop - start, slots]`, paddings as on file.

        **Raises:** `SampleError` where a file has no such field; `ArgumentError` beyond the sample.
        """
        pieces = (
            in_program_units(
                read_columns(header, {dataset: names}, first, last), header, self.schema, precision
            )
            for header, first, last in self._pieces(start, stop)
        )
        return _joined(list(pieces))[dataset]

    def check(self, start: int, stop: int) -> None:
        """Check all that the job reads of jets `start` to `stop`; raises as `read`."""
        self._checked(self.job.name, start, stop, np.float32)

    def _checked(self, job: str, start: int, stop: int, precision: Floating) -> Rows:
        """The fields that `job` reads, in the program's units, after a check of every row."""
        needs = self.schema.jobs[job].needs
        if any(set(names) - set(self.job.needs[dataset]) for dataset, names in needs.items()):
            raise ArgumentError(f"the sample is opened to {self.job.title}; open it with job='{job}'")
        pieces = []
        for header, first, last in self._pieces(start, stop):
            present = [name for name in CORRELATIONS.values() if name in header.columns["tracks"]]
            wanted = {"jets": needs["jets"], "tracks": [*needs["tracks"], *present]}
            rows = read_columns(header, wanted, first, last)
            check_rows(
                rows, path=header.path, first=first, class_names=header.class_names, schema=self.schema
            )
            pieces.append(in_program_units(rows, header, self.schema, precision))
        return _joined(pieces)

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[Header, int, int]]:
        """The files that jets `start` to `stop` lie in, with the first and last row in each."""
        if not 0 <= start < stop <= self.n_jets:
            raise ArgumentError(f"jets {start} to {stop} asked of a sample of {self.n_jets}")
        before = 0
        for header in self.headers:
            first, last = max(start - before, 0), min(stop - before, header.n_jets)
            if first < last:
                yield header, first, last
            before += header.n_jets


def _jets(rows: Rows) -> Jet:
    jets = rows["jets"]
    return jets_of(jets["pt"], jets["eta"], jets["phi"], to_tracks(rows["tracks"]))


def _joined(pieces: list[Rows]) -> Rows:
    if len(pieces) == 1:
        return pieces[0]
    return {
        dataset: {name: np.concatenate([piece[dataset][name] for piece in pieces]) for name in columns}
        for dataset, columns in pieces[0].items()
    }
