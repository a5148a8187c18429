"""Opening a sample: find its files and see that they serve the job."""

from collections.abc import Iterator
from difflib import get_close_matches

from ndive.data.finding import Source, find_files
from ndive.data.header import Header, correlations, read_header
from ndive.data.sample import Sample
from ndive.errors import ArgumentError, SampleError
from ndive.schema import Job, Schema, load_schema
from ndive.schema.perigee import CORRELATIONS

KINDS = {"f": "float", "i": "integer", "u": "unsigned integer", "b": "bool"}


def open_sample(
    source: Source, job: str = "train", split: str | None = None, schema: Schema | None = None
) -> Sample:
    """Open one file, a directory, a list or a wildcard as one sample, for a `job` of the schema.

    In a directory, `split` picks the files `*_<split>.h5`. Jobs of the package's own schema are `fit`,
    `predict`, `train` and `evaluate`. Only headers are read.

    **Raises:** `FileAccessError` where no file is found or readable; `SampleError` where a file is no jets
    file, lacks a field of the job, has it with a wrong dtype, or does not go with the others; `ArgumentError`
    for an unknown job or split.
    """
    schema = load_schema() if schema is None else schema
    if job not in schema.jobs:
        raise ArgumentError(f"job '{job}' is unknown; allowed are {', '.join(schema.jobs)}")
    headers = tuple(read_header(path, schema) for path in find_files(source, split))
    for header in headers:
        _check_fields(header, schema.jobs[job], schema)
        _check_alike(header, headers[0])
    return Sample(headers=headers, job=schema.jobs[job], schema=schema)


def shortcomings(header: Header, job: Job, schema: Schema) -> Iterator[str]:
    """What keeps a file from serving a job, one clause each."""
    optional = {"tracks": CORRELATIONS.values()}
    for dataset, names in job.needs.items():
        columns = header.columns.get(dataset, {})
        missing = [name for name in names if name not in columns]
        unknown = [name for name in columns if name not in schema.datasets[dataset]]
        if missing:
            yield f"dataset '{dataset}' lacks {_fields(missing)}{_guess(missing, unknown)}"
        for name in (*names, *optional.get(dataset, ())):
            if name in columns and not _kind_matches(columns[name].dtype.kind, schema, dataset, name):
                expected = KINDS[schema.datasets[dataset][name].dtype.kind]
                found = columns[name].dtype
                yield f"dataset '{dataset}', field '{name}' has dtype {found}, allowed is {expected}"
    if "flavour_label" in job.needs["jets"]:
        yield from _class_list(header, schema)


def _check_fields(header: Header, job: Job, schema: Schema) -> None:
    troubles = list(shortcomings(header, job, schema))
    if troubles:
        raise SampleError(f"'{header.path}' can't be used to {job.title}: {'; '.join(troubles)}")


def _check_alike(header: Header, first: Header) -> None:
    """Files of one sample share the class list, the track slots and the correlations."""
    for what, here, there in (
        ("class list", header.class_names, first.class_names),
        ("number of track slots", header.n_slots, first.n_slots),
        ("correlations", correlations(header), correlations(first)),
    ):
        if here != there:
            raise SampleError(
                f"'{header.path}' has the {what} {_listed(here)}, '{first.path}' has {_listed(there)}; "
                "files of one sample share it"
            )


def _class_list(header: Header, schema: Schema) -> Iterator[str]:
    if not set(header.class_names) & set(schema.class_names):
        found = _listed(header.class_names)
        yield (
            f"dataset 'jets', attribute 'flavour_label' (the class list) is {found}, "
            f"allowed are lists of {', '.join(schema.class_names)}"
        )


def _kind_matches(kind: str, schema: Schema, dataset: str, name: str) -> bool:
    expected = schema.datasets[dataset][name].dtype.kind
    return kind == expected or (kind == "u" and expected == "i")


def _fields(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _guess(missing: list[str], unknown: list[str]) -> str:
    """Names of the file that the schema does not know and that look like a slip of the pen."""
    near = [name for wanted in missing for name in get_close_matches(wanted, unknown, n=1, cutoff=0.8)]
    return f" (it has {_fields(list(dict.fromkeys(near)))})" if near else ""


def _listed(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(str, value))})"
    return str(value)
