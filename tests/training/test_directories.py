from pathlib import Path

import pytest

from ndive.training import model_directory


def test_where_models_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NDIVE_MODEL_PATH", "/models")
    assert model_directory("a") == Path("/models/a")
    assert model_directory("a", "/mine") == Path("/mine/a")
    monkeypatch.delenv("NDIVE_MODEL_PATH")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert model_directory("a") == Path("/data/ndive/models/a")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert model_directory("a") == Path("/home/me/.local/share/ndive/models/a")
