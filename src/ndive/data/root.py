"""Reading trees of ROOT files by uproot: numbers of an entry, or lists of them, block by block."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ndive.errors import MissingExtraError, NdiveError, SampleError
from ndive.files import reported

try:
    import awkward
    import uproot
except ImportError as error:
    raise MissingExtraError("root", "reading ROOT files") from error


@dataclass(frozen=True)
class Lists:
    """One list an entry: their `values` one behind the other, and how many each entry has."""

    values: np.ndarray
    counts: np.ndarray


Block = Mapping[str, np.ndarray | Lists]
"""Branch -> its entries."""


def branch_names(path: Path, tree: str) -> tuple[str, ...]:
    """The branches of a tree, those inside others too; raises as `n_entries`."""
    with _opened(path, tree) as found:
        return tuple(branch.name for branch in found.itervalues())


def n_entries(path: Path, tree: str, branches: Sequence[str]) -> int:
    """Entries of a tree, once it is seen to have the branches, all of them numbers or lists of numbers.

    **Raises:** `FileAccessError` where the file is missing or not readable; `SampleError` where it is no ROOT
    file or damaged, or lacks the tree or a branch, or has one of another type.
    """
    with _opened(path, tree) as found:
        missing = [name for name in branches if name not in found]
        if missing:
            raise SampleError(f"'{path}': tree '{tree}' lacks the branches {', '.join(missing)}")
        for name in branches:
            if not _is_numeric(found[name].interpretation):
                raise SampleError(
                    f"'{path}': branch '{name}' has type {found[name].typename}; "
                    "allowed are numbers and lists of numbers"
                )
        return int(found.num_entries)


def read_tree(path: Path, tree: str, branches: Sequence[str], size: int) -> Iterator[Block]:
    """The branches of a tree, `size` entries at a time; raises as `n_entries`."""
    with _opened(path, tree) as found:
        for start in range(0, found.num_entries, size):
            yield _entries(found, path, branches, start, min(start + size, found.num_entries))


def read_entries(path: Path, tree: str, branches: Sequence[str], start: int, stop: int) -> Block:
    """The branches of entries `start` to `stop` of a tree; raises as `n_entries`.

    An element of a list may be an array of a fixed shape: the `values` then have its axes behind the first.
    """
    with _opened(path, tree) as found:
        return _entries(found, path, branches, start, stop)


def as_lists(block: Block, names: Sequence[str], *, path: Path, first: int) -> list[Lists]:
    """Branches whose lists belong together; one number an entry counts as a list of one.

    **Raises:** `SampleError` where two differ in length, with the entry, counted from `first`.
    """
    lists = [
        entries if isinstance(entries, Lists) else Lists(entries, np.ones(len(entries), int))
        for entries in (block[name] for name in names)
    ]
    for name, one in zip(names, lists, strict=True):
        differs = one.counts != lists[0].counts
        if differs.any():
            entry = int(differs.argmax())
            raise SampleError(
                f"'{path}': branch '{name}', entry {first + entry}: found {one.counts[entry]} numbers, "
                f"'{names[0]}' has {lists[0].counts[entry]}"
            )
    return lists


@contextmanager
def _opened(path: Path, tree: str) -> Iterator[Any]:
    with reported(path, "read"), path.open("rb") as stream:
        magic = stream.read(4)
    if magic != b"root":
        raise SampleError(f"'{path}' is not a ROOT file")
    try:
        with uproot.open(path, array_cache=None) as file:
            names = {name.partition(";")[0] for name in file.keys(recursive=False)}
            if tree not in names:
                listed = ", ".join(sorted(names)) or "nothing"
                raise SampleError(f"'{path}': no tree '{tree}'; it has {listed}")
            if not isinstance(file[tree], uproot.TTree):
                raise SampleError(f"'{path}': '{tree}' is a {type(file[tree]).__name__}; allowed is a TTree")
            yield file[tree]
    except NdiveError:
        raise
    except Exception as error:  # uproot raises whatever the first damaged byte leads to
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SampleError(f"'{path}' is damaged: {reason[:200]}") from error


def _entries(tree: Any, path: Path, branches: Sequence[str], start: int, stop: int) -> Block:
    arrays = tree.arrays(
        filter_name=set(branches).__contains__, entry_start=start, entry_stop=stop, library="ak", how=dict
    )
    short = [name for name in branches if len(arrays[name]) != stop - start]
    if short:
        raise SampleError(f"'{path}' is damaged: branch '{short[0]}' has fewer entries than the tree")
    return {name: _plain(arrays[name]) for name in branches}


def _is_numeric(interpretation: Any) -> bool:
    content = getattr(interpretation, "content", interpretation)
    dtype = getattr(content, "to_dtype", None)
    return dtype is not None and dtype.kind in "fiub" and dtype.shape == ()


def _plain(array: Any) -> np.ndarray | Lists:
    if array.ndim == 1:
        return awkward.to_numpy(array)
    counts = awkward.to_numpy(awkward.num(array))
    return Lists(awkward.to_numpy(awkward.flatten(array)), counts)
