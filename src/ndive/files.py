"""Files that are either whole or not there: written aside, then renamed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ndive.errors import FileAccessError


@contextmanager
def written_aside(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it to `path` when the block ends well.

    If the block raises, the temporary file is removed and `path` stays as it was.

    **Raises:** `FileAccessError` where the place cannot be written or the disk is full.
    """
    path = Path(path)
    with reported(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        aside = Path(name)
        try:
            yield aside
            aside.chmod(0o666 & ~_umask())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
