"""Compiled programs kept on disk, so that only the first run of a model waits for the compiler."""

import os
from pathlib import Path

import jax


def keep_compiled() -> None:
    """Keep compiled programs under the user's cache directory, unless JAX is told of another place.

    `$XDG_CACHE_HOME/ndive/compiled` or `~/.cache/ndive/compiled`; where that cannot be written, programs are
    compiled anew each time.
    """
    if jax.config.jax_compilation_cache_dir is not None:  # type: ignore[attr-defined]
        return
    cache = os.environ.get("XDG_CACHE_HOME")
    place = (Path(cache) if cache else Path.home() / ".cache") / "ndive" / "compiled"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(place, os.W_OK):
        jax.config.update("jax_compilation_cache_dir", str(place))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
