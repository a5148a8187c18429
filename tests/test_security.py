"""What the package never does with files from strangers, read off its source."""

import ast
from pathlib import Path

import ndive

SOURCES = sorted(Path(ndive.__file__).parent.rglob("*.py"))
UNPICKLING = {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
BETWEEN_OWN_PROCESSES = {"jobs.py"}
"""What workers send back is pickled, and nothing else."""

SAFE_YAML = {"safe_load", "safe_dump", "compose", "SafeLoader", "YAMLError", "MappingNode", "ScalarNode"}
"""All of PyYAML that may be used."""


def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def calls(path: Path) -> list[ast.Call]:
    return [node for node in nodes(path) if isinstance(node, ast.Call)]


def imported(path: Path) -> set[str]:
    names = [alias.name for node in nodes(path) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes(path) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_nothing_is_unpickled():
    """No library that unpickles, but between the processes of a run; no arrays of objects, no torch.load."""
    assert {path.name for path in SOURCES if imported(path) & UNPICKLING} == BETWEEN_OWN_PROCESSES
    for path in SOURCES:
        for call in calls(path):
            assert "allow_pickle" not in {keyword.arg for keyword in call.keywords}, path
            assert ast.unparse(call.func) != "torch.load", path


def test_yaml_is_read_by_the_safe_loader_alone():
    used = {
        node.attr
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "yaml"
    }
    assert "safe_load" in used
    assert used <= SAFE_YAML
    for call in (call for path in SOURCES for call in calls(path)):
        if ast.unparse(call.func) == "yaml.compose":
            loaders = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "Loader"]
            assert loaders == ["yaml.SafeLoader"]


def test_no_shell_is_started():
    for path in SOURCES:
        for call in calls(path):
            assert ast.unparse(call.func) not in {"os.system", "os.popen", "eval"}, path
            assert "shell" not in {keyword.arg for keyword in call.keywords}, path
