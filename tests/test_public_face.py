"""The one door of the package: what it hands on, and what merely opening it does not do."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ndive

STUB = Path(ndive.__file__).with_suffix(".pyi")
HEAVY = ("matplotlib", "mplhep", "plotly", "pythia8mc", "fastjet", "awkward", "distributed", "rich")
NAMES = sorted(set(ndive.__all__))


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_the_stub_hands_on_each_name_as_itself():
    imports = [
        node for node in ast.parse(STUB.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)
    ]
    assert all(alias.asname == alias.name for node in imports for alias in node.names)
    assert {alias.name for node in imports for alias in node.names} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_public_names_are_there_and_say_what_they_are(name):
    public = getattr(ndive, name)
    text = public.__doc__
    assert text, f"ndive.{name} has no docstring"
    assert not text.startswith(f"{name}("), f"the docstring of ndive.{name} was made by the machine"
    if inspect.isclass(public):
        methods = [
            method for key, method in vars(public).items() if not key.startswith("_") and callable(method)
        ]
        assert all(inspect.getdoc(method) for method in methods), f"a method of ndive.{name} has no docstring"


def test_the_page_of_the_site_has_each_name_once():
    page = Path(__file__).parents[1] / "docs" / "api.md"
    door = page.read_text(encoding="utf-8").partition("## Evaluation")[0]
    assert sorted(re.findall(r"^::: ndive\.(?:[\w.]+\.)?(\w+)$", door, re.MULTILINE)) == NAMES


def test_names_are_listed_for_completion():
    assert set(NAMES) <= set(dir(ndive))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="fit_vertices"):
        _ = ndive.fit_vertices


def test_opening_the_door_loads_next_to_nothing():
    assert not modules_after("import ndive") & {*HEAVY, "jax", "h5py"}


def test_no_public_name_loads_a_drawing_or_simulating_library():
    every = "import ndive\nfor name in ndive.__all__: getattr(ndive, name)"
    assert not modules_after(every) & {*HEAVY}
