"""Every Python fence of the README and of the pages of `docs/` runs, page by page and from top to bottom.

Commands in their other fences are ones that the command line takes.
"""

import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest

from ndive.cli.app import app
from ndive.cli.switches import joined
from ndive.errors import MissingExtraError

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ )?(?:uv run )?ndive (.*)$", re.MULTILINE)
TEXTS = {
    page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
PAGES = [ROOT / name for name, text in TEXTS.items() if FENCE.search(text)]
COMMANDS = {
    f"{name}: {command}": command
    for name, text in TEXTS.items()
    for language, fence in ANY_FENCE.findall(text)
    for command in COMMAND.findall(fence)
    if language in {"", "sh", "console"}
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_fences_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, object] = {}
    for fence in FENCE.finditer(text):
        above = text[: fence.start(1)].count("\n")
        code = compile("\n" * above + fence[1], str(page), "exec")  # so that a traceback names the line
        try:
            exec(code, namespace)
        except MissingExtraError as missing:
            pytest.skip(str(missing))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_command_of_a_page_is_taken(command):
    words = list(takewhile(lambda word: word not in {">", "|", "&&"}, shlex.split(command, comments=True)))
    app.parse_args(joined(words), exit_on_error=False, print_error=False)


def test_there_are_pages_with_commands():
    assert {"docs/data.md", "docs/training.md", "docs/evaluation.md"} <= {
        name.partition(":")[0] for name in COMMANDS
    }


def test_the_pages_of_the_fit_and_the_files_have_fences():
    assert {"fit.md", "conventions.md", "data.md"} <= {page.name for page in PAGES}


def test_links_between_pages_lead_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
