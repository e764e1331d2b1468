"""A small plot of intervals as SVG, for a notebook: no script, no file, the colours around it.

What it shows is said in its text alternative too. Names from data are escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from rmresearch.display.numbers import decimals_for, interval, number, span

__all__ = ["Interval", "forest"]

#: in pixels: a row, a letter of a name, the plot, the room for half a number on either side
ROW, LETTER, PLOT, EDGE = 22, 7, 330, 24
#: the most letters of a name that are shown
LETTERS = 36


@dataclass(frozen=True, slots=True)
class Interval:
    """A row of the plot: its name, its value, and its interval where there is one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


def forest(
    rows: Sequence[Interval],
    *,
    unit: str = "",
    level: str = "95%",
    zero: bool = True,
    smallest: float | None = None,
) -> str:
    """Intervals below one another on one axis; nothing without a row.

    ``zero`` draws the line of no difference, ``smallest`` the band of what is too small to matter,
    from -``smallest`` to ``smallest``.

    >>> "month6: 0.32 (95% interval 0.02 to 0.62)" in forest([Interval("month6", 0.32, 0.02, 0.62)])
    True
    """
    if not rows:
        return ""
    band = smallest if smallest and zero else None
    marks = [*([0.0] if zero else []), *([-band, band] if band else [])]
    ends = [end for row in rows for end in (row.value, row.low, row.high)]
    low, high, step = span([*ends, *marks])
    height = ROW * len(rows)
    names = LETTER * min(LETTERS, max(len(row.name) for row in rows))

    def at(value: float) -> float:
        return round(names + EDGE + PLOT * (value - low) / (high - low), 1)

    parts = []
    if band:
        parts.append(
            f'<rect x="{at(-band)}" y="0" width="{at(band) - at(-band):.1f}" height="{height}" '
            f'opacity=".13"/>'
        )
    if zero:
        parts.append(_line(at(0.0), 0, at(0.0), height, 'stroke-dasharray="3 3" opacity=".75"'))
    for place, row in enumerate(rows):
        parts += _row(row, ROW * place + ROW / 2, at)
    parts.append(_axis(low, high, step, height, at))
    words = _words(rows, unit, level, zero, band)
    wide = names + PLOT + 2 * EDGE
    key, deep = _key(unit, band), height + 24
    if key:
        at_key = f'x="{names + EDGE}" y="{height + 36}"'
        parts.append(f'<text {at_key} opacity=".85">{escape(key)}</text>')
        deep += 18
    return (
        f'<svg role="img" aria-label="{escape(words)}" viewBox="0 0 {wide} {deep}" '
        f'width="{wide}" style="max-width:100%;height:auto;display:block;margin:0 0 .6em" '
        f'fill="currentColor" stroke="none" font-size="12" font-family="inherit">'
        f"<title>{escape(words)}</title>{''.join(parts)}</svg>"
    )


def _row(row: Interval, y: float, at: Callable[[float], float]) -> list[str]:
    shown = row.name if len(row.name) <= LETTERS else row.name[: LETTERS - 1] + "…"
    parts = [f'<text x="0" y="{y + 4}">{escape(shown)}</text>']
    if row.low is not None and row.high is not None:
        low, high = at(row.low), at(row.high)
        parts.append(_line(low, y, high, y, 'stroke-width="2"'))
        parts += [_line(end, y - 4, end, y + 4, 'stroke-width="2"') for end in (low, high)]
    return [*parts, f'<circle cx="{at(row.value)}" cy="{y}" r="4"/>']


def _axis(low: float, high: float, step: float, height: float, at: Callable[[float], float]) -> str:
    count = round((high - low) / step)
    every = max(1, -(-count // 5))
    ticks = [low + step * k for k in range(count + 1)]
    # counted from the zero where there is one, so that it is named
    first = next((k for k, tick in enumerate(ticks) if abs(tick) < step / 2), 0) % every
    places = decimals_for([low, high])
    while places < 6 and any(round(tick, places) != round(tick, 9) for tick in ticks[first::every]):
        places += 1
    texts = "".join(
        f'<text x="{at(tick)}" y="{height + 18}" text-anchor="middle">'
        f"{number(tick, decimals=places)}</text>"
        for tick in ticks[first::every]
    )
    return _line(at(low), height, at(high), height, 'opacity=".75"') + texts


def _key(unit: str, band: float | None) -> str:
    """What stands below the axis: its unit, and what the band is."""
    shaded = f"shaded: too small to matter (within {number(band)})" if band else ""
    return " · ".join(part for part in (unit, shaded) if part)


def _words(rows: Sequence[Interval], unit: str, level: str, zero: bool, band: float | None) -> str:
    """The plot in words."""
    found = []
    for row in rows:
        places = decimals_for([row.value, row.low, row.high])
        ends = interval(row.low, row.high, decimals=places)
        known = row.low is not None and row.high is not None
        within = f" ({level} interval {ends})" if known else " (no interval)"
        found.append(f"{row.name}: {number(row.value, decimals=places)}{within}")
    said = f"Intervals{f' in {unit}' if unit else ''}. {'; '.join(found)}."
    said += " A line marks zero." if zero else ""
    if band:
        said += f" A band marks what is too small to matter: {interval(-band, band)}."
    return said


def _line(x1: float, y1: float, x2: float, y2: float, more: str) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="currentColor" {more}/>'
