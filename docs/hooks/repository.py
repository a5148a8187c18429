"""What the site shows of the repository beside `docs/`: the README first, and files that pages link to."""

import posixpath
import re
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]

PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
"""Pages of the site that lie at the root of the repository."""

MATHJAX = distribution("sphinx-mathjax-offline").locate_file(
    "sphinx-mathjax-offline/static/mathjax/tex-svg.js"
)

LINK = re.compile(r"(?<=\]\()[^)#\s:]+(?=[)#])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the root, what any page links to outside of `docs/`, and MathJax."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for file in files.documentation_pages():
        for target in linked(repository_path(file.src_uri), file.content_string):
            if files.get_file_from_path(site_path(target)) is None and (ROOT / target).is_file():
                files.append(File.generated(config, site_path(target), abs_src_path=str(ROOT / target)))
    files.append(File.generated(config, "mathjax/tex-svg.js", abs_src_path=str(MATHJAX)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links that hold in the repository hold on the site."""
    place = repository_path(page.file.src_uri)

    def moved(link: re.Match[str]) -> str:
        target = site_path(posixpath.normpath(posixpath.join(posixpath.dirname(place), link[0])))
        return posixpath.relpath(target, posixpath.dirname(page.file.src_uri) or ".")

    return LINK.sub(moved, markdown)


def linked(place: str, markdown: str) -> Iterator[str]:
    """Files of the repository that the page at `place` links to."""
    for target in LINK.findall(markdown):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(place), target))


def repository_path(page: str) -> str:
    """The path in the repository of a page of the site."""
    return {made: source for source, made in PAGES.items()}.get(page, f"docs/{page}")


def site_path(path: str) -> str:
    """The path on the site of a file of the repository."""
    return PAGES.get(path) or path.removeprefix("docs/")
