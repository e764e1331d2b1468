"""How the answers to questions fall on their scale: stacked shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import WIDTH, px, svg, write
from rmresearch.report.figures.style import (
    ACCENT,
    MUTED,
    PAPER,
    SMALL,
    TEXT,
    ink_on,
    text_width,
    wrap,
)
from rmresearch.report.numbers import count, percent

__all__ = ["Answers", "stacked_shares"]

LABELS = 230.0
#: from the end of the scale towards its middle
LOW, MIDDLE, HIGH = ("#a8480c", "#f3cfae"), "#e3e8ed", (ACCENT, "#bdd2e2")


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to one question: how many chose each category, first to last."""

    label: str
    counts: tuple[int, ...]


def stacked_shares(
    answers: Sequence[Answers], categories: Sequence[str], *, title: str, caption: str = ""
) -> FigureBlock:
    """How do the answers to each question fall on the scale, from first category to last?"""
    if not answers or any(len(a.counts) != len(categories) for a in answers):
        raise ValueError("stacked shares need rows with one count for every category")
    colours = _ramp(len(categories))
    labels = [wrap(a.label, LABELS, TEXT, lines=3) for a in answers]
    left = max(text_width(label) for label in labels) + 16.0
    right = max(text_width(f"n = {count(sum(a.counts))}", SMALL) for a in answers) + 14.0
    rows = [16.0 + 16.0 * max(1, 1 + label.count("\n")) for label in labels]
    width = WIDTH - left - right
    key = _category_key(categories, WIDTH - left)
    edge = left
    if key[-1][1]:
        key, edge = _category_key(categories, WIDTH), 0.0
    top = 20.0 * (key[-1][1] + 1) + 10.0

    def paint(figure: Any) -> None:
        for text, colour, (x, line) in zip(categories, colours, key, strict=True):
            _swatch(figure, edge + x, 10.0 + 20.0 * line, colour, text)
        y = top
        for one, label, row in zip(answers, labels, rows, strict=True):
            write(figure, 0.0, y + row / 2, label)
            _stack(figure, (left, y + row / 2 - 12.0, width), one, colours)
            total = f"n = {count(sum(one.counts))}"
            write(figure, WIDTH, y + row / 2, total, ha="right", size=SMALL, color=MUTED)
            y += row

    return FigureBlock(
        svg=svg(top + sum(rows) + 2.0, paint),
        alt=_alt_shares(answers, categories, title),
        caption=caption or "Shares of those who answered.",
        title=title,
    )


def _ramp(n: int) -> list[str]:
    """Colours from the low end (orange) over grey to the high end (blue), lightest in between."""
    half = n // 2
    steps = [0.8 * k / max(half - 1, 1) for k in range(half)]
    lows, highs = [_between(LOW, k) for k in steps], [_between(HIGH, k) for k in steps]
    return [*lows, *([MIDDLE] if n % 2 else []), *reversed(highs)]


def _between(ends: tuple[str, str], share: float) -> str:
    first, last = ([int(end[start : start + 2], 16) for start in (1, 3, 5)] for end in ends)
    mixed = (round(a + (b - a) * share) for a, b in zip(first, last, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _category_key(categories: Sequence[str], width: float) -> list[tuple[float, int]]:
    """Where each category's name stands: pixels from the left, and on which line."""
    places: list[tuple[float, int]] = []
    x, line = 0.0, 0
    for text in categories:
        need = 18.0 + text_width(text, SMALL) + 18.0
        if x and x + need - 18.0 > width:
            x, line = 0.0, line + 1
        places.append((x, line))
        x += need
    return places


def _swatch(figure: Any, x: float, y: float, colour: str, text: str) -> None:
    from matplotlib.patches import Rectangle

    box = Rectangle((x, y - 6.0), 12.0, 12.0, fc=colour, lw=0, transform=px(figure))
    figure.add_artist(box)
    write(figure, x + 18.0, y, text, size=SMALL, color=MUTED)


def _stack(
    figure: Any, at: tuple[float, float, float], answers: Answers, colours: Sequence[str]
) -> None:
    from matplotlib.patches import Rectangle

    left, y, width = at
    total = sum(answers.counts)
    if not total:
        write(figure, left, y + 12.0, "no answers", size=SMALL, color=MUTED)
        return
    x = left
    for n, colour in zip(answers.counts, colours, strict=True):
        part = width * n / total
        if not n:
            continue
        box = Rectangle((x, y), part, 24.0, fc=colour, ec=PAPER, lw=1.0, transform=px(figure))
        figure.add_artist(box)
        text = percent(n / total)
        if text_width(text, SMALL) + 6.0 < part:
            at_middle = {"ha": "center", "size": SMALL, "color": ink_on(colour)}
            write(figure, x + part / 2, y + 12.0, text, **at_middle)
        x += part


def _alt_shares(answers: Sequence[Answers], categories: Sequence[str], title: str) -> str:
    said = []
    for one in answers:
        total = sum(one.counts)
        each = [
            f"{category} {percent(n / total)}"
            for category, n in zip(categories, one.counts, strict=True)
            if total
        ]
        said.append(f"{one.label}: {', '.join(each) or 'no answers'} (n = {count(total)})")
    return f"{title.rstrip('.')}. Stacked bars. {'; '.join(said)}."
