"""The page as typed, frozen values: what a report is made of, and each part as escaped HTML.

A `Page` has a head and `Section`s; a section has blocks. Every text that comes in is escaped here,
at the source, so what goes out carries the mark that the HTML export asks for. A notebook cell that
ends with any of these shows it.

>>> Section("flow", "People flow", (Paragraph("48 pairs < 50"),)).html()
'<section id="flow" class="section"><h2>People flow</h2><p>48 pairs &lt; 50</p></section>'
"""

from __future__ import annotations

from rmresearch.report.blocks.base import ESCAPED, Block
from rmresearch.report.blocks.data import Column, FigureBlock, TableBlock
from rmresearch.report.blocks.pages import Head, Page, Section, Subsection
from rmresearch.report.blocks.texts import (
    Answer,
    Badge,
    Badges,
    Bullets,
    Callout,
    Definitions,
    Details,
    Fact,
    Facts,
    Paragraph,
)

__all__ = [
    "ESCAPED",
    "Answer",
    "Badge",
    "Badges",
    "Block",
    "Bullets",
    "Callout",
    "Column",
    "Definitions",
    "Details",
    "Fact",
    "Facts",
    "FigureBlock",
    "Head",
    "Page",
    "Paragraph",
    "Section",
    "Subsection",
    "TableBlock",
]
