"""What a deck really holds, read from its file; and a measure of text that knows none of ours."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

from matplotlib import get_data_path
from PIL import ImageFont
from pptx import Presentation
from pptx.oxml.ns import qn

POINT = 12_700
#: line to line, in sizes of the text
LEADING = 1.2


def opened(content: bytes) -> Any:
    return Presentation(io.BytesIO(content))


def box(shape: Any) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in points, also where a layout says them."""
    left, top, width, height = (
        (part or 0) / POINT for part in (shape.left, shape.top, shape.width, shape.height)
    )
    return left, top, left + width, top + height


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes share more than a line of a point."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 1.0 and high > 1.0


def written(shape: Any) -> bool:
    return shape.has_text_frame and bool(shape.text_frame.text.strip())


@cache
def _font(bold: bool, size: int) -> Any:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{name}", size)


def _wide(text: str, size: float, bold: bool) -> float:
    return float(_font(bold, 100).getlength(text)) * size / 100


def _lines(text: str, width: float, size: float, bold: bool) -> int:
    """Lines of a text that breaks at spaces, and inside a word that is too long."""
    count = 0
    for part in text.split("\n"):
        line = ""
        count += 1
        for word in part.split(" "):
            longer = f"{line} {word}" if line else word
            if line and _wide(longer, size, bold) > width:
                count += 1
                longer = word
            while _wide(longer, size, bold) > width and len(longer) > 1:
                kept = longer
                while _wide(kept, size, bold) > width and len(kept) > 1:
                    kept = kept[:-1]
                longer = longer[len(kept) :]
                count += 1
            line = longer
    return count


def text_height(paragraphs: Any, width: float) -> float:
    """How tall paragraphs are in DejaVu Sans, the widest of the common fonts."""
    total = 0.0
    for para in paragraphs:
        run = para.runs[0]
        about = para._p.pPr
        indent = int(about.get("marL", 0)) / POINT if about is not None else 0.0
        after = about.find(qn("a:spcAft")) if about is not None else None
        size, bold = run.font.size.pt, bool(run.font.bold)
        total += _lines(para.text, width - indent, size, bold) * size * LEADING
        total += int(after[0].get("val")) / 100 if after is not None else 0.0
    return total


def room(shape: Any) -> tuple[float, float]:
    """The width and height that a shape leaves for its text, from itself or what it inherits."""
    left, top, right, bottom = box(shape)
    insets = []
    for side in ("lIns", "rIns", "tIns", "bIns"):
        found, at = None, shape
        while found is None and at is not None:
            found = at.element.txBody.bodyPr.get(side)
            at = getattr(at, "_base_placeholder", None)
        insets.append(
            int(found) / POINT if found is not None else (7.2, 7.2, 3.6, 3.6)[len(insets)]
        )
    return right - left - insets[0] - insets[1], bottom - top - insets[2] - insets[3]


def texts(slide: Any) -> Iterator[str]:
    """Every paragraph and every cell of a slide but its number, without marks that nobody sees."""
    for shape in slide.shapes:
        if shape.has_text_frame and shape.name != "Slide number":
            yield from (plain(para.text) for para in shape.text_frame.paragraphs if para.text)
        if shape.has_table:
            yield from (plain(cell.text) for row in shape.table.rows for cell in row.cells)


def plain(text: str) -> str:
    return text.replace("\u200e", "")


def notes(slide: Any) -> list[str]:
    return plain(slide.notes_slide.notes_text_frame.text).split("\n")


def charts(deck: Any) -> list[Any]:
    return [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]
