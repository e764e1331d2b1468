"""What a brief shows, gathered anew from its parts; and what HTML and PDF really say."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pypdf

from rmresearch.report.html import wrap
from rmresearch.report.leadership.brief import Pages, sheet
from rmresearch.report.leadership.brief.kept import Box, Brief

#: zero-width marks that outputs add so that words break and numbers stay
UNSEEN = re.compile("[\u200b\u200e]")


def displayed(brief: Brief) -> Iterator[str]:
    """Every text that both outputs must show."""
    yield from (brief.title, brief.organisation)
    for box in brief.boxes:
        yield from of(box)
    yield from (one.text for one in (*brief.can, *brief.cannot, *brief.hidden))


def of(box: Box) -> Iterator[str]:
    yield from (box.asks, box.title, box.rest)
    yield from (one.text for one in (*box.said, *box.points))
    for badge in box.badges:
        yield from (badge.about, badge.label)
    if box.grid is not None:
        yield from (box.grid.caption, *box.grid.heads, box.grid.note)
        yield from (cell.text for row in box.grid.rows for cell in row)
    if box.drawn is not None:
        yield from (box.drawn.unit, box.drawn.band)
        if box.grid is None:  # beside a table the numbers are its cells
            for mark in box.drawn.marks:
                yield from (mark.name, mark.value, mark.ends, mark.count)


def squeezed(text: str) -> str:
    """A text without spaces, which lines put elsewhere, and without what nobody sees."""
    return re.sub(r"\s+", "", UNSEEN.sub("", text))


def page(pages: Pages) -> str:
    """The pages as the HTML file that a report has."""
    places = (
        *(pages.head, pages.answer, pages.done, pages.levels, pages.both, pages.match_and_lost),
        pages.claims,
    )
    body = re.sub(r"<style>.*?</style>", "", "".join(one.html for one in places), flags=re.DOTALL)
    return wrap(body, title=pages.brief.title, brand=pages.brand, sheet=sheet())


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.labels: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.labels += [value for name, value in attrs if name in {"aria-label", "alt"}]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read_page(html: str) -> _Texts:
    """What an HTML page says, and the names that its parts have for those who do not see."""
    parser = _Texts()
    parser.feed(html)
    return parser


def read_pdf(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def said_on(content: bytes) -> str:
    """The text of a PDF, page after page."""
    return "\n".join(one.extract_text() for one in read_pdf(content).pages)
