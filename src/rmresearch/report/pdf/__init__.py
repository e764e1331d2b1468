"""The typed page on paper: the same blocks as the HTML, set by typst.

The PDF is tagged (PDF/UA-1), holds its fonts, has bookmarks and an alternative text for each
picture, and is the same bytes for the same page: nothing of the run or the machine enters. Texts
travel as data and are never read as typst's markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rmresearch.report.blocks import Callout, Page
from rmresearch.report.figures.palette import palette
from rmresearch.report.html import marked
from rmresearch.report.pdf.content import described, printable, said
from rmresearch.report.pdf.setting import COLOURS, typeset
from rmresearch.report.words.phrases import catalogue

__all__ = ["to_pdf"]

#: the longest title that runs above every page
RUNNING = 90


def to_pdf(page: Page, *, marks: tuple[str, ...] = ()) -> bytes:
    """A typed page as one PDF; ``marks`` stand on every sheet beside the page's own.

    Characters that neither typst's fonts nor DejaVu Sans have are set in this machine's fonts;
    those that no font has show as empty boxes, and the first page says so. Raises ``ReportError``
    where typst refuses the page.
    """
    return typeset("report.typ", _content(page, (*page.marks, *marks)), _excused)


def _excused(content: dict[str, Any], sorry: str) -> None:
    content["head"]["blocks"].append(described(Callout("caution", sorry)))


def _content(page: Page, marks: tuple[str, ...]) -> dict[str, Any]:
    """What the template asks for; the contents list comes behind the head and the answer."""
    cut = 0 if page.top else 1
    short = page.title if len(page.title) <= RUNNING else f"{page.title[: RUNNING - 1].rstrip()}…"
    colours = palette(page.brand)
    head, sections = described(page.head, page.brand), described(page.sections, page.brand)
    _say_how_to_read([head, *sections])
    return {
        "title": printable(page.title),
        "subtitle": printable(page.subtitle),
        "author": printable(page.kicker),
        "language": page.language,
        "short": said(short),
        "foot": said(page.kicker),
        "marks": [said(name) for name, _ in marked(marks)],
        "said": [[said(name), said(meaning)] for name, meaning in marked(marks)],
        "words": {**catalogue()["paper"], "reading": catalogue()["reading"]["name"]},
        "colours": {**COLOURS, **{n: getattr(colours, n) for n in ("ink", "accent", "tint")}},
        "head": head,
        "first": sections[:cut],
        "rest": sections[cut:],
    }


def _say_how_to_read(blocks: list[dict[str, Any]]) -> None:
    """Below the first figure of each kind stands how it is read."""
    words, seen = catalogue()["reading"], {""}
    for figure in _figures(blocks):
        if figure["kind"] not in seen:
            figure["reading"] = said(words[figure["kind"]])
        seen.add(figure["kind"])


def _figures(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The figures among described blocks, in the order of the page."""
    for one in blocks:
        if one["block"] == "FigureBlock":
            yield one
        yield from _figures(one.get("blocks", []))
