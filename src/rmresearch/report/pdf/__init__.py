"""The typed page on paper: the same blocks as the HTML, set by typst.

The PDF is tagged (PDF/UA-1), holds its fonts, has bookmarks and an alternative text for each
picture, and is the same bytes for the same page: nothing of the run or the machine enters. Texts
travel as data and are never read as typst's markup.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from rmresearch.errors import ReportError
from rmresearch.report.blocks import Callout, Page
from rmresearch.report.figures.palette import palette
from rmresearch.report.figures.style import MUTED
from rmresearch.report.html import MEANING
from rmresearch.report.pdf.content import described, printable, said
from rmresearch.report.pdf.fonts import fonts, lacking
from rmresearch.report.theme import template
from rmresearch.report.words.phrases import catalogue

__all__ = ["to_pdf"]

#: what blocks.css has for rules, and for what is good, needs care or is weak, whatever the brand
COLOURS = {
    "muted": MUTED,
    "rule": "#d9e0e6",
    "faint": "#f4f6f8",
    "good": "#0b6b43",
    "good-paper": "#e6f3ec",
    "good-edge": "#b9ddc9",
    "care": "#8a4b00",
    "care-paper": "#fdf1e0",
    "care-edge": "#ecd0a3",
    "care-rule": "#c9760f",
    "weak": "#9b2226",
    "weak-paper": "#fbeaea",
    "weak-edge": "#ecc4c5",
}
#: the longest title that runs above every page
RUNNING = 90


def to_pdf(page: Page, *, marks: tuple[str, ...] = ()) -> bytes:
    """A typed page as one PDF; ``marks`` stand on every sheet beside the page's own.

    Characters that neither typst's fonts nor DejaVu Sans have are set in this machine's fonts;
    those that no font has show as empty boxes, and the first page says so. Raises ``ReportError``
    where typst refuses the page.
    """
    import typst

    content = _content(page, (*page.marks, *marks))
    unknown = lacking(json.dumps(content, ensure_ascii=False))
    try:
        return _set(content, system=bool(unknown))
    except typst.TypstError as error:
        if not unknown or "could not be displayed" not in error.message:
            raise ReportError(f"the PDF cannot be set: {error.message}.") from None
    text = catalogue()["paper"]["boxes"]
    content["head"]["blocks"].append(described(Callout("caution", text)))
    return _set(content, system=True, standard="1.7")


def _content(page: Page, marks: tuple[str, ...]) -> dict[str, Any]:
    """What the template asks for; the contents list comes behind the head and the answer."""
    cut = 0 if page.top else 1
    short = page.title if len(page.title) <= RUNNING else f"{page.title[: RUNNING - 1].rstrip()}…"
    colours = palette(page.brand)
    sections = described(page.sections, page.brand)
    return {
        "title": printable(page.title),
        "subtitle": printable(page.subtitle),
        "author": printable(page.kicker),
        "language": page.language,
        "short": said(short),
        "foot": said(page.kicker),
        "marks": [said(mark) for mark in marks],
        "said": [[said(mark), said(MEANING.get(mark, ""))] for mark in marks],
        "words": dict(catalogue()["paper"]),
        "colours": {**COLOURS, **{n: getattr(colours, n) for n in ("ink", "accent", "tint")}},
        "head": described(page.head, page.brand),
        "first": sections[:cut],
        "rest": sections[cut:],
    }


def _set(
    content: dict[str, Any], *, system: bool, standard: Literal["ua-1", "1.7"] = "ua-1"
) -> bytes:
    import typst

    with fonts(system) as found:
        made: Any = typst.compile(
            template("report.typ").encode(),
            font_paths=found,
            ignore_system_fonts=not system,
            sys_inputs={"data": json.dumps(content, ensure_ascii=False)},
            pdf_standards=[standard],
            timestamp=0,
        )
    return bytes(made)
