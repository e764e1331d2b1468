"""Were the groups alike before the start? Standardised differences against the usual limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rmresearch.display.numbers import NOTHING, number
from rmresearch.evidence import SATISFIED, TOO_FAR
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import WIDTH, place, plain_ticks, round_ticks, svg, write
from rmresearch.report.figures.style import (
    BAND,
    GRID,
    INK,
    MUTED,
    SMALL,
    TEXT,
    Tone,
    text_width,
    tones,
    wrap,
)
from rmresearch.report.words.phrases import fill

__all__ = ["Difference", "balance_plot"]

#: What Works Clearinghouse: alike as they are; alike enough if adjusted for
LIMITS = (SATISFIED, TOO_FAR)
LABELS, COLUMN = 260.0, 104.0
OUTER = "#f4f6f8"
_text = partial(fill, "figure_balance")


@dataclass(frozen=True, slots=True)
class Difference:
    """A baseline difference in standard deviations (``None``: not computable)."""

    label: str
    value: float | None
    contrast: str = ""


def balance_plot(
    differences: Sequence[Difference], *, title: str, caption: str = ""
) -> FigureBlock:
    """How far apart were the groups before the start, in standard deviations?

    Several contrasts of one label share a row, told apart by marker and colour.
    """
    if not differences:
        raise ValueError("a balance plot needs at least one difference")
    names = list(dict.fromkeys(d.label for d in differences))
    contrasts = tuple(dict.fromkeys(d.contrast for d in differences))
    look = tones(contrasts)
    labels = {name: wrap(name, LABELS, TEXT, lines=2) for name in names}
    left = max(text_width(label) for label in labels.values()) + 16.0
    right = COLUMN * len(contrasts)
    heads = [
        wrap(c.replace("− ", "−\u00a0") or _text("difference"), COLUMN - 8.0, SMALL, True, 4)
        for c in contrasts
    ]
    lines = max(1 + head.count("\n") for head in heads)
    top = 12.0 + 15.0 * max(lines, 1)
    rows = [13.0 + 17.0 * (1 + labels[name].count("\n")) for name in names]
    body = sum(rows)
    reach = max([0.5, *(abs(d.value) * 1.1 for d in differences if d.value is not None)])

    def paint(figure: Any) -> None:
        axes = place(figure, left, top, WIDTH - left - right - 20.0, body)
        axes.set(xlim=(-reach, reach), ylim=(body, 0.0))
        _limits(figure, axes, reach, top)
        y = 0.0
        for name, row in zip(names, rows, strict=True):
            y += row
            middle = y - row / 2
            axes.axhline(middle, color=GRID, lw=0.8, zorder=1)
            write(figure, 0.0, top + middle, labels[name])
            for index, contrast in enumerate(contrasts):
                mine = [d for d in differences if d.label == name and d.contrast == contrast]
                x = WIDTH - COLUMN * (len(contrasts) - 1 - index)
                for one in mine:
                    _dot(figure, axes, one, look[contrast], (middle, x, top))
        _heads(figure, heads, [look[c] for c in contrasts], top, len(contrasts) > 1)
        write(
            figure,
            left + (WIDTH - left - right - 20.0) / 2,
            top + body + 36.0,
            _text("unit"),
            ha="center",
            size=SMALL,
            color=MUTED,
        )

    return FigureBlock(
        svg=svg(top + body + 46.0, paint),
        alt=_alt(differences, title),
        caption=caption or _text("caption"),
        title=title,
        kind="balance",
    )


def _limits(figure: Any, axes: Any, reach: float, top: float) -> None:
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.axvspan(-LIMITS[1], LIMITS[1], color=OUTER, lw=0, zorder=0)
    axes.axvspan(-LIMITS[0], LIMITS[0], color=BAND, lw=0, zorder=0.5)
    for limit in (-LIMITS[1], -LIMITS[0], LIMITS[0], LIMITS[1]):
        axes.axvline(limit, color=MUTED, lw=0.8, linestyle=(0, (3, 2)), zorder=1.5)
    axes.axvline(0.0, color=INK, lw=1.0, zorder=2)
    ticks = round_ticks(-reach, reach) if reach > 0.8 else [-0.5, -0.25, 0.0, 0.25, 0.5]
    plain_ticks(axes.xaxis, ticks)
    box = axes.get_position()
    middle, half = (box.x0 + box.x1) / 2 * WIDTH, (box.x1 - box.x0) / 2 * WIDTH
    for limit in LIMITS:
        at = middle + limit / reach * half
        text = f"±{number(limit)}"
        write(figure, at, top - 8.0, text, ha="center", size=SMALL - 1.0, color=MUTED)


def _dot(
    figure: Any, axes: Any, one: Difference, tone: Tone, at: tuple[float, float, float]
) -> None:
    middle, x, top = at
    text = number(one.value, signed=True)
    write(figure, x, top + middle, text, ha="right", size=SMALL)
    if one.value is not None:
        style = {"color": tone.colour, "mec": "white", "mew": 1.0, "ms": 8.0}
        axes.plot(one.value, middle, tone.marker, zorder=4, **style)


def _heads(
    figure: Any, heads: Sequence[str], look: Sequence[Tone], top: float, several: bool
) -> None:
    for index, (head, tone) in enumerate(zip(heads, look, strict=True)):
        x = WIDTH - COLUMN * (len(heads) - 1 - index)
        style = {"color": tone.colour, "weight": "bold"} if several else {"color": MUTED}
        write(figure, x, top - 6.0, head, ha="right", va="bottom", size=SMALL, **style)


def _alt(differences: Sequence[Difference], title: str) -> str:
    said = []
    for one in differences:
        shown = number(one.value, signed=True)
        value = _text("unknown") if shown == NOTHING else shown
        key = "row_contrast" if one.contrast else "row"
        said.append(_text(key, name=one.label, contrast=one.contrast, value=value))
    return _text("alt", title=title.rstrip("."), rows=fill("figure", "semicolon").join(said))
