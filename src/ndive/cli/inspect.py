"""`ndive inspect`: what is in a jets file, and which jobs it serves."""

import sys

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from ndive.cli.console import table_console
from ndive.data import Split
from ndive.data.inspection import Contents, FieldRange, inspect_files
from ndive.schema import load_schema


def inspect(*files: str, split: Split | None = None) -> None:
    """Print what is in jets files: flavours, track multiplicity, ranges of all fields, jobs they serve.

    Every row is read and checked; the first that breaks the layout ends the command with status 2.

    Parameters
    ----------
    files
        Files, directories or wildcards.
    split
        In a directory, read only the files *_SPLIT.h5.
    """
    terminal = table_console()
    for contents in inspect_files(files, split):
        _print(contents, terminal)


def _print(contents: Contents, terminal: Console) -> None:
    header = contents.header
    terminal.print(f"{header.path}", style="bold", soft_wrap=True)
    terminal.print(
        f"{header.n_jets} jets of {header.n_slots} track slots, {header.path.stat().st_size / 1e6:.1f} MB, "
        f"field {header.field:g} T, {_tracks_a_jet(contents.multiplicity)}"
    )
    for table in (_jobs(contents), _flavours(contents), _attributes(contents)):
        terminal.print(table)
    for dataset in ("jets", "tracks"):
        terminal.print(_ranges(dataset, [one for one in contents.ranges if one.dataset == dataset]))


def _tracks_a_jet(multiplicity: np.ndarray) -> str:
    jets = multiplicity.sum()
    if jets == 0:
        return "tracks a jet: unknown without a field 'valid' of dtype bool"
    mean = (np.arange(len(multiplicity)) * multiplicity).sum() / jets
    present = np.flatnonzero(multiplicity)
    median = np.searchsorted(multiplicity.cumsum(), jets / 2)
    return (
        f"tracks a jet: mean {mean:.2f}, min {present[0]}, median {median}, max {present[-1]} "
        f"({multiplicity[0] / jets:.1%} with none, {multiplicity[-1] / jets:.1%} with all slots filled)"
    )


def _jobs(contents: Contents) -> Table:
    table = _table("job", "", "serves", "what is missing")
    jobs = load_schema().jobs
    for name, troubles in contents.jobs.items():
        table.add_row(name, jobs[name].title, "no" if troubles else "yes", "; ".join(troubles))
    return table


def _flavours(contents: Contents) -> Table:
    table = _table("flavour", "label", "jets", "share", numbers=(1, 2, 3))
    for label, (name, jets) in enumerate(contents.flavours.items()):
        table.add_row(name, str(label), str(jets), f"{jets / contents.header.n_jets:.1%}")
    if not contents.flavours:
        table.add_row("no class list", "", "", "")
    return table


def _attributes(contents: Contents) -> Table:
    table = _table("attribute", "value")
    for name, value in contents.header.attributes.items():
        table.add_row(name, str(value))
    return table


def _ranges(dataset: str, ranges: list[FieldRange]) -> Table:
    table = _table(dataset, "unit", "min", "median", "max", "not finite", "", numbers=(2, 3, 4, 5))
    known = load_schema().datasets[dataset]
    for one in ranges:
        text = known[one.name].text if one.name in known else "not in the schema"
        values = (_number(value) for value in (one.minimum, one.median, one.maximum))
        table.add_row(one.name, one.unit, *values, str(one.n_not_finite or ""), text)
    return table


def _number(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else f"{value:.5g}"


def _table(*columns: str, numbers: tuple[int, ...] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index in numbers else "left", no_wrap=index in numbers)
    return table
