"""What is in jets files, as tables on a terminal."""

import sys
from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from ndive.data.inspection import Contents, FieldRange
from ndive.schema import Schema


def print_contents(contents: Contents, schema: Schema, terminal: Console) -> None:
    """Everything about one file."""
    header = contents.header
    terminal.print(f"{header.path}", style="bold", soft_wrap=True)
    terminal.print(
        f"{header.n_jets} jets of {header.n_slots} track slots, {header.path.stat().st_size / 1e6:.1f} MB, "
        f"field {header.field:g} T, {_tracks_a_jet(contents.multiplicity)}"
    )
    for table in (_jobs(contents, schema), _flavours(contents), _attributes(contents)):
        terminal.print(table)
    for dataset in ("jets", "tracks"):
        terminal.print(_ranges(dataset, [one for one in contents.ranges if one.dataset == dataset], schema))


def print_overview(files: Sequence[Contents], terminal: Console) -> None:
    """One line a file: its size, the shares of its flavours, and the jobs that it serves."""
    table = _table("file", "jets", "slots", "MB", "tracks a jet", "flavours", "serves", numbers=(1, 2, 3, 4))
    for contents in files:
        header, counts = contents.header, contents.multiplicity
        mean = (np.arange(len(counts)) * counts).sum() / max(counts.sum(), 1)
        shares = (f"{name} {jets / header.n_jets:.0%}" for name, jets in contents.flavours.items())
        table.add_row(
            str(header.path),
            str(header.n_jets),
            str(header.n_slots),
            f"{header.path.stat().st_size / 1e6:.1f}",
            f"{mean:.2f}",
            ", ".join(shares),
            ", ".join(name for name, troubles in contents.jobs.items() if not troubles) or "none",
        )
    terminal.print(table)
    n_jets = sum(contents.header.n_jets for contents in files)
    terminal.print(f"{n_jets} jets in {len(files)} files; name one for more")


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


def _jobs(contents: Contents, schema: Schema) -> Table:
    table = _table("job", "", "serves", "what is missing")
    for name, troubles in contents.jobs.items():
        table.add_row(name, schema.jobs[name].title, "no" if troubles else "yes", "; ".join(troubles))
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


def _ranges(dataset: str, ranges: list[FieldRange], schema: Schema) -> Table:
    table = _table(dataset, "unit", "min", "median", "max", "not finite", "", numbers=(2, 3, 4, 5))
    known = schema.datasets[dataset]
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
