"""Files that are either whole or not there: written aside, then renamed."""

import errno
import glob
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ndive.errors import FileAccessError

PART = ".part"
"""How the name of a temporary file ends."""


@contextmanager
def written_aside(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` when the block ends well.

    If the block raises, the temporary file and the directories made for it are removed, and `path` stays as
    it was. What a killed process of this machine left of the same file is removed, too. A symbolic link is
    followed; a device, a pipe or a directory is refused and never replaced.

    **Raises:** `FileAccessError` where the place cannot be written, is no ordinary file, or the disk is full.
    """
    path = resolved(path)
    if path.exists() and not path.is_file():
        raise FileAccessError(f"cannot write '{path}': it is there and is no ordinary file")
    with reported(path, "write"), made(path.parent):
        remove_abandoned(path.parent, glob.escape(path.name))
        prefix = f".{path.name}.{platform.node()}.{os.getpid()}."
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=PART)
        os.close(handle)
        aside = Path(name)
        try:
            yield aside
            aside.chmod(0o666 & ~_umask())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def resolved(path: str | Path) -> Path:
    """`path`, or the file that it leads to where it is a symbolic link; that file need not be there.

    **Raises:** `FileAccessError` where it cannot be followed, as links in a circle.
    """
    with reported(path, "follow"):
        if not Path(path).is_symlink():
            return Path(path)
        end = Path(os.path.realpath(path))
        if end.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return end


@dataclass(frozen=True, kw_only=True)
class NumberedFiles:
    """Files `<prefix>_000000<suffix>`, ... of one `directory`, made one after another."""

    directory: Path
    prefix: str
    suffix: str

    def path(self, number: int) -> Path:
        """Where one of them lies."""
        return self.directory / f"{self.prefix}_{number:06d}{self.suffix}"

    def count(self) -> int:
        """How many are there, counted from the first without a gap."""
        count = 0
        while self.path(count).exists():
            count += 1
        return count

    def remove(self) -> None:
        """Remove the directory and all in it."""
        shutil.rmtree(self.directory, ignore_errors=True)


def remove_abandoned(directory: Path, names: str) -> None:
    """Remove the temporary files in `directory` of files whose name matches `names`, a glob pattern, that a
    killed process of this machine left.
    """
    machine = f".{platform.node()}."
    for aside in directory.glob(f".{names}{glob.escape(machine)}*{PART}"):
        process = aside.name.rpartition(machine)[2].partition(".")[0]
        if process.isdecimal() and not _is_running(int(process)):
            aside.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    """Whether a process lives, or may live, where the system cannot be asked."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True


def check_directory(path: Path) -> None:
    """Refuse a directory that cannot be written or made, before an hour is spent on what goes there.

    **Raises:** `FileAccessError`.
    """
    place = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not place.is_dir():
        raise FileAccessError(f"cannot write '{path}': '{place}' is not a directory")
    if not os.access(place, os.W_OK):
        raise FileAccessError(f"cannot write '{path}': no permission to write in '{place}'")


@contextmanager
def reported(path: str | Path, verb: str) -> Iterator[None]:
    """Turn an `OSError` of the block into a `FileAccessError` that names `path` and the reason."""
    try:
        yield
    except FileAccessError:
        raise
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise FileAccessError(f"cannot {verb} '{path}': {reason}") from error


@contextmanager
def made(directory: Path) -> Iterator[None]:
    """Make `directory`; if the block raises, remove what had to be made, as far as it is empty."""
    missing = [place for place in (directory, *directory.parents) if not place.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in missing:
            with suppress(OSError):
                place.rmdir()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
