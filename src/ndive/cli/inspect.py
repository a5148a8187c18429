"""`ndive inspect`: what is in jets files, and which jobs they serve."""

from json import dumps
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from ndive.cli.console import console, line_console, table_console
from ndive.cli.contents import print_contents, print_overview
from ndive.data.inspection import Contents, inspect_files
from ndive.schema import Split, load_schema


def inspect(
    *files: str,
    split: Split | None = None,
    schema: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Print what is in jets files: flavours, track multiplicity, ranges of all fields, jobs they serve.

    Every row is read and checked; the first that breaks the layout ends the command with status 2. Of several
    files, each gets one line.

    Parameters
    ----------
    files
        Files, directories or wildcards.
    split
        In a directory, read only the files *_SPLIT.h5.
    schema
        YAML file with the names, units and enums of these files, in the place of the package's own.
    json
        Print one JSON list instead, with an object a file: everything, of several files too.
    """
    layout = load_schema(schema)
    found = list(inspect_files(files, split, layout))
    if json:
        console().print(dumps([_plain(contents) for contents in found], indent=1), soft_wrap=True)
    elif len(found) == 1:
        print_contents(found[0], layout, table_console())
    else:
        print_overview(found, line_console())


def _plain(contents: Contents) -> dict[str, Any]:
    """Numbers, texts, lists and dictionaries; numbers that are not finite are null."""
    header = contents.header
    return {
        "path": str(header.path),
        "jets": header.n_jets,
        "track_slots": header.n_slots,
        "field_tesla": header.field,
        "flavours": dict(contents.flavours),
        "jets_by_number_of_tracks": contents.multiplicity.tolist(),
        "jobs": {
            name: {"serves": not troubles, "missing": list(troubles)}
            for name, troubles in contents.jobs.items()
        },
        "fields": [
            {
                "dataset": one.dataset,
                "name": one.name,
                "unit": one.unit,
                **{name: _finite(getattr(one, name)) for name in ("minimum", "median", "maximum")},
                "not_finite": one.n_not_finite,
            }
            for one in contents.ranges
        ],
        "attributes": {name: _json_value(value) for name, value in header.attributes.items()},
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _json_value(value: object) -> object:
    """An attribute as JSON has it: a number that is finite, a text, or a list of such."""
    if isinstance(value, list):
        return [_json_value(entry) for entry in value]
    if isinstance(value, float):
        return _finite(value)
    return value if isinstance(value, bool | int | str) else str(value)
