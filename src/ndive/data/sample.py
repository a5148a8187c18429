"""A sample: the jets of one or more files, read piece by piece."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np

from ndive.data.batch import Batch, concatenated
from ndive.data.checking import check_rows
from ndive.data.columns import Rows, in_program_units, read_columns
from ndive.data.conversion import jets_of, to_tracks, to_truth
from ndive.data.header import Header, correlations, fingerprint
from ndive.errors import ArgumentError
from ndive.schema import Job, Schema
from ndive.tracks import Jet, Tracks

Floating = type[np.floating]
Ranges = Sequence[tuple[int, int]]
"""First jet and the one behind the last."""


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

    @property
    def has_truth(self) -> bool:
        """Whether it was opened for a job that reads the targets."""
        return self._serves("train")

    @cached_property
    def identity(self) -> str:
        """A hash of each file's whole content, its attributes and its layout; not of where it lies.

        The files are read as a whole when it is first asked for.

        **Raises:** `FileAccessError`, and `SampleError` for a damaged file.
        """
        fingerprints = "".join(fingerprint(path) for path in self.paths)
        return hashlib.sha256(fingerprints.encode()).hexdigest()

    def read(self, start: int, stop: int) -> Batch:
        """Jets `start` to `stop` with their targets, as float32 NumPy arrays.

        **Raises:** `ArgumentError` beyond the sample, or where it was opened for a job without targets;
        `SampleError` for a row that breaks the layout.
        """
        return self.read_ranges([(start, stop)])

    def read_ranges(self, ranges: Ranges) -> Batch:
        """The jets of several ranges, one behind the other; as `read`, and faster than one call for each."""
        return concatenated(
            [
                Batch(jet=_jet(rows, header), truth=to_truth(rows["jets"], rows["tracks"], self.schema))
                for header, rows in self._checked("train", ranges, np.float32)
            ]
        )

    def read_jets(self, start: int, stop: int) -> Jet:
        """Jets `start` to `stop` without their targets, of a sample opened to predict; raises as `read`."""
        rows = self._checked("predict", [(start, stop)], np.float32)
        return concatenated([_jet(piece, header) for header, piece in rows])

    def read_tracks(self, start: int, stop: int, precision: Floating = np.float32) -> Tracks:
        """The tracks of jets `start` to `stop`, of a sample opened to fit; raises as `read`."""
        rows = self._checked("fit", [(start, stop)], precision)
        return concatenated([to_tracks(piece["tracks"], header.field) for header, piece in rows])

    def columns(
        self, dataset: str, names: Sequence[str], start: int, stop: int, precision: Floating = np.float32
    ) -> Mapping[str, np.ndarray]:
        """Any fields of `jets` `[stop - start]` or `tracks` `[stop - start, slots]`, paddings as on file.

        **Raises:** `SampleError` where a file has no such field; `ArgumentError` beyond the sample.
        """
        pieces = [
            in_program_units(rows, header, self.schema, precision)[dataset]
            for header, rows_of_file in self._files([(start, stop)])
            for rows in read_columns(header, {dataset: names}, rows_of_file)
        ]
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}

    def locate(self, jet: int) -> tuple[Path, int]:
        """The file that a jet lies in, and its row there.

        **Raises:** `ArgumentError` beyond the sample.
        """
        ((index, row, _),) = self._pieces(jet, jet + 1)
        return self.headers[index].path, row

    def _checked(self, job: str, ranges: Ranges, precision: Floating) -> Iterator[tuple[Header, Rows]]:
        """The fields that `job` reads, in the program's units, after a check of every row, and their file."""
        needs = self.schema.jobs[job].needs
        if not self._serves(job):
            raise ArgumentError(f"the sample is opened to {self.job.title}; open it with job='{job}'")
        for header, rows_of_file in self._files(ranges):
            wanted = {"jets": needs["jets"], "tracks": (*needs["tracks"], *correlations(header))}
            for (first, _), rows in zip(
                rows_of_file, read_columns(header, wanted, rows_of_file), strict=True
            ):
                check_rows(
                    rows,
                    path=header.path,
                    class_names=header.class_names,
                    first=first,
                    schema=self.schema,
                )
                yield header, in_program_units(rows, header, self.schema, precision)

    def _serves(self, job: str) -> bool:
        """Whether the job that it was opened for needs all that `job` needs."""
        needs = self.schema.jobs[job].needs
        return all(set(names) <= set(self.job.needs[dataset]) for dataset, names in needs.items())

    def _files(self, ranges: Ranges) -> Iterator[tuple[Header, list[tuple[int, int]]]]:
        """Each run of ranges that lies in one file, with the first and last row there."""
        pieces = (piece for start, stop in ranges for piece in self._pieces(start, stop))
        for index, run in groupby(pieces, key=lambda piece: piece[0]):
            yield self.headers[index], [(first, last) for _, first, last in run]

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """The files that jets `start` to `stop` lie in, by number, with the first and last row in each."""
        if not 0 <= start < stop <= self.n_jets:
            raise ArgumentError(f"jets {start} to {stop} asked of a sample of {self.n_jets}")
        before = 0
        for index, header in enumerate(self.headers):
            first, last = max(start - before, 0), min(stop - before, header.n_jets)
            if first < last:
                yield index, first, last
            before += header.n_jets


def _jet(rows: Rows, header: Header) -> Jet:
    jets = rows["jets"]
    return jets_of(jets["pt"], jets["eta"], jets["phi"], to_tracks(rows["tracks"], header.field))
