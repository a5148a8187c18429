"""The notebooks of `examples/` run on what `ndive demo` leaves, cell by cell, and show what they promise."""

import ast
import re
from pathlib import Path

import pytest

from ndive.report import Drawings

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOWN = {
    "inference_graphs": 8,
    "roc_curves": 3,
    "loss_plots": 1,
    "paper_plots": 10,
    "event_display": 1,
}
"""Notebook -> how many of its cells end with a figure."""


def cells(path):
    """The source of each code cell, with its first line; a cell begins with a line `# %%`."""
    text = path.read_text(encoding="utf-8")
    for cell in re.finditer(r"^# %%(.*)\n((?:(?!# %%).*\n?)*)", text, re.MULTILINE):
        if "[markdown]" not in cell[1]:
            yield text[: cell.start(2)].count("\n"), cell[2]


def executed(path, namespace):
    """The value that each code cell would show: that of its last line, where this is an expression."""
    for first, source in cells(path):
        tree = ast.parse("\n" * first + source, str(path))
        last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, str(path), "exec"), namespace)
        if last is not None:
            yield eval(compile(last, str(path), "eval"), namespace)


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_runs_and_shows_its_figures(name, demo_output, monkeypatch):
    monkeypatch.chdir(demo_output.parent)
    values = list(executed(EXAMPLES / f"{name}.py", {}))
    assert len(values) == SHOWN[name]
    for value in values:
        assert len(value) > 0 if isinstance(value, Drawings) else value.layout.updatemenus


def test_every_notebook_is_run():
    written = {path.stem for path in EXAMPLES.glob("*.py") if path.read_text().startswith("# %% [markdown]")}
    assert written == set(SHOWN)
