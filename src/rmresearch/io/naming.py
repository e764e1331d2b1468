"""Texts of study.toml that readers see: on one line, with something to see, and nothing hidden."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

__all__ = ["LINE", "UNFIT", "Note", "Text"]

#: the error type of a text that cannot be shown; its context holds what to do
UNFIT = "unfit_text"
#: signs that turn the direction of all that follows them, numbers too (Unicode Annex 9): what
#: reads from right to left needs none of them, and a mark (U+200E, U+200F) turns nothing else
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _line(text: str) -> str:
    """The text on one line, or an error that says what is wrong with it."""
    line = re.sub(r"[\t\r\n]+", " ", text).strip()
    odd = [sign for sign in line if unicodedata.category(sign) == "Cc" or sign in _TURNS]
    if odd:
        what = "turns other text around" if odd[0] in _TURNS else "controls machines"
        message = f"holds the sign U+{ord(odd[0]):04X}, which {what} and shows nothing"
        raise PydanticCustomError(UNFIT, message, {"fix": "Type it again without."})
    if text and all(unicodedata.category(sign)[0] in "CZ" for sign in line):
        raise PydanticCustomError(UNFIT, "is blank", {"fix": "Write something that can be read."})
    return line


#: what every text goes through, behind its bounds
LINE = AfterValidator(_line)
#: a text that may be left out
Note = Annotated[str, LINE]
Text = Annotated[str, Field(min_length=1, max_length=300), LINE]
