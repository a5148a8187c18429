"""`ndive.torch` where PyTorch is not installed."""

import sys

import pytest

from ndive.errors import MissingExtraError


def test_without_pytorch_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "ndive.torch", raising=False)
    with pytest.raises(MissingExtraError, match=r"^ndive\.torch needs the extra 'torch': pip install"):
        import ndive.torch  # noqa: F401
