"""The public sample from ROOT files to jets files, block by block, split by event."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ndive.data.public_sample import BRANCHES, TREE, rows_of
from ndive.data.root import n_entries, read_tree
from ndive.data.writing import Rows, written_sample
from ndive.errors import ArgumentError, SampleError
from ndive.schema import SPLITS, Fractions, Split, check_fractions, load_schema, split_of_event

BLOCK = 8192
"""Entries read at once."""


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What is converted, and into what.

    **Attributes:** `inputs`, ROOT files; `slots`, most tracks of a jet, those of highest pT; `field` in tesla
    along +z; `fractions` of the jets for train, val and test, by event, or the one `split` all of them go to.

    **Raises:** `ArgumentError` where a value is not allowed.
    """

    inputs: tuple[Path, ...]
    slots: int = 15
    field: float = 2.0
    fractions: Fractions = (0.8, 0.1, 0.1)
    split: Split | None = None

    def __post_init__(self) -> None:
        """Refuse what is not allowed."""
        check_fractions(self.fractions)
        if not 1 <= self.slots <= 100:
            raise ArgumentError(f"slots is {self.slots}, allowed: 1 to 100")
        if not 0 < abs(self.field) <= 10:
            raise ArgumentError(f"field is {self.field:g}, allowed: up to 10 tesla, and not 0")

    @property
    def splits(self) -> tuple[Split, ...]:
        """The parts that are written."""
        return SPLITS if self.split is None else (self.split,)

    def n_entries(self) -> int:
        """Jets in all inputs, each seen to have what is needed; raises as `ndive.data.root.n_entries`."""
        return sum(n_entries(path, TREE, BRANCHES) for path in self.inputs)

    def parts(self, rows: Rows) -> dict[Split, Rows]:
        """The rows of each file: all jets of an event go to one."""
        if self.split is not None:
            return {self.split: rows}
        place = split_of_event(rows["jets"]["eventNumber"], self.fractions)
        return {
            split: {name: values[place == index] for name, values in rows.items()}
            for index, split in enumerate(SPLITS)
        }


def convert(conversion: Conversion, paths: dict[Split, Path]) -> Iterator[tuple[int, int]]:
    """Write the files at `paths`, and yield the jets read and written with each block.

    Memory does not grow with the inputs. The files are there when the last block is done, or none is.

    **Raises:** `SampleError` where an input is damaged or breaks the layout, or leaves a file without a jet;
    `FileAccessError` where a place cannot be read or written.
    """
    with ExitStack() as stack:
        appends = {
            split: stack.enter_context(written_sample(paths[split], _attributes(conversion, split)))
            for split in conversion.splits
        }
        written = dict.fromkeys(conversion.splits, 0)
        for path in conversion.inputs:
            first, total = 0, n_entries(path, TREE, BRANCHES)
            for block in read_tree(path, TREE, BRANCHES, BLOCK):
                rows = rows_of(block, path=path, first=first, slots=conversion.slots)
                for split, part in conversion.parts(rows).items():
                    appends[split](part)
                    written[split] += len(part["jets"])
                size = min(BLOCK, total - first)
                first += size
                yield size, len(rows["jets"])
        empty = [paths[split].name for split, n_jets in written.items() if n_jets == 0]
        if empty:
            raise SampleError(f"no jet of the input goes into {', '.join(empty)}")


def _attributes(conversion: Conversion, split: Split) -> dict[str, str | int | float | list[str]]:
    return {
        "ndive_version": version("ndive"),
        "schema_version": load_schema().version,
        "input": [str(path) for path in conversion.inputs],
        "field": conversion.field,
        "split": split,
    }
