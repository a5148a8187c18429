"""What is taken from files and names of models is text in the page, whatever it holds."""

from html.parser import HTMLParser

from ndive.evaluation import Table
from ndive.report.page import Page, Section, render

HOSTILE = """</style></td>--><img src=x onerror="alert(1)"><script>alert('&')</script>"""


class Reader(HTMLParser):
    """The elements and the text of a page, as a browser takes them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_are_text_and_never_markup():
    page = Page(
        title=HOSTILE,
        verdict=[HOSTILE],
        tables=[Table(title=HOSTILE, columns=("model", HOSTILE), rows=((HOSTILE, "1"),), note=HOSTILE)],
        sections=[Section(title="Figures", pictures=(), missing=[HOSTILE])],
        display=None,
        provenance=[(HOSTILE, HOSTILE)],
    )
    read = Reader(render(page))
    assert not {"script", "img"} & read.elements
    assert read.text.count(HOSTILE) >= 8
