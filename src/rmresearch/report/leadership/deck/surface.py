"""A template's colours: what its slides are painted with, and ink that can be read on it."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable
from typing import Any

from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml.ns import qn

from rmresearch.colours import INK, PAPER, contrast, tinted
from rmresearch.report.figures.palette import palette
from rmresearch.report.leadership.deck.planned import AA, Look
from rmresearch.study import Brand

__all__ = ["look_of"]

WHOLE = 100_000  # percentages of a colour's changes count thousandths


def look_of(layout: Any, brand: Brand) -> Look:
    """The surface that a layout's slides have, ink, and first accent; a brand's own goes before it.

    Where the background is painted in a colour of its own, the theme's ink may not be meant for
    it: then what the template writes in, else the clearest of its inks, black and white.
    """
    master = layout.slide_master
    theme = _theme(master)
    paper = _painted(layout, theme) or _painted(master, theme) or theme("bg1", PAPER)
    written = master._element.find(f"{qn('p:txStyles')}/{qn('p:bodyStyle')}/{qn('a:lvl1pPr')}")
    fill = written.find(f"{qn('a:defRPr')}/{qn('a:solidFill')}") if written is not None else None
    first = theme("tx1", INK)
    inks = [first, _colour(fill, theme) or first]
    readable = [one for one in inks if contrast(one, paper) >= AA]
    clearest = max(
        (theme("bg1", PAPER), "#000000", "#ffffff"), key=lambda one: contrast(one, paper)
    )
    accent = brand.accent or theme("accent1", palette(brand).accent)
    return Look.on(paper, next(iter(readable), clearest), accent)


def _theme(master: Any) -> Callable[[str, str], str]:
    """The theme's colours by what the master uses them for."""
    theme = master.part.part_related_by(RT.THEME).blob.decode("utf-8", "replace")
    mapped = master._element.find(qn("p:clrMap"))

    def colour(role: str, otherwise: str) -> str:
        slot = (mapped.get(role) if mapped is not None else None) or role
        pattern = rf'<a:{slot}>\s*<a:(?:sysClr[^>]*lastClr|srgbClr val)="([0-9A-Fa-f]{{6}})"'
        found = re.search(pattern, theme)
        return f"#{found[1].lower()}" if found else otherwise

    return colour


def _painted(page: Any, theme: Callable[[str, str], str]) -> str | None:
    """What a master or layout is painted with; None where it says nothing or shows a picture.

    Of a gradient, what lies between its ends.
    """
    held = page._element.cSld.find(qn("p:bg"))
    if held is None:
        return None
    reference = held.find(qn("p:bgRef"))
    if reference is not None:
        return _colour(reference, theme)
    inside = held.find(qn("p:bgPr"))
    stops = [
        found
        for stop in inside.findall(f"{qn('a:gradFill')}/{qn('a:gsLst')}/{qn('a:gs')}")
        if (found := _colour(stop, theme))
    ]
    if stops:
        return tinted(stops[0], stops[-1], 0.5)
    return _colour(inside.find(qn("a:solidFill")), theme)


def _colour(held: Any, theme: Callable[[str, str], str]) -> str | None:
    """The colour inside a fill, with the changes of lightness that stand in it."""
    for one in held if held is not None else ():
        if one.tag == qn("a:schemeClr"):
            return _changed(theme(one.get("val"), PAPER), one)
        if one.tag in {qn("a:srgbClr"), qn("a:sysClr")}:
            plain = one.get("val") if one.tag == qn("a:srgbClr") else one.get("lastClr", "000000")
            return _changed(f"#{plain.lower()}", one)
    return None


def _changed(colour: str, held: Any) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, light, depth = colorsys.rgb_to_hls(red, green, blue)
    for one in held:
        share = int(one.get("val", WHOLE)) / WHOLE
        if one.tag == qn("a:lumMod"):
            light *= share
        elif one.tag == qn("a:lumOff"):
            light += share
    parts = colorsys.hls_to_rgb(hue, min(max(light, 0.0), 1.0), depth)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)
