"""Paragraphs and tables as DrawingML, written whole: cell by cell would take a second a deck."""

from __future__ import annotations

from xml.sax.saxutils import escape

from pptx.oxml.ns import nsdecls
from pptx.util import Pt

from rmresearch.report.leadership.deck.measure import INDENT, Para, right_to_left, told
from rmresearch.report.leadership.deck.planned import Look, Table
from rmresearch.report.leadership.deck.tables import ACROSS, DOWN

__all__ = ["LANGUAGE", "line", "solid", "written_para", "written_table"]

LANGUAGE = "en-GB"
SIDES = {"left": "l", "right": "r", "centre": "ctr"}
#: a table without a style of its own: lines and colours stand in its cells
PLAIN = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
HEAD_LINE, ROW_LINE = 1.5, 0.5


def solid(colour: str) -> str:
    """A fill of that colour."""
    return f'<a:solidFill><a:srgbClr val="{colour[1:].upper()}"/></a:solidFill>'


def line(colour: str, thick: float, name: str = "ln", cap: str = "flat") -> str:
    """A line of so many points."""
    return f'<a:{name} w="{Pt(thick)}" cap="{cap}">{solid(colour)}<a:round/></a:{name}>'


def written_para(
    para: Para, look: Look, *, theirs: bool = False, last: bool = True, heading: bool = False
) -> str:
    """A paragraph; ``theirs``: its ink is the placeholder's, as are a heading's side and spacing.

    The space under the ``last`` paragraph of a box is left out.
    """
    bold = ' b="1"' if para.bold else ""
    ink = "" if theirs and para.tone == "ink" else solid(getattr(look, para.tone))
    letters = f'<a:rPr lang="{LANGUAGE}" sz="{round(100 * para.size)}"{bold}>{ink}</a:rPr>'
    text = told(para.text)
    about = "" if heading else _about(para, look, 0.0 if last else para.after, text)
    return f"<a:p {nsdecls('a')}>{about}<a:r>{letters}<a:t>{escape(text)}</a:t></a:r></a:p>"


def _about(para: Para, look: Look, after: float, text: str) -> str:
    """Side, direction, spacing, and the sign of a list entry."""
    indent = Pt(INDENT) if para.bullet else 0
    way = ' rtl="1"' if right_to_left(text) else ""
    bullet = "<a:buNone/>"
    if para.bullet:
        colour = f'<a:buClr><a:srgbClr val="{look.accent[1:].upper()}"/></a:buClr>'
        bullet = f'{colour}<a:buFont typeface="Arial"/><a:buChar char="•"/>'
    return (
        f'<a:pPr marL="{indent}" indent="{-indent}" algn="{SIDES[para.side]}"{way}>'
        '<a:lnSpc><a:spcPct val="100000"/></a:lnSpc><a:spcBef><a:spcPts val="0"/></a:spcBef>'
        f'<a:spcAft><a:spcPts val="{round(100 * after)}"/></a:spcAft>{bullet}</a:pPr>'
    )


def written_table(table: Table, look: Look) -> str:
    """A table: its first row is the head, lines run under rows only."""
    grid = "".join(f'<a:gridCol w="{Pt(width)}"/>' for width in table.widths)
    rows = []
    for r, row in enumerate((table.heads, *table.rows)):
        cells = "".join(_cell(table, c, text, look, head=r == 0) for c, text in enumerate(row))
        rows.append(f'<a:tr h="{Pt(table.heights[r])}">{cells}</a:tr>')
    return (
        f'<a:tbl {nsdecls("a")}><a:tblPr firstRow="1"><a:tableStyleId>{PLAIN}</a:tableStyleId>'
        f"</a:tblPr><a:tblGrid>{grid}</a:tblGrid>{''.join(rows)}</a:tbl>"
    )


def _cell(table: Table, column: int, text: str, look: Look, *, head: bool) -> str:
    para = Para(
        text,
        table.size,
        bold=head or (table.bold and column == 0),
        tone="accent" if head else "ink",
        side="right" if table.numeric[column] else "left",
    )
    none = "".join(f'<a:{name} w="0"><a:noFill/></a:{name}>' for name in ("lnL", "lnR", "lnT"))
    under = line(look.accent, HEAD_LINE, "lnB") if head else line(look.edge, ROW_LINE, "lnB")
    return (
        f"<a:tc><a:txBody><a:bodyPr/><a:lstStyle/>{written_para(para, look)}</a:txBody>"
        f'<a:tcPr marL="{Pt(ACROSS)}" marR="{Pt(ACROSS)}" marT="{Pt(DOWN)}" marB="{Pt(DOWN)}" '
        f'anchor="{"b" if head else "t"}">{none}{under}<a:noFill/></a:tcPr></a:tc>'
    )
