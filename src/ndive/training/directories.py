"""Where models lie: `$NDIVE_MODEL_PATH/<name>/`, or the user's data directory."""

import os
from pathlib import Path

VARIABLE = "NDIVE_MODEL_PATH"


def models_root(models: str | Path | None = None) -> Path:
    """`models`; if not given, `$NDIVE_MODEL_PATH`; unset, `ndive/models` under `$XDG_DATA_HOME` or
    `~/.local/share`.
    """
    if models is not None:
        return Path(models)
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "ndive" / "models"


def model_directory(name: str, models: str | Path | None = None) -> Path:
    """The directory of the configuration called `name`, under `models` or where `models_root` says."""
    return models_root(models) / name
