"""Files that a verb is to write."""

from pathlib import Path

from ndive.data import Sample
from ndive.errors import ArgumentError
from ndive.files import check_directory, resolved


def check_output(output: Path, sample: Sample) -> None:
    """Refuse an output that is a directory or one of the files of `sample`, or cannot be made.

    **Raises:** `ArgumentError`, and `FileAccessError` where its directory cannot be written.
    """
    if output.is_dir():
        raise ArgumentError(f"output '{output}' is a directory; name a file")
    check_directory(resolved(output).parent)
    if output.exists() and any(output.samefile(path) for path in sample.paths):
        raise ArgumentError(f"output '{output}' is an input; name another file")


def check_free(output: Path, *, overwrite: bool) -> None:
    """Refuse an output that is there, unless it is to be replaced.

    **Raises:** `ArgumentError`.
    """
    if output.exists() and not overwrite:
        raise ArgumentError(f"output '{output}' is there: name another file, or --overwrite")
