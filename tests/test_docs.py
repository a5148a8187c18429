"""Every Python fence of the README and of the pages of `docs/` runs, page by page and from top to bottom."""

import re
from pathlib import Path

import pytest

from ndive.errors import MissingExtraError

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if FENCE.search(page.read_text(encoding="utf-8"))
]


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


def test_the_pages_of_the_fit_and_the_files_have_fences():
    assert {"fit.md", "conventions.md", "data.md"} <= {page.name for page in PAGES}


def test_links_between_pages_lead_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
