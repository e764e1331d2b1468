"""Our own template: three layouts, 16:9, in the brand's colours; made by code, not by hand."""

from __future__ import annotations

import io
import re
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Pt

from rmresearch.report.figures.palette import palette
from rmresearch.report.leadership.deck.measure import Box
from rmresearch.report.leadership.deck.package import rewritten
from rmresearch.report.leadership.deck.pictures import png
from rmresearch.report.words.phrases import catalogue, fill
from rmresearch.study import Brand

__all__ = ["house"]

CONTENT = {PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.BODY}

WIDE, HIGH = 960.0, 540.0
MARGIN = 44.0
KEPT = ("obj", "twoObj", "titleOnly")
FONT = "Arial"
TITLE = Box(MARGIN, 20.0, WIDE - 2 * MARGIN, 64.0)
AREA = Box(MARGIN, 92.0, WIDE - 2 * MARGIN, 402.0)
FOOT = Box(MARGIN, 507.0, WIDE - 2 * MARGIN, 18.0)
STRIP = 7.0
#: a logo's largest width and height, and the space beside it
LOGO, BESIDE = (150.0, 40.0), 20.0
THEME = "ppt/theme/theme1.xml"


def house(brand: Brand) -> bytes:
    """A presentation without slides, with the layouts that a deck needs."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Pt(WIDE), Pt(HIGH)
    size = deck.part._element.find(qn("p:sldSz"))
    size.attrib.pop("type", None)
    for layout in list(deck.slide_layouts):
        if layout._element.get("type") not in KEPT:
            deck.slide_layouts.remove(layout)
    _unprinted(deck)
    master = deck.slide_master
    title = _logo(master, brand)
    _placed(master, title)
    for layout in deck.slide_layouts:
        _placed(layout, title)
    _styled(master)
    _strip(master)
    held = io.BytesIO()
    deck.save(held)
    with io.BytesIO(held.getvalue()) as again:
        theme = _theme(Presentation(again).slide_master, brand)
    return rewritten(held.getvalue(), {THEME: theme})


def _unprinted(deck: Any) -> None:
    """Without the settings of a printer, a thumbnail and the statistics of another file."""
    packages = ((deck.part, (RT.PRINTER_SETTINGS,)),
                (deck.part.package, (RT.THUMBNAIL, RT.EXTENDED_PROPERTIES)))  # fmt: skip
    for part, kinds in packages:
        rels = part._rels
        for name in [name for name, rel in rels.items() if rel.reltype in kinds]:
            rels.pop(name)


def _placed(page: Any, title: Box) -> None:
    """Placeholders of a master or a layout at their places; no date, which would be another
    each day."""
    content = [one for one in page.placeholders if one.placeholder_format.type in CONTENT]
    columns = AREA.columns(*(1.0 for _ in content), gap=28.0) if content else ()
    for holder, box in zip(content, columns, strict=True):
        _put(holder, box)
    for holder in list(page.placeholders):
        kind = holder.element.ph.get("type", "obj")
        if kind == "dt":
            holder.element.getparent().remove(holder.element)
        elif kind == "title":
            _put(holder, title)
        elif kind == "ftr":
            _put(holder, FOOT.columns(7, 1, gap=12.0)[0])
        elif kind == "sldNum":
            _put(holder, FOOT.columns(7, 1, gap=12.0)[1])


def _put(shape: Any, box: Box) -> None:
    shape.left, shape.top = Pt(box.left), Pt(box.top)
    shape.width, shape.height = Pt(box.width), Pt(box.height)


def _styled(master: Any) -> None:
    """Left-aligned headings, text in readable sizes, small grey feet."""
    styles = master._element.find(qn("p:txStyles"))
    heading = styles.find(f"{qn('p:titleStyle')}/{qn('a:lvl1pPr')}")
    heading.set("algn", "l")
    letters = heading.find(qn("a:defRPr"))
    letters.set("sz", "2600")
    letters.set("b", "1")
    for level, size in enumerate((1600, 1400, 1300, 1200, 1200), 1):
        found = styles.find(f"{qn('p:bodyStyle')}/{qn(f'a:lvl{level}pPr')}")
        found.find(qn("a:defRPr")).set("sz", str(size))
        if level == 1:
            found.set("marL", str(Pt(14)))
            found.set("indent", str(-Pt(14)))
    for holder in master.placeholders:
        body = holder.text_frame._txBody.bodyPr
        for side in ("lIns", "tIns", "rIns", "bIns"):
            body.set(side, "0")
        kind = holder.element.ph.get("type")
        if kind == "title":
            body.set("anchor", "b")
        if kind in {"ftr", "sldNum"}:
            level = holder.text_frame._txBody.find(f"{qn('a:lstStyle')}/{qn('a:lvl1pPr')}")
            level.set("algn", "l" if kind == "ftr" else "r")
            level.find(qn("a:defRPr")).set("sz", "1000")


def _strip(master: Any) -> None:
    """A strip of the accent along the upper edge; it says nothing."""
    tree = master._element.cSld.spTree
    shape = parse_xml(
        f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="90" name="Strip"/><p:cNvSpPr/>'
        '<p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="0"/>'
        f'<a:ext cx="{Pt(WIDE)}" cy="{Pt(STRIP)}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
        '</a:prstGeom><a:solidFill><a:schemeClr val="accent1"/></a:solidFill><a:ln><a:noFill/>'
        "</a:ln></p:spPr></p:sp>"
    )
    tree.insert(2, shape)


def _logo(master: Any, brand: Brand) -> Box:
    """The logo in the upper right corner of every slide; the title ends before it."""
    if brand.logo is None:
        return TITLE
    _, rel = master.part.get_or_add_image_part(io.BytesIO(png(brand.logo)))
    wide, high = brand.logo.width, brand.logo.height
    scale = min(LOGO[0] / wide, LOGO[1] / high)
    wide, high = wide * scale, high * scale
    words = (
        fill("brand", "logo_of", name=brand.name) if brand.name else catalogue()["brand"]["logo"]
    )
    tree = master._element.cSld.spTree
    picture = tree.add_pic(
        91, "Logo", words, rel, Pt(WIDE - MARGIN - wide), Pt(TITLE.top), Pt(wide), Pt(high)
    )
    picture.nvPicPr.cNvPr.set("descr", words)
    return Box(TITLE.left, TITLE.top, TITLE.width - wide - BESIDE, TITLE.height)


def _theme(master: Any, brand: Brand) -> bytes:
    """The theme's colours and fonts: the brand's, so that what is added later looks alike."""
    colours = palette(brand)
    text: str = master.part.part_related_by(RT.THEME).blob.decode("utf-8")
    series = [tone.colour for tone in colours.series]
    named = {
        "dk1": colours.ink, "lt1": "#ffffff", "dk2": colours.ink, "lt2": colours.tint,
        "accent1": colours.accent, "accent2": series[1], "accent3": series[2],
        "accent4": series[3], "accent5": colours.comparison.colour, "accent6": colours.pale,
        "hlink": colours.accent, "folHlink": colours.comparison.colour,
    }  # fmt: skip
    for name, colour in named.items():
        value = f'<a:{name}><a:srgbClr val="{colour[1:].upper()}"/></a:{name}>'
        text = re.sub(rf"<a:{name}>.*?</a:{name}>", value, text, count=1)
    text = text.replace('<a:latin typeface="Calibri"/>', f'<a:latin typeface="{FONT}"/>')
    return text.replace('name="Office Theme"', 'name="rmresearch"').encode("utf-8")
