"""The brief as a PDF of two A4 pages, set by typst: tagged, fonts inside, the same bytes again."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from rmresearch.colours import shade
from rmresearch.declared import Brand
from rmresearch.report.figures.palette import palette
from rmresearch.report.leadership.brief.kept import Brief
from rmresearch.report.leadership.content import Said
from rmresearch.report.pdf.content import described, printable, said
from rmresearch.report.pdf.setting import COLOURS, typeset
from rmresearch.report.scripts import steady
from rmresearch.report.words.phrases import catalogue

__all__ = ["to_pdf"]

#: differences too small to matter: a step darker than figures have it, for the smaller drawing
SHADED = "#dbe3ea"
OURS = ("ink", "accent", "tint", "edge")


def to_pdf(brief: Brief, brand: Brand) -> bytes:
    """The two pages as one PDF (see `pdf.setting.typeset` for letters without a font)."""
    return typeset("brief.typ", _content(brief, brand), _excused)


def _content(brief: Brief, brand: Brand) -> dict[str, Any]:
    colours = palette(brand)
    words = catalogue()
    return {
        "language": "en",
        "document": {
            "title": printable(brief.title),
            "author": printable(brief.organisation or brand.name),
            "description": words["brief_sheet"]["kind"],
        },
        "brief": _plain(brief),
        "brand": described(brand),
        "words": {**words["brief_sheet"], "page": words["paper"]["page"]},
        "colours": {
            **COLOURS,
            **{name: getattr(colours, name) for name in OURS},
            "band": shade(SHADED, colours.accent),
        },
        "sorry": "",
    }


def _excused(content: dict[str, Any], sorry: str) -> None:
    content["sorry"] = sorry


def _plain(value: Any) -> Any:
    """Every field by its name, texts as they can be set; an alternative text is not set at all."""
    if isinstance(value, Said):
        return _plain(value.text)
    if is_dataclass(value) and not isinstance(value, type):
        return {
            one.name: printable(getattr(value, one.name))
            if one.name == "alt"
            else _plain(getattr(value, one.name))
            for one in fields(value)
        }
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return said(steady(value)) if isinstance(value, str) else value
