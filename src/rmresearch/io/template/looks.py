"""How the workbook's cells look: the house's colours, and which of them may be written in."""

from __future__ import annotations

from typing import Any

from rmresearch.colours import ACCENT, BAND, COMPARISON, EDGE, INK, PAPER, TINT

__all__ = ["formats"]


def formats(book: Any) -> dict[str, Any]:
    """The formats of a workbook by what they are for; "open ..." are cells to be filled in."""
    plain = {"font_name": "Calibri", "font_size": 11, "font_color": INK, "valign": "vcenter"}
    wrapped = plain | {"text_wrap": True, "valign": "top"}
    head = plain | {"bold": True, "text_wrap": True, "border": 1, "border_color": EDGE}
    cells = {"text": {"num_format": "@"}, "date": {"num_format": "yyyy-mm-dd", "align": "left"}}
    cells["number"] = {"num_format": "General", "align": "left"}
    made = {
        "needed": head | {"bg_color": ACCENT, "font_color": PAPER},
        "optional": head | {"bg_color": TINT},
        "senior": head | {"bg_color": ACCENT, "font_color": PAPER},
        "junior": head | {"bg_color": COMPARISON, "font_color": PAPER},
        "all": head | {"bg_color": TINT},
        "rest": plain,
        "wrong": {"bg_color": "#FBE3D6"},
        "title": plain | {"bold": True, "font_size": 18, "font_color": ACCENT},
        "topic": wrapped | {"bold": True, "font_color": ACCENT},
        "line": wrapped,
        "link": wrapped | {"font_color": ACCENT, "underline": 1, "bottom": 1, "bottom_color": EDGE},
        "asked": wrapped | {"bottom": 1, "bottom_color": EDGE},
    }
    for kind, form in cells.items():
        made[f"open {kind}"] = plain | form | {"locked": False}
        grey = {"font_color": COMPARISON, "italic": True, "bg_color": BAND}
        made[f"example {kind}"] = plain | form | grey | {"locked": False}
    return {name: book.add_format(form) for name, form in made.items()}
