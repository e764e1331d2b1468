"""Planned slides as the bytes of a .pptx file: the same slides are the same bytes."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE, PP_PLACEHOLDER
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE
from pptx.opc.constants import CONTENT_TYPE as CT
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.oxml.shapes.graphfrm import CT_GraphicalObjectFrame
from pptx.parts.chart import ChartPart
from pptx.util import Pt

from rmresearch.report.leadership.deck.charts import QUOTE, chart_xml, workbook
from rmresearch.report.leadership.deck.markup import LANGUAGE, written_para, written_table
from rmresearch.report.leadership.deck.measure import LEADING, Box, Para, clean, fitted, lines, told
from rmresearch.report.leadership.deck.package import rewritten
from rmresearch.report.leadership.deck.planned import Look, Picture, Slide, Table, Text
from rmresearch.report.leadership.deck.template import FEET, TITLES, Template, contents
from rmresearch.report.words.phrases import catalogue

__all__ = ["written"]

DAY = dt.datetime(2000, 1, 1)  # fixed, so that the same story is the same bytes
#: the size of a footer at most, and the space at its sides
FOOT, INSET = 12.0, 7.2
#: the list of sections of a deck, as PowerPoint 2010 and later know it; and ours
SECTIONS = "{521415D9-36F7-43E2-AB2F-B90AF26B5E84}"
SECTION = {
    "section_story": "{6B6C6A0E-7C5B-4B60-9C1B-0E0B9F2C1A01}",
    "section_reference": "{6B6C6A0E-7C5B-4B60-9C1B-0E0B9F2C1A02}",
}
P14 = "http://schemas.microsoft.com/office/powerpoint/2010/main"
#: the number of a slide, as programs know the field
FIELD = "{C1FF6DA9-008F-8B48-92A6-B652298478BF}"
DECORATIVE = (
    '<a:extLst {a}><a:ext uri="{{C183D7F6-B498-43B3-948B-1728B52AA6E4}}">'
    '<adec:decorative xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" '
    'val="1"/></a:ext></a:extLst>'
)


def written(
    template: Template, slides: Sequence[Slide], *, title: str, author: str, foot: Sequence[str]
) -> bytes:
    """The slides in the template, with titles, notes, feet and properties that name nobody.

    Of ``foot``, which stands under each slide, the last parts are left out where room is short.
    """
    deck = template.deck
    for slide in slides:
        _slide(template, slide, [clean(one) for one in foot])
    _sections(deck, slides)
    core = deck.core_properties
    core.title, core.author, core.last_modified_by = clean(title)[:255], clean(author)[:255], ""
    core.subject = core.keywords = core.comments = core.category = ""
    core.language, core.revision, core.version = LANGUAGE, 1, ""
    core.created = core.modified = DAY
    if core.last_printed is not None:
        core.last_printed = DAY
    held = io.BytesIO()
    deck.save(held)
    return rewritten(held.getvalue())


def _sections(deck: Any, slides: Sequence[Slide]) -> None:
    """The story and what is for reference, apart in the list of slides."""
    told: dict[str, list[str]] = {name: [] for name in SECTION}
    for entry, slide in zip(deck.slides._sldIdLst, slides, strict=True):
        name = "section_reference" if slide.reference else "section_story"
        told[name].append(f'<p14:sldId id="{entry.get("id")}"/>')
    listed = "".join(
        f'<p14:section name="{escape(catalogue()["deck"][name], QUOTE)}" id="{SECTION[name]}">'
        f"<p14:sldIdLst>{''.join(entries)}</p14:sldIdLst></p14:section>"
        for name, entries in told.items()
    )
    root = deck.part._element
    for old in root.findall(qn("p:extLst")):
        root.remove(old)
    root.append(parse_xml(
        f'<p:extLst {nsdecls("p")}><p:ext uri="{SECTIONS}"><p14:sectionLst xmlns:p14="{P14}">'
        f"{listed}</p14:sectionLst></p:ext></p:extLst>"
    ))  # fmt: skip


def _slide(template: Template, slide: Slide, foot: Sequence[str]) -> None:
    look = template.frame.look
    held = sum(one.holds for one in slide.placed)
    page = template.deck.slides.add_slide(template.layouts[held])
    heading = Para(slide.title, template.frame.title_size)
    size = fitted([heading], template.frame.title, floor=14.0)[0][0].size
    _words(page.shapes.title.text_frame, (Para(slide.title, size),), look, theirs=True)
    free = _free(page, held)
    for one in slide.placed:
        holder = free.pop(0) if one.holds else None
        if isinstance(one, Text):
            _text(page, one, look, holder)
        elif isinstance(one, Picture):
            _chart(page, one, look, holder)
        else:
            _table(page, one, look, holder)
    _feet(page, foot, template)
    notes = page.notes_slide.notes_text_frame
    notes.text = "\n".join(told(text) for text in slide.notes)
    for run in (run for para in notes.paragraphs for run in para.runs):
        run._r.get_or_add_rPr().set("lang", LANGUAGE)


def _free(page: Any, held: int) -> list[Any]:
    """The placeholders for what the slide holds; others that the layout has go."""
    wanted = [one.placeholder_format.idx for one in contents(page.slide_layout, held)]
    kept = {one.placeholder_format.idx: one for one in page.placeholders}
    for idx, holder in kept.items():
        if idx not in wanted and holder.placeholder_format.type not in TITLES:
            holder.element.getparent().remove(holder.element)
    return [kept[idx] for idx in wanted]


def _put(shape: Any, box: Box) -> None:
    shape.left, shape.top = Pt(box.left), Pt(box.top)
    shape.width, shape.height = Pt(box.width), Pt(box.height)


def _text(page: Any, text: Text, look: Look, holder: Any) -> None:
    shape = holder
    if shape is None and text.fill:
        shape = page.shapes.add_shape(MSO_SHAPE.RECTANGLE, 0, 0, 0, 0)
        _painted(shape, text.fill, look)
    elif shape is None:
        shape = page.shapes.add_textbox(0, 0, 0, 0)
    _put(shape, text.box)
    shape.name = clean(text.name)
    if not text.paras:
        named = shape._element.nvSpPr.cNvPr
        named.append(parse_xml(DECORATIVE.format(a=nsdecls("a"))))
        return
    frame = shape.text_frame
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    frame.vertical_anchor = MSO_ANCHOR.MIDDLE if text.middle else MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Pt(text.pad)
    _words(frame, text.paras, look, theirs=text.holds)


def _painted(shape: Any, fill: str, look: Look) -> None:
    """A box in one of the look's colours, without shadow or the theme's effects."""
    style = shape._element.find(qn("p:style"))
    if style is not None:
        shape._element.remove(style)
    shape.fill.solid()
    painted = {"tint": look.tint, "accent": look.accent, "card": look.paper}[fill]
    shape.fill.fore_color.rgb = _rgb(painted)
    if fill == "card":
        shape.line.color.rgb, shape.line.width = _rgb(look.edge), Pt(0.75)
    else:
        shape.line.fill.background()


def _rgb(colour: str) -> Any:
    made: Any = RGBColor
    return made(*bytes.fromhex(colour[1:]))


def _words(frame: Any, paras: Sequence[Para], look: Look, *, theirs: bool = False) -> None:
    """Paragraphs into a text frame; ``theirs``: ink and fonts are the placeholder's own."""
    body = frame._txBody
    for old in body.p_lst:
        body.remove(old)
    heading = theirs and body.getparent().ph_idx == 0
    for para in paras:
        last = para is paras[-1]
        body.append(parse_xml(written_para(para, look, theirs=theirs, last=last, heading=heading)))


def _chart(page: Any, picture: Picture, look: Look, holder: Any) -> None:
    package = page.part.package
    part = ChartPart.load(
        package.next_partname(ChartPart.partname_template),
        CT.DML_CHART,
        package,
        chart_xml(picture, look),
    )
    part.chart_workbook.update_from_xlsx_blob(workbook(picture))
    rel = page.part.relate_to(part, RT.CHART)
    box = picture.box
    frame = CT_GraphicalObjectFrame.new_chart_graphicFrame(
        _number(page), "Chart", rel, Pt(box.left), Pt(box.top), Pt(box.width), Pt(box.height)
    )
    _framed(page, frame, holder, picture.chart.alt)


def _number(page: Any) -> int:
    """The next shape's number on a slide."""
    return 1 + max(int(one) for one in page._element.xpath("//p:cNvPr/@id"))


def _framed(page: Any, frame: Any, holder: Any, alt: str) -> None:
    """A chart or a table on the slide, in its placeholder where it has one, with its words."""
    named = frame.nvGraphicFramePr.cNvPr
    named.set("descr", told(alt))
    only_text = holder is not None and holder.placeholder_format.type == PP_PLACEHOLDER.BODY
    if holder is None or only_text:
        page.shapes._spTree.append(frame)
        if only_text:
            holder.element.getparent().remove(holder.element)
        return
    inside = frame.nvGraphicFramePr.nvPr
    held = f'<p:ph {nsdecls("p")} idx="{holder.placeholder_format.idx}"/>'
    inside.append(parse_xml(held))
    kind = holder.element.ph.get("type")
    if kind:
        inside[0].set("type", kind)
    holder.element.addprevious(frame)
    holder.element.getparent().remove(holder.element)


def _table(page: Any, table: Table, look: Look, holder: Any) -> None:
    box = table.box
    frame = CT_GraphicalObjectFrame.new_table_graphicFrame(
        _number(page), "Table", 1, 1, Pt(box.left), Pt(box.top), Pt(box.width), Pt(box.height)
    )
    held = frame.graphic.graphicData
    held.replace(held.tbl, parse_xml(written_table(table, look)))
    _framed(page, frame, holder, table.alt)


def _feet(page: Any, foot: Sequence[str], template: Template) -> None:
    """The layout's footer and slide number, which programs do not take over by themselves."""
    look, aligned = f'<a:rPr lang="{LANGUAGE}"/>', ""
    if template.ours:  # told again, as LibreOffice does not look into the master for it
        colour = template.frame.look.muted[1:].upper()
        fill = f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>'
        look = (
            f'<a:rPr lang="{LANGUAGE}" sz="1000">{fill}<a:latin typeface="+mn-lt"/>'
            '<a:cs typeface="+mn-cs"/></a:rPr>'
        )
    for holder in page.slide_layout.placeholders:
        if holder.placeholder_format.type not in FEET or holder.element.ph.get("type") == "dt":
            continue
        kind, idx = holder.element.ph.get("type"), holder.placeholder_format.idx
        name = "Footer" if kind == "ftr" else "Slide number"
        if template.ours:
            aligned = f'<a:pPr algn="{"l" if kind == "ftr" else "r"}"/>'
        shape = parse_xml(
            f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="{_number(page)}" name="{name}"/>'
            '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr><p:nvPr>'
            f'<p:ph type="{kind}" sz="quarter" idx="{idx}"/></p:nvPr></p:nvSpPr><p:spPr/>'
            "<p:txBody><a:bodyPr/><a:lstStyle/></p:txBody></p:sp>"
        )
        page.shapes._spTree.append(shape)
        number = len(page.part.package.presentation_part.presentation.slides)
        said = (
            f"<a:r>{look}<a:t>{escape(_foot(foot, holder))}</a:t></a:r>"
            if kind == "ftr"
            else (f'<a:fld id="{FIELD}" type="slidenum">{look}<a:t>{number}</a:t></a:fld>')
        )
        shape.txBody.append(parse_xml(f"<a:p {nsdecls('a')}>{aligned}{said}</a:p>"))


def _foot(foot: Sequence[str], holder: Any) -> str:
    """As many parts as the footer has room for, at least the first."""
    wide, high = holder.width / Pt(1), holder.height / Pt(1)
    room = max(1, int(high / (FOOT * LEADING)))
    texts = [" · ".join(foot[:count]) for count in range(len(foot), 0, -1)]
    fits = (text for text in texts if lines(text, wide - 2 * INSET, FOOT) <= room)
    return next(fits, texts[-1] if texts else "")
