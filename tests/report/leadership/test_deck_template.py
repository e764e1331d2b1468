"""A company's own template: used by its layouts, or refused with everything that is wrong."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
from pptx import Presentation
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Inches, Pt

from rmresearch.colours import contrast
from rmresearch.errors import ReportError
from rmresearch.report.leadership.deck import check_template, deck_of
from rmresearch.report.leadership.deck.template import opened as opened_template
from rmresearch.study import Brand

from .briefs import BRAND, briefs
from .decks import box, charts, opened, overlap, room, text_height, texts, written

Change = Callable[[Any], None]


def company(change: Change = lambda deck: None, *, wide: bool = False) -> bytes:
    """A presentation as PowerPoint 2007 made it (4:3), with a slide of its own, changed."""
    made = Presentation()
    slide = made.slides.add_slide(made.slide_layouts[0])
    slide.shapes.title.text = "Confidential: the company's own slide"
    slide.notes_slide.notes_text_frame.text = "its own notes"
    made.core_properties.author = "A Person"
    if wide:
        made.slide_width = Inches(40 / 3)
        for page in (made.slide_master, *made.slide_layouts):
            for holder in page.placeholders:
                if holder._element.spPr.xfrm is not None:
                    holder.left, holder.width = holder.left * 4 // 3, holder.width * 4 // 3
    change(made)
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def repacked(packed: bytes, change: Mapping[str, bytes]) -> bytes:
    """The file with these parts changed or added."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
        for name in change.keys() - set(old.namelist()):
            new.writestr(name, change[name])
    return held.getvalue()


def without(*kinds: str) -> Change:
    """Without the layouts of these kinds, and without any that could stand in for them."""
    keep = {"title", "secHead", "obj", "twoObj", "titleOnly"} - set(kinds)

    def change(made: Any) -> None:
        used = {slide.slide_layout._element for slide in made.slides}
        for layout in list(made.slide_layouts):
            if layout._element.get("type") not in keep and layout._element not in used:
                made.slide_layouts.remove(layout)

    return change


def dark(made: Any) -> None:
    mapped = made.slide_master._element.find(qn("p:clrMap"))
    for one, other in (("bg1", "dk1"), ("tx1", "lt1"), ("bg2", "dk2"), ("tx2", "lt2")):
        mapped.set(one, other)


@cache
def made_with(kind: str) -> bytes:
    template = {
        "4:3": lambda: company(),
        "wide": lambda: company(wide=True),
        "dark": lambda: company(dark, wide=True),
        "renamed": lambda: company(renamed),
        "richer": lambda: company(richer, wide=True),
    }[kind]()
    return deck_of(briefs()["twenty-five"], template)


def renamed(made: Any) -> None:
    """In another language, as PowerPoint names layouts there: the kind stays."""
    for layout in made.slide_layouts:
        layout._element.cSld.set("name", "Titel und Inhalt " + layout._element.get("type"))


EXTRA = (
    '<p:sp {spaces}><p:nvSpPr><p:cNvPr id="{shape}" name="{kind}"/><p:cNvSpPr/><p:nvPr>'
    '<p:ph type="{kind}" idx="{idx}"/></p:nvPr></p:nvSpPr><p:spPr><a:xfrm>'
    '<a:off x="457200" y="{top}"/><a:ext cx="2000000" cy="200000"/></a:xfrm></p:spPr>'
    "<p:txBody><a:bodyPr/><a:p/></p:txBody></p:sp>"
)


def richer(made: Any) -> None:
    """Layouts with more than is needed: a subtitle, a picture; and one whose content is text."""
    for layout in made.slide_layouts:
        kind = layout._element.get("type")
        if kind in {"obj", "twoObj", "titleOnly"}:
            for number, extra in enumerate(("body", "pic")):
                layout.shapes._spTree.append(parse_xml(EXTRA.format(
                    spaces=nsdecls("p", "a"), shape=40 + number, kind=extra, idx=20 + number,
                    top=100_000 * number,
                )))  # fmt: skip
        if kind == "obj":
            holder = next(one for one in layout.placeholders if one.placeholder_format.idx == 1)
            holder.element.ph.set("type", "body")


KINDS = ("4:3", "wide", "dark", "renamed", "richer")


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_s_layouts_and_size_are_used_and_its_slides_are_gone(kind: str) -> None:
    show = opened(made_with(kind))
    assert show.slide_width == (Inches(10) if kind in {"4:3", "renamed"} else Inches(40 / 3))
    assert {slide.slide_layout._element.get("type") for slide in show.slides} <= {
        "titleOnly", "obj", "twoObj",
    }  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(made_with(kind))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert not [name for name, part in parts.items() if b"Confidential" in part]
    assert not [name for name, part in parts.items() if b"its own notes" in part]
    assert not [name for name, part in parts.items() if b"A Person" in part]
    assert not [name for name in parts if "app.xml" in name or "thumbnail" in name]
    assert len(parts) == len(set(parts))


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_template_too_nothing_overflows(kind: str) -> None:
    show = opened(made_with(kind))
    wide, high = show.slide_width / 12_700, show.slide_height / 12_700
    for number, slide in enumerate(show.slides, 1):
        shown = [(shape, box(shape)) for shape in slide.shapes]
        for shape, (left, top, right, bottom) in shown:
            assert left >= -0.1, (number, shape.name)
            assert top >= -0.1, (number, shape.name)
            assert right <= wide + 0.1, (number, shape.name)
            assert bottom <= high + 0.1, (number, shape.name)
            if written(shape) and shape.name not in {"Footer", "Slide number"}:
                width, height = room(shape)
                tall = text_height(shape.text_frame.paragraphs, width)
                assert tall <= height + 1.0, (number, shape.name, shape.text_frame.text)
        told = [(s.name, at) for s, at in shown if written(s) or s.has_table]
        for place, (name, one) in enumerate(told):
            for other, two in told[place + 1 :]:
                assert not overlap(one, two), (number, name, other)


def test_what_a_layout_has_beside_its_contents_stays_away() -> None:
    show = opened(made_with("richer"))
    for slide in show.slides:
        kinds = {one.placeholder_format.idx for one in slide.placeholders}
        assert not kinds & {20, 21}
        empty = [
            one for one in slide.placeholders if one.has_text_frame and not one.text_frame.text
        ]
        assert empty == []
    assert [one for slide in show.slides for one in slide.shapes if one.has_table]


def test_charts_and_texts_stand_in_the_template_s_placeholders() -> None:
    show = opened(made_with("wide"))
    first = show.slides[0]
    kinds = {holder.placeholder_format.idx: holder for holder in first.placeholders}
    assert kinds[1].has_text_frame
    assert kinds[2].has_chart
    assert {holder.placeholder_format.type for holder in first.placeholders} >= {15, 13}
    ink = first.placeholders[1].text_frame.paragraphs[0].runs[0]
    assert ink.font.color.type is None  # the template's own


def test_colours_can_be_read_on_the_template_s_surface() -> None:
    light = opened_template(company(), Brand()).frame.look
    assert (light.paper, light.ink) == ("#ffffff", "#000000")
    assert light.accent != "#4f81bd"  # 4.2 to 1 on white: the nearest that can be read
    assert contrast(light.accent, light.paper) >= 4.5
    night = opened_template(company(dark), Brand()).frame.look
    assert (night.paper, night.ink) == ("#000000", "#ffffff")
    for name in ("ink", "muted", "accent"):
        assert contrast(getattr(night, name), night.paper) >= 4.5
        assert contrast(getattr(night, name), night.tint) >= 4.5
    assert opened_template(company(), BRAND).frame.look.accent == BRAND.accent
    painted = charts(opened(made_with("dark")))[0].chart._chartSpace
    assert night.accent[1:].upper() in {one.get("val") for one in painted.iter(qn("a:srgbClr"))}


def painted(fill: str) -> Change:
    """With a background of its own over a theme made for white, and text written in white."""

    def change(made: Any) -> None:
        page = made.slide_master._element.cSld
        for old in page.findall(qn("p:bg")):
            page.remove(old)
        held = f"<p:bg {nsdecls('p', 'a')}><p:bgPr>{fill}<a:effectLst/></p:bgPr></p:bg>"
        page.insert(0, parse_xml(held))
        styles = made.slide_master._element.find(qn("p:txStyles"))
        for letters in styles.iter(qn("a:defRPr")):
            for one in letters.findall(f"{qn('a:solidFill')}/{qn('a:schemeClr')}"):
                one.set("val", "bg1")

    return change


def flat(inside: str) -> str:
    return f"<a:solidFill>{inside}</a:solidFill>"


#: by hand: half as light as #4f81bd in HLS is (#25, #40, #61), to rounding; halfway from black to
#: #404080 lies #202040
BACKGROUNDS = {
    "a colour": (flat('<a:srgbClr val="0B1F3A"/>'), "#0b1f3a"),
    "the system's": (flat('<a:sysClr val="windowText" lastClr="000000"/>'), "#000000"),
    "a darker accent": (
        flat('<a:schemeClr val="accent1"><a:lumMod val="50000"/></a:schemeClr>'), "#254061"
    ),
    "a gradient": (
        '<a:gradFill><a:gsLst><a:gs pos="0"><a:srgbClr val="000000"/></a:gs><a:gs pos="100000">'
        '<a:srgbClr val="404080"/></a:gs></a:gsLst><a:lin ang="0"/></a:gradFill>', "#202040"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_what_a_slide_is_painted_with_decides_what_can_be_read(name: str) -> None:
    fill, paper = BACKGROUNDS[name]
    template = company(painted(fill), wide=True)
    look = opened_template(template, Brand()).frame.look
    parts = zip(bytes.fromhex(look.paper[1:]), bytes.fromhex(paper[1:]), strict=True)
    assert all(abs(one - other) <= 1 for one, other in parts), look.paper
    assert look.ink == "#ffffff"
    for tone in (look.ink, look.muted, look.accent):
        assert contrast(tone, look.paper) >= 4.5
        assert contrast(tone, look.tint) >= 4.5
    show = opened(deck_of(briefs()["one"], template))
    (table, *_) = [shape for slide in show.slides for shape in slide.shapes if shape.has_table]
    inks = {
        one.get("val")
        for one in table._element.iter(qn("a:rPr"))
        for one in one.iter(qn("a:srgbClr"))
    }
    assert inks == {"FFFFFF", look.accent[1:].upper()}


def test_the_footer_says_as_much_as_has_room() -> None:
    narrow = [text for text in texts(opened(made_with("4:3")).slides[0]) if "INVENTED" in text]
    assert narrow == ["INVENTED DATA · Outcome"] or narrow[0].startswith("INVENTED DATA")


def link(packed: bytes) -> bytes:
    """With a link from the master to a page of the company."""
    name = "ppt/slideMasters/_rels/slideMaster1.xml.rels"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        rels = archive.read(name)
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
    added = b'<Relationship Id="rId99" Type="%s" Target="https://example.org/" ' % kind
    return repacked(packed, {
        name: rels.replace(b"</Relationships>", added + b'TargetMode="External"/></Relationships>')
    })  # fmt: skip


def macro(packed: bytes) -> bytes:
    """As .pptm, under another ending."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        types = archive.read("[Content_Types].xml")
    plain = b"openxmlformats-officedocument.presentationml.presentation.main+xml"
    assert plain in types
    return repacked(packed, {
        "[Content_Types].xml": types.replace(
            b"application/vnd." + plain,
            b"application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
        ),
        "ppt/vbaProject.bin": b"\xd0\xcf\x11\xe0",
    })  # fmt: skip


def cramped(made: Any) -> None:
    for layout in made.slide_layouts:
        for holder in layout.placeholders:
            if holder.placeholder_format.idx == 1:
                holder.left, holder.top = Pt(40), Pt(150)
                holder.width, holder.height = Pt(300), Pt(120)


def unnoted(made: Any) -> None:
    for holder in list(made.notes_master.placeholders):
        if holder.placeholder_format.type == 2:
            holder._element.getparent().remove(holder._element)


def locked(packed: bytes) -> bytes:
    """With the mark of a password on every part."""
    content = bytearray(packed)
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = content.find(sign)
        while found >= 0:
            content[found + place] |= 1
            found = content.find(sign, found + 4)
    return bytes(content)


BAD: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "no presentation": (lambda: b"hello", ("cannot be read as a presentation", "Save it")),
    "an empty zip": (lambda: repacked_empty(), ("cannot be read as a presentation",)),
    "cut off": (lambda: company()[:9000], ("cannot be read as a presentation",)),
    "a password": (lambda: locked(company()), ("cannot be read as a presentation",)),
    "no notes": (lambda: company(unnoted), ("Notes Master, Body",)),
    "macros": (lambda: macro(company()), ("holds macros",)),
    "a link": (lambda: link(company()), ("outside itself", "slideMaster1.xml", "Remove these")),
    "one layout": (lambda: company(without("twoObj")), ("“Two Content” is missing",)),
    "all layouts": (
        lambda: company(without("twoObj", "obj", "titleOnly")),
        ("for 3 reasons", "“Title Only”", "“Title and Content”", "“Two Content”", "Slide Master"),
    ),
    "no room": (lambda: company(cramped), ("4.2 by 1.7 inches", "at least 6.7 by 3.3")),
    "everything": (
        lambda: link(macro(company(without("twoObj")))),
        ("for 3 reasons", "macros", "outside itself", "“Two Content”"),
    ),
}


def repacked_empty() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w"):
        pass
    return held.getvalue()


@pytest.mark.parametrize("name", BAD)
def test_a_template_that_cannot_be_used_is_refused_with_all_its_reasons(name: str) -> None:
    make, said = BAD[name]
    with pytest.raises(ReportError, match=r"template \(\[brand\] template\) cannot be used") as got:
        check_template(make(), Brand())
    for part in said:
        assert part in str(got.value), str(got.value)
    assert not re.search(r"Traceback|/tmp|line \d", str(got.value))


def test_a_link_on_a_slide_that_goes_is_no_reason() -> None:
    def linked(made: Any) -> None:
        run = made.slides[0].shapes.title.text_frame.paragraphs[0].runs[0]
        run.hyperlink.address = "https://example.org/"

    packed = company(linked)
    check_template(packed, Brand())
    assert b"example.org" not in deck_of(briefs()["one"], packed)


def test_ours_passes_its_own_check() -> None:
    from rmresearch.report.leadership.deck.house import house

    check_template(house(Brand()), Brand())
    layouts = opened(house(BRAND)).slide_layouts
    assert [one._element.get("type") for one in layouts] == ["obj", "twoObj", "titleOnly"]
