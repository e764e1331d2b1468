"""Texts in which a name is written from right to left, and a number or another name follows."""

from __future__ import annotations

import re

__all__ = ["steady", "steady_page"]

#: letters of scripts that run from right to left: Hebrew, Arabic and their neighbours
_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
#: says "from left to right" and shows nothing
_MARK = "\u200e"
_ANY = re.compile(f"[{_RIGHT}]")
#: a number behind a name; what our sentences set between two names
_BEHIND = rf"[^\w{_RIGHT}]*\d|\s*[;:·−–→]\s*[^\w{_RIGHT}]*[{_RIGHT}]"
_END = re.compile(rf"([{_RIGHT}])(?={_BEHIND})(?!{_MARK})")
_BETWEEN_TAGS = re.compile("(?<=>)[^<>]+")


def steady(text: str) -> str:
    """The text with its numbers where they are meant to be.

    Behind a name that runs from right to left a reader's software would set a number, sign and all,
    on the name's other side (Unicode Standard Annex 9, rules W2 and N1): "(0.1 to 0.5)" would be
    read as another range; and the second of two such names before the first. A mark without width
    after the name keeps what follows in place.

    >>> steady("skill: 0.3"), len(steady("\u05d0\u05d1: 0.3")) - len("\u05d0\u05d1: 0.3")
    ('skill: 0.3', 1)
    """
    return _END.sub(rf"\1{_MARK}", text)


def steady_page(html: str) -> str:
    """The same for what a page shows; what stands inside its tags is left as it is."""
    if not _ANY.search(html):
        return html
    return _BETWEEN_TAGS.sub(lambda text: steady(text[0]), html)
