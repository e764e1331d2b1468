"""Blocks of data: a figure with its alternative text, a table with its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rmresearch.report.blocks.base import Block

__all__ = ["Column", "FigureBlock", "TableBlock"]


@dataclass(frozen=True, slots=True)
class FigureBlock(Block):
    """A picture: ``svg`` is inline SVG made by `report.figures`, which escapes its own texts.

    ``title`` states the finding; ``caption`` says what is drawn; ``alt`` holds the numbers for
    those who do not see it. ``kind`` names how such a figure is read: a key of [reading] in the
    catalogue of words, or none.
    """

    svg: str
    alt: str
    caption: str
    title: str = ""
    kind: str = ""

    def html(self) -> str:
        """A ``figure`` whose picture carries the alternative text, in a box that may scroll."""
        title = f'<p class="finding">{escape(self.title)}</p>' if self.title else ""
        picture = self.svg.replace("<svg ", f'<svg role="img" aria-label="{escape(self.alt)}" ', 1)
        kind = f' data-kind="{escape(self.kind)}"' if self.kind else ""
        box = f'<div class="picture" role="group" tabindex="0"{kind}>'
        return (
            f"<figure>{title}{box}{picture}</div>"
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )

    def plain(self) -> str:
        """The alternative text."""
        return self.alt


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head: its name, its unit (in the head, not in the cells), how it is aligned."""

    label: str
    unit: str = ""
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class TableBlock(Block):
    """A table of ready texts; the first column names the rows.

    ``groups`` are headings before rows: (index of the row that follows, text).
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    groups: tuple[tuple[int, str], ...] = ()

    def __post_init__(self) -> None:
        width = len(self.columns)
        if any(len(row) != width for row in self.rows):
            raise ValueError(f"table {self.caption!r}: every row needs {width} cells")

    def html(self) -> str:
        """A ``table`` with caption and scopes, in a box that scrolls when the screen is narrow."""
        head = "".join(_head_cell(column) for column in self.columns)
        titles = dict(self.groups)
        body = "".join(
            self._group(titles.get(index)) + self._row(row) for index, row in enumerate(self.rows)
        )
        note = f'<p class="note">{escape(self.note)}</p>' if self.note else ""
        caption = escape(self.caption)
        size = " wide" if len(self.columns) > 7 else ""
        size += " short" if len(self.rows) <= 8 else ""
        return (
            f'<div class="table{size}"><div class="scroll" role="group" tabindex="0" '
            f'aria-label="{caption}"><table><caption>{caption}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}</div>"
        )

    def _group(self, title: str | None) -> str:
        if title is None:
            return ""
        span = len(self.columns)
        return f'<tr class="group"><th scope="rowgroup" colspan="{span}">{escape(title)}</th></tr>'

    def _row(self, row: Sequence[str]) -> str:
        cells = "".join(
            f"<td{_numeric(column)}>{escape(text)}</td>"
            for column, text in zip(self.columns[1:], row[1:], strict=True)
        )
        return f'<tr><th scope="row">{escape(row[0])}</th>{cells}</tr>'


def _numeric(column: Column) -> str:
    return ' class="number"' if column.numeric else ""


def _head_cell(column: Column) -> str:
    if not column.label:
        return "<td></td>"
    unit = f' <span class="unit">({escape(column.unit)})</span>' if column.unit else ""
    return f'<th scope="col"{_numeric(column)}>{escape(column.label)}{unit}</th>'
