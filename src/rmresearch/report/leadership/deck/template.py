"""A template as a deck uses it: which layouts, how much room, which colours; or what it lacks.

Layouts are taken by their kind, which PowerPoint writes whatever language it speaks, then by
their English name, then by what they hold:

===== =========== ================= ==========================================
use   kind        name              placeholders
===== =========== ================= ==========================================
cards titleOnly   Title Only        a title, no other
one   obj         Title and Content a title, one of content or text
two   twoObj      Two Content       a title, two of content (text and a chart)
===== =========== ================= ==========================================

Room for what is shown is that of the second; a footer and a slide number are filled where a
layout has them. A layout of that kind or name may hold more, such as a place for a subtitle, which
stays away from the slides; its largest places for content are used.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml.ns import qn

from rmresearch.errors import ReportError
from rmresearch.report.leadership.deck.house import house
from rmresearch.report.leadership.deck.measure import Box
from rmresearch.report.leadership.deck.planned import Frame, Look
from rmresearch.report.leadership.deck.surface import look_of
from rmresearch.study import Brand

__all__ = ["FEET", "TITLES", "WRITTEN", "Template", "contents", "faults_of", "opened"]

#: what is wrong with a template, and what to do
Fault = tuple[str, str]

POINT = 12_700
#: the least room for content, in points: half of a 4:3 slide's
LEAST = (480.0, 240.0)
#: the least and the largest heading, in points
HEADING = (14.0, 30.0)
UNPACKED = 400_000_000
#: what a file that is damaged, locked by a password or something else raises when it is read
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, PythonPptxError, AttributeError, EOFError, KeyError,
    NotImplementedError, RuntimeError, SyntaxError, ValueError,
)  # fmt: skip
TITLES = {PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE}
WRITTEN = {PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.BODY}
DRAWN = {PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.CHART}
SHOWN = WRITTEN | DRAWN
#: kinds of layouts that are for something else
OTHERS = {"title", "secHead", "vertTx", "vertTitleAndTx"}
FEET = {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER}
#: by number of content placeholders: kind, name, and what it must hold
NEEDED = {
    0: ("titleOnly", "Title Only", "a title and no other placeholder"),
    1: ("obj", "Title and Content", "a title and one content placeholder"),
    2: ("twoObj", "Two Content", "a title and two content placeholders"),
}
MAIN = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
#: parts that go when a template's own slides go
DROPPED = ("ppt/slides/", "ppt/notesSlides/", "ppt/comments/", "docProps/")
SAVE = "Save it in PowerPoint as a presentation (.pptx)."


@dataclass(frozen=True, eq=False)
class Template:
    """An open presentation without slides; ``layouts`` by how many contents they hold."""

    deck: Any
    layouts: dict[int, Any]
    frame: Frame
    ours: bool = False


def opened(template: bytes | None, brand: Brand) -> Template:
    """The company's template, else ours; ``ReportError`` with everything that is wrong with it."""
    if template is None:
        deck = Presentation(io.BytesIO(house(brand)))
        layouts = {number: _layout(deck, number) for number in NEEDED}
        return Template(deck, layouts, _frame(deck, layouts, Look.house(brand)), ours=True)
    deck, layouts, faults = _looked_at(template)
    if faults:
        listed = " ".join(f"({n}) {found}. {fix}" for n, (found, fix) in enumerate(faults, 1))
        raise ReportError(
            f"the deck's template ([brand] template) cannot be used, for "
            f"{'this reason' if len(faults) == 1 else f'{len(faults)} reasons'}: {listed}"
        )
    _emptied(deck)
    return Template(deck, layouts, _frame(deck, layouts, look_of(layouts[1], brand)))


def faults_of(template: bytes) -> tuple[Fault, ...]:
    """Everything that is wrong with a company's template: what was found, and what to do."""
    return tuple(_looked_at(template)[2])


def _looked_at(template: bytes) -> tuple[Any, dict[int, Any], list[Fault]]:
    """The presentation, its layouts by number of contents, and all that is wrong with it."""
    deck, faults = _read(template)
    if deck is None:
        return None, {}, faults
    layouts = {number: _layout(deck, number) for number in NEEDED}
    for number, found in layouts.items():
        if found is None:
            _, name, holds = NEEDED[number]
            how = "In PowerPoint: View, Slide Master, Insert Layout; give it these and the name"
            faults.append((f"the layout “{name}” is missing: {holds}", f"{how} “{name}”."))
    if layouts[1] is not None:
        faults += _room(_area(layouts[1]))
    if not _noted(deck):
        found = "its pages of notes have no place for text"
        faults.append((found, "In PowerPoint: View, Notes Master, Body."))
    return deck, layouts, faults


def _noted(deck: Any) -> bool:
    """Whether pages of notes have a place for text."""
    kinds = [one.placeholder_format.type for one in deck.notes_master.placeholders]
    return PP_PLACEHOLDER.BODY in kinds


def _read(packed: bytes) -> tuple[Any, list[Fault]]:
    """The presentation, if it can be read, and what must not be in it."""
    faults: list[Fault] = []
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(info.file_size for info in archive.infolist()) > UNPACKED:
                large = f"it unpacks to more than {UNPACKED // 1_000_000} MB"
                return None, [(large, "Delete large pictures from its layouts.")]
            faults += _macros(archive)
            faults += _links(archive)
            if _kind(archive) not in {MAIN, None} and not faults:
                return None, [("it is not a plain presentation by its content", SAVE)]
        return Presentation(io.BytesIO(packed)), faults
    except UNREADABLE:
        return None, [*faults, ("it cannot be read as a presentation", SAVE)]


def _kind(archive: zipfile.ZipFile) -> str | None:
    listed = archive.read("[Content_Types].xml").decode("utf-8", "replace")
    found = re.search(r'PartName="/ppt/presentation.xml"[^>]*ContentType="([^"]+)"', listed)
    found = found or re.search(
        r'ContentType="([^"]+)"[^>]*PartName="/ppt/presentation.xml"', listed
    )
    return found[1] if found else None


def _macros(archive: zipfile.ZipFile) -> list[Fault]:
    macro = "macroenabled" in (_kind(archive) or "").lower()
    names = [name.lower() for name in archive.namelist()]
    acts = [name for name in names if "vbaproject" in name or "activex" in name]
    if macro or acts:
        return [("it holds macros or controls, which could act on whoever opens the deck", SAVE)]
    return []


def _links(archive: zipfile.ZipFile) -> list[Fault]:
    """Parts that stay and point outside the file."""
    pointing = sorted(
        name.replace("_rels/", "").removesuffix(".rels")
        for name in archive.namelist()
        if name.endswith(".rels")
        and not name.startswith(DROPPED)
        and re.search(rb'TargetMode\s*=\s*["\']External', archive.read(name))
    )
    if not pointing:
        return []
    shown = ", ".join(pointing[:6])
    found = f"it points to files or pages outside itself ({shown}), which a deck that is handed on "
    fix = "Remove these links or embed what they show (File, Info, Edit Links to Files)."
    return [(found + "must not", fix)]


def _layout(deck: Any, number: int) -> Any:
    """The layout for so many contents; None where there is none.

    One that holds nothing else goes first; of what another has beside them nothing is used.
    """
    kind, name, _ = NEEDED[number]
    every = [
        layout
        for master in deck.slide_masters
        for layout in master.slide_layouts
        if _titled(layout) and len(contents(layout, number)) == number
    ]
    plain = [one for one in every if len(list(_held(one))) == number]
    kinds = [one for one in (*plain, *every) if one._element.get("type") == kind]
    names = [one for one in (*plain, *every) if one.name.strip().casefold() == name.casefold()]
    return next(iter((*kinds, *names, *plain)), None)


def _titled(layout: Any) -> bool:
    """Whether a layout has a title over what it holds."""
    kinds = [one.placeholder_format.type for one in layout.placeholders]
    return sum(kind in TITLES for kind in kinds) == 1 and layout._element.get("type") not in OTHERS


def _held(layout: Any) -> Iterator[Any]:
    for holder in layout.placeholders:
        if holder.placeholder_format.type not in TITLES | FEET:
            yield holder


def contents(layout: Any, number: int) -> tuple[Any, ...]:
    """A layout's largest placeholders for content, from left to right; none where they do not do.

    The first takes text, the last of two a chart.
    """
    able = [one for one in _held(layout) if one.placeholder_format.type in SHOWN]
    largest = sorted(able, key=lambda one: -(one.width or 0) * (one.height or 0))[:number]
    chosen = sorted(largest, key=lambda one: (one.left or 0, one.top or 0))
    kinds = [one.placeholder_format.type for one in chosen]
    if len(kinds) < number or (kinds and kinds[0] not in WRITTEN):
        return ()
    return () if number == 2 and kinds[1] not in DRAWN else tuple(chosen)


def _area(layout: Any) -> Box:
    return _box(contents(layout, 1)[0])


def _box(shape: Any) -> Box:
    places = (shape.left, shape.top, shape.width, shape.height)
    return Box(*((place or 0) / POINT for place in places))


def _room(area: Box) -> list[Fault]:
    wide, high = LEAST
    if area.width >= wide and area.height >= high:
        return []
    size = f"{area.width / 72:.1f} by {area.height / 72:.1f} inches"
    least = f"{wide / 72:.1f} by {high / 72:.1f}"
    return [
        (
            f"the content placeholder of “Title and Content” is {size}",
            f"Make it at least {least}: a chart with its names needs that.",
        )
    ]


def _frame(deck: Any, layouts: dict[int, Any], look: Look) -> Frame:
    slide = Box(0.0, 0.0, deck.slide_width / POINT, deck.slide_height / POINT)
    holders = [
        holder
        for layout in layouts.values()
        for holder in layout.placeholders
        if holder.placeholder_format.type in TITLES
    ]
    boxes = [_box(holder) for holder in holders]
    title = Box(
        boxes[0].left, boxes[0].top, min(box.width for box in boxes) - 2 * _inset(holders),
        min(box.height for box in boxes),
    )  # fmt: skip
    area = _area(layouts[1])
    under = max(area.top, max(box.bottom for box in boxes))
    area = Box(area.left, under, area.width, area.bottom - under)
    size = min(max(_heading(holders[0], layouts[0]), HEADING[0]), HEADING[1])
    return Frame(slide, title, area, size, look)


def _inset(holders: list[Any]) -> float:
    """The space that a title keeps on its sides (a tenth of an inch unless it says otherwise)."""
    for holder in holders:
        for shape in (holder, getattr(holder, "_base_placeholder", None)):
            side = shape.element.txBody.bodyPr.get("lIns") if shape is not None else None
            if side is not None:
                return int(side) / POINT
    return 7.2


def _heading(holder: Any, layout: Any) -> float:
    """The size of headings: the layout's own, else the master's."""
    path = f"{qn('a:lstStyle')}/{qn('a:lvl1pPr')}/{qn('a:defRPr')}"
    master = layout.slide_master
    bodies = [holder.element.txBody, *(
        one.element.txBody for one in master.placeholders
        if one.placeholder_format.type in TITLES
    )]  # fmt: skip
    found = [body.find(path) for body in bodies]
    styles = f"{qn('p:txStyles')}/{qn('p:titleStyle')}/{qn('a:lvl1pPr')}/{qn('a:defRPr')}"
    found.append(master._element.find(styles))
    sizes = [one.get("sz") for one in found if one is not None and one.get("sz")]
    return int(sizes[0]) / 100 if sizes else HEADING[1]


def _emptied(deck: Any) -> None:
    """Without the template's own slides, their sections and shows, and who made them."""
    listed = deck.slides._sldIdLst
    for entry in list(listed):
        deck.part.drop_rel(entry.rId)
        listed.remove(entry)
    root = deck.part._element
    for name in ("p:custShowLst", "p:extLst", "p:custDataLst"):
        for found in root.findall(qn(name)):
            root.remove(found)
    kinds = (RT.EXTENDED_PROPERTIES, RT.CUSTOM_PROPERTIES, RT.THUMBNAIL, RT.PRINTER_SETTINGS,
             RT.ORIGIN)  # fmt: skip
    for part in (deck.part, deck.part.package):
        rels = part._rels
        for name in [name for name, rel in rels.items() if rel.reltype in kinds]:
            rels.pop(name)
