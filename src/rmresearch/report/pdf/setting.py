"""A template of ours and its texts as one PDF by typst: the texts are data, never markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

from rmresearch.errors import ReportError
from rmresearch.report.figures.style import MUTED
from rmresearch.report.pdf.fonts import fonts, lacking
from rmresearch.report.theme import template
from rmresearch.report.words.phrases import catalogue

__all__ = ["COLOURS", "typeset"]

#: what blocks.css has for rules, and for what is good, needs care or is weak, whatever the brand
COLOURS = {
    "muted": MUTED,
    "rule": "#d9e0e6",
    "faint": "#f4f6f8",
    "good": "#0b6b43",
    "good-paper": "#e6f3ec",
    "good-edge": "#b9ddc9",
    "care": "#8a4b00",
    "care-paper": "#fdf1e0",
    "care-edge": "#ecd0a3",
    "care-rule": "#c9760f",
    "weak": "#9b2226",
    "weak-paper": "#fbeaea",
    "weak-edge": "#ecc4c5",
}


def typeset(
    name: str, content: dict[str, Any], excused: Callable[[dict[str, Any], str], None]
) -> bytes:
    """The PDF of a file of report/templates, which reads ``content`` as one JSON value.

    Characters that neither typst's fonts nor DejaVu Sans have are set in this machine's fonts;
    those that no font has show as empty boxes, and ``excused`` puts the sentence that says so into
    the content. Raises ``ReportError`` where typst refuses it.
    """
    import typst

    unknown = lacking(json.dumps(content, ensure_ascii=False))
    try:
        return _set(name, content, system=bool(unknown))
    except typst.TypstError as error:
        if not unknown or "could not be displayed" not in error.message:
            raise ReportError(f"the PDF cannot be set: {error.message}.") from None
    excused(content, catalogue()["paper"]["boxes"])
    return _set(name, content, system=True, standard="1.7")


def _set(
    name: str,
    content: dict[str, Any],
    *,
    system: bool,
    standard: Literal["ua-1", "1.7"] = "ua-1",
) -> bytes:
    import typst

    with fonts(system) as found:
        made: Any = typst.compile(
            template(name).encode(),
            font_paths=found,
            ignore_system_fonts=not system,
            sys_inputs={"data": json.dumps(content, ensure_ascii=False)},
            pdf_standards=[standard],
            timestamp=0,
        )
    return bytes(made)
