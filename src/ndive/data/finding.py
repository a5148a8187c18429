"""The files that a path names: one file, a directory with a split, a list, or a wildcard."""

from collections.abc import Sequence
from pathlib import Path

from ndive.errors import ArgumentError, FileAccessError
from ndive.schema import SPLITS

Source = str | Path | Sequence[str | Path]
"""What names one or more files."""


def find_files(source: Source, split: str | None = None, suffix: str = "h5") -> tuple[Path, ...]:
    """The files named by `source`, sorted within a directory or a wildcard, else in the order given.

    In a directory, `split` picks the files `*_<split>.h5`; without one, every `*.h5` counts; or those with
    another `suffix`. A file that
    is named outright is taken whatever its name.

    **Raises:** `FileAccessError` where nothing is found, `ArgumentError` for an unknown split or an
    empty list.
    """
    if split is not None and split not in SPLITS:
        raise ArgumentError(f"split {split!r} is unknown; allowed are {', '.join(SPLITS)}")
    if isinstance(source, str | Path):
        return _find(Path(source), split, suffix)
    files = tuple(path for entry in source for path in _find(Path(entry), split, suffix))
    if not files:
        raise ArgumentError("the list of files is empty; name at least one")
    return files


def _find(path: Path, split: str | None, suffix: str) -> tuple[Path, ...]:
    if path.is_dir():
        pattern = f"*.{suffix}" if split is None else f"*_{split}.{suffix}"
        return _matching(path, pattern)
    if not path.exists() and any(sign in path.name for sign in "*?["):
        return _matching(path.parent, path.name)
    return (path,)


def _matching(folder: Path, pattern: str) -> tuple[Path, ...]:
    files = tuple(sorted(path for path in folder.glob(pattern) if path.is_file() and path.name[0] != "."))
    if not files:
        raise FileAccessError(f"cannot read '{folder}': no file in it matches '{pattern}'")
    return files
