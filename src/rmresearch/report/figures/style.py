"""The visual language: sizes, colours, line styles, and how text is measured and broken.

Lengths are CSS pixels: a figure's canvas of 720 units is 720 pixels wide on the page. Text is
measured in DejaVu Sans, which comes with matplotlib and is wider than the system fonts that the
page shows, so what fits here fits there, and the layout is the same on every machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from rmresearch.colours import ACCENT, BAND, INK, PAPER, luminance
from rmresearch.colours import COMPARISON as GREY

__all__ = [
    "ACCENT",
    "AXIS",
    "BAND",
    "GRID",
    "INK",
    "MUTED",
    "PAPER",
    "SERIES",
    "SHADES",
    "TEXT",
    "Tone",
    "ink_on",
    "luminance",
    "rc",
    "text_width",
    "tones",
    "wrap",
]

MUTED = "#566270"
AXIS = "#8793a0"
GRID = "#e3e8ed"
#: from "none" to "all", as light to dark that grey print keeps in order
SHADES = ("#f3f6f8", "#d3dfe9", "#a6bfd3", "#6f97b8", "#3c6d97", "#11406a")
#: sizes of text in pixels
TEXT = 13.0
SMALL = 12.0


@dataclass(frozen=True, slots=True)
class Tone:
    """How one series looks: colour, marker and line differ, so that grey print tells them apart."""

    colour: str
    marker: str
    line: Any = "-"
    filled: bool = True


#: any two stay apart, for the colour-blind too; grey is the comparison
SERIES = (
    Tone(ACCENT, "o"),
    Tone("#bd4f0c", "s", (0, (5, 2))),
    Tone("#8347b8", "D", (0, (1.5, 1.8))),
    Tone("#6b1d2e", "^", (0, (6, 2, 1.5, 2))),
)
COMPARISON = Tone(GREY, "o", (0, (3, 1.5)), filled=False)


def tones(labels: tuple[str, ...], comparison: str | None = None) -> dict[str, Tone]:
    """A tone for each series in the order given; the comparison arm is always the grey one.

    >>> tones(("Mentor", "Control"), "Control")["Control"].filled
    False
    """
    rest = [label for label in labels if label != comparison]
    chosen = {label: SERIES[index % len(SERIES)] for index, label in enumerate(rest)}
    return {label: chosen.get(label, COMPARISON) for label in labels}


@cache
def rc() -> Any:
    """matplotlib settings of every figure, on top of seaborn's ticks style."""
    import seaborn

    ours = {
        "axes.edgecolor": AXIS,
        "axes.labelcolor": INK,
        "axes.labelsize": TEXT,
        "axes.linewidth": 1.0,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.unicode_minus": True,
        "figure.facecolor": PAPER,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": TEXT,
        "path.snap": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "rmresearch",
        "text.color": INK,
        "text.parse_math": False,
        "xtick.color": AXIS,
        "xtick.labelcolor": MUTED,
        "xtick.labelsize": SMALL,
        "xtick.major.size": 4.0,
        "ytick.color": AXIS,
        "ytick.labelcolor": MUTED,
        "ytick.labelsize": SMALL,
        "ytick.major.size": 4.0,
    }
    return {**seaborn.axes_style("ticks"), **ours}


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on this colour (always AA).

    >>> ink_on("#12436d"), ink_on("#e3e8ed")
    ('#ffffff', '#000000')
    """
    return PAPER if luminance(colour) < 0.179 else "#000000"


@cache
def _font(bold: bool) -> Any:
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = FT2Font(f"{get_data_path()}/fonts/ttf/{name}")
    font.set_size(100.0, 72)
    return font


@cache
def _advance(character: str, bold: bool) -> float:
    """The width of a character in ems; one that the font lacks takes a full em."""
    from matplotlib.ft2font import LoadFlags

    font = _font(bold)
    if not font.get_char_index(ord(character)):
        return 1.0
    glyph = font.load_char(ord(character), flags=LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance) / 65536.0 / 100.0


def text_width(text: str, size: float = TEXT, bold: bool = False) -> float:
    """The width of a text's longest line in pixels.

    >>> text_width("mentors") < text_width("mentors and mentees")
    True
    """
    lines = text.split("\n")
    return max(sum(_advance(character, bold) for character in line) for line in lines) * size


def wrap(text: str, width: float, size: float = TEXT, bold: bool = False, lines: int = 3) -> str:
    """Text broken at spaces to fit ``width`` pixels; beyond ``lines`` it ends in an ellipsis.

    Hard spaces do not break. A word wider than the space is cut and ends in an ellipsis, because
    clipped text would read as another word.

    >>> wrap("a b", 1000)
    'a b'
    """
    done: list[str] = []
    line = ""
    for word in re.split(r"[ \t\n\r]+", text.strip()):
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size, bold) > width:
            done.append(line)
            longer = word
        line = longer
    done.append(line)
    if len(done) > lines:
        done = [*done[: lines - 1], f"{done[lines - 1]} …"]
    return "\n".join(_cut(part, width, size, bold) for part in done)


def _cut(line: str, width: float, size: float, bold: bool) -> str:
    if text_width(line, size, bold) <= width:
        return line
    kept = line.removesuffix(" …")
    while kept and text_width(f"{kept}…", size, bold) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"
