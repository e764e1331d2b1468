"""Blocks as plain data for the template: every field by its name, pictures as whole files."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any

from rmresearch.declared import Brand
from rmresearch.report.blocks import Column, FigureBlock, TableBlock
from rmresearch.report.figures.palette import recoloured
from rmresearch.report.scripts import steady
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["described", "printable", "said"]

#: a word longer than this may break anywhere
LONGEST_WORD = 28
#: what a column of numbers holds on one line: two numbers with a word between them, a share of some
LONGEST_NUMBER = 40
#: of so many texts of a column the template measures the width
MEASURED = 4

_SIZE = re.compile(r'viewBox="0 0 (\S+) (\S+)"')
_FONTS = re.compile(r'font-family="[^"]*"')
_LONG = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
#: what no sheet can show: control characters, and halves of characters
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def described(value: Any, brand: Brand | None = None) -> Any:
    """A block, or a field of one, as what JSON can hold; each block says its kind.

    Figures take the colours of ``brand``.

    >>> from rmresearch.report.blocks import Paragraph
    >>> described(Paragraph("a #b"))
    {'block': 'Paragraph', 'text': 'a #b', 'kind': 'plain'}
    """
    brand = brand or Brand()
    if isinstance(value, FigureBlock):
        return _figure(value, brand)
    if isinstance(value, TableBlock):
        columns = [_column(value, index) for index in range(len(value.columns))]
        return _fields(value, brand) | {"columns": columns}
    if isinstance(value, Brand):
        return _masthead(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value, brand)
    if isinstance(value, tuple):
        return [described(one, brand) for one in value]
    if isinstance(value, str):
        return said(value)
    if isinstance(value, (bool, int)):
        return value
    raise TypeError(f"a block's field may be text, a number or blocks, not {type(value).__name__}")


def said(text: str) -> str:
    r"""A text as it can be set: what cannot be shown left out, long words free to break.

    >>> said("f" * 32).split("\u200b")
    ['ffffffff', 'ffffffff', 'ffffffff', 'ffffffff']
    """
    return _LONG.sub(
        lambda word: "\u200b".join(re.findall(".{1,8}", word[0])), steady(printable(text))
    )


def printable(text: str) -> str:
    """A text without what no sheet can show, for the document's own title and author."""
    return _UNPRINTABLE.sub("", text)


def _fields(value: Any, brand: Brand) -> dict[str, Any]:
    found = {one.name: described(getattr(value, one.name), brand) for one in fields(value)}
    return {"block": type(value).__name__, **found}


def _masthead(brand: Brand) -> dict[str, Any]:
    """The brand's name, and its logo as the file's bytes with what it shows in words."""
    logo = brand.logo
    shows = (
        fill("brand", "logo_of", name=brand.name) if brand.name else catalogue()["brand"]["logo"]
    )
    picture: dict[str, Any] | None = None
    if logo:
        picture = {"data": list(logo.data), "format": logo.kind, "alt": printable(shows)}
        picture["wide"] = logo.width / logo.height
    return {"name": said(brand.name), "logo": picture}


def _figure(figure: FigureBlock, brand: Brand) -> dict[str, Any]:
    """The picture as an SVG file, its texts in the font by which it was laid out."""
    size = _SIZE.search(figure.svg)
    if size is None:
        raise ValueError("a figure's SVG must say its viewBox from 0 0")
    svg = figure.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    svg = recoloured(_FONTS.sub('font-family="DejaVu Sans"', svg, count=1), brand)
    texts = {"caption": said(figure.caption), "title": said(figure.title)}
    texts |= {"kind": figure.kind, "reading": ""}
    width, height = float(size[1]), float(size[2])
    return {
        "block": "FigureBlock",
        "svg": svg,
        "width": width,
        "height": height,
        "alt": printable(figure.alt),
        **texts,
    }


def _column(table: TableBlock, index: int) -> dict[str, Any]:
    """A column with the texts that decide how wide it must be and would like to be."""
    column: Column = table.columns[index]
    numeric = column.numeric and index > 0
    texts = {said(row[index]) for row in table.rows}
    whole = numeric and all(len(text) <= LONGEST_NUMBER for text in texts)
    words = texts if whole else {word for text in texts for word in _pieces(text)}
    head = f"{column.label} ({column.unit})" if column.unit else column.label
    return {
        "label": said(column.label),
        "unit": said(column.unit),
        "numeric": numeric,
        "head": said(head),
        "head-words": _longest(set(_pieces(said(head)))),
        "unbroken": _longest(words),
        "longest": _longest(texts),
    }


def _pieces(text: str) -> list[str]:
    return re.split(r"[\s\u200b]+", text)


def _longest(texts: set[str]) -> list[str]:
    return sorted(texts, key=lambda text: (-len(text), text))[:MEASURED]
