"""Estimates with their intervals, one a row: against zero and the smallest effect that matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, Self

from rmresearch.display.numbers import NOTHING, confidence, decimals_for, number, percent
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import (
    WIDTH,
    place,
    plain_ticks,
    round_ticks,
    rule,
    share_ticks,
    svg,
    write,
    write_near,
)
from rmresearch.report.figures.style import (
    ACCENT,
    AXIS,
    BAND,
    GRID,
    INK,
    MUTED,
    SMALL,
    TEXT,
    text_width,
    wrap,
)
from rmresearch.report.words.phrases import fill, from_to
from rmresearch.result import Estimate

__all__ = ["Interval", "interval_plot"]

LABELS = 260.0
#: the axis keeps this width however long the numbers are
LEAST = 80.0
#: pixels that a number under the axis needs to stand apart from the next
TICK = 44.0
LINE = 17.0
_text = partial(fill, "figure_intervals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """One row: an estimate, its interval, and the smallest effect that matters for it.

    ``detail`` stands at the right end (how many people); ``main`` rows are drawn bold; ``group``
    is a heading over the rows that share it. A ``value`` of ``None`` is shown as not estimated,
    unless there is a ``span``: two bounds between which it lies, drawn as a bar.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    smallest: float | None = None
    detail: str = ""
    group: str = ""
    main: bool = False
    span: tuple[float, float] | None = None

    @classmethod
    def of(
        cls,
        estimate: Estimate,
        label: str,
        *,
        smallest: float | None = None,
        group: str = "",
        main: bool = False,
    ) -> Self:
        """The row of an estimate, with the number of people behind it."""
        return cls(
            label=label,
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            smallest=smallest,
            detail=number(estimate.n_people) if estimate.n_people else "",
            group=group,
            main=main,
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with its place: ``middle`` is its height in pixels below the first row's top."""

    middle: float
    height: float
    label: str
    row: Interval | None


def interval_plot(
    rows: Sequence[Interval],
    *,
    title: str,
    unit: str,
    caption: str = "",
    sides: tuple[str, str] = ("", ""),
    level: float | None = 0.95,
    reference: float | None = 0.0,
    share: bool = False,
    detail: str | None = None,
    decimals: int | None = None,
) -> FigureBlock:
    """How large is each estimate, and how sure?

    ``unit`` is what the axis counts; ``sides`` say what lies left and right of ``reference``
    (``None`` draws no line); ``level`` is that of all intervals (``None``: they have several, which
    the text tells); ``share`` shows values in 0..1 as percentages; ``detail`` heads the right-hand
    column (default: people); ``decimals`` of the numbers follow the largest unless they are given.
    An interval far wider than the others ends in an arrow. Values against zero carry their sign,
    and shares against zero are differences: percentage points, without a "%" that would say of
    what.
    """
    if not rows:
        raise ValueError("an interval plot needs at least one row")
    texts = _texts(rows, share, decimals, apart=reference == 0.0)
    layout = _stack(rows)
    head = _text("people") if detail is None else detail
    left = max(text_width(item.label, TEXT, _bold(item)) for item in layout if item.row) + 16.0
    body = layout[-1].middle + layout[-1].height / 2
    limits = _limits(rows, reference, share)
    top, below = _room(rows, sides)

    def paint(figure: Any) -> None:
        right = _columns(figure, layout, texts, top, level, head)
        axes = place(figure, left, top, max(WIDTH - right - left - 16.0, LEAST), body)
        axes.set(xlim=limits, ylim=(body, 0.0))
        _ground(axes, layout, reference)
        for item in layout:
            if item.row is not None:
                _mark(axes, item.middle, item.row, limits)
        _axis(figure, axes, unit, top + body, _as_text(share, reference))
        _sides(figure, axes, top + body + 54.0, sides, reference)
        _band_label(figure, axes, rows, top, reference, 100.0 if share else 1.0)

    return FigureBlock(
        svg=svg(top + body + below, paint),
        alt=_alt(rows, texts, title, unit, level),
        caption=caption or _caption(rows, level),
        title=title,
        kind="intervals",
    )


def _texts(
    rows: Sequence[Interval], share: bool, decimals: int | None, *, apart: bool
) -> list[tuple[str, str]]:
    """Each row's value and interval; those that are ``apart`` from zero tell in which direction."""
    times = 100.0 if share and apart else 1.0
    ends = [times * value for row in rows for value in (row.value, row.low, row.high) if value]
    # a tenth of a percentage point says more than a few dozen people can
    fewer = max(decimals_for(ends) - int(times > 1), 0)
    places = fewer if decimals is None else decimals

    def within(low: float | None, high: float | None) -> str:
        if low is None or high is None:
            return NOTHING
        return from_to(times * low, times * high, decimals=places, share=share and not apart)

    def one(row: Interval) -> tuple[str, str]:
        if row.span is not None:
            value = within(*row.span)
        elif row.value is None:
            return "", _text("not_estimated")
        elif share and not apart:
            value = percent(row.value)
        else:
            value = number(times * row.value, decimals=places, signed=apart)
        around = within(row.low, row.high)
        return value, "" if around == NOTHING else around

    return [one(row) for row in rows]


def _as_text(share: bool, reference: float | None) -> Callable[[float], str] | None:
    """How the axis writes its values; None where they are plain numbers."""
    if not share:
        return None
    return percent if reference != 0.0 else lambda value: number(100 * value, decimals=0)


def _stack(rows: Sequence[Interval]) -> list[_Row]:
    placed: list[_Row] = []
    y = 0.0
    group = ""
    for row in rows:
        if row.group and row.group != group:
            y += 6.0 if placed else 0.0
            placed.append(_Row(y + 13.0, 26.0, wrap(row.group, WIDTH - 20.0, TEXT, True, 1), None))
            y += 26.0
        group = row.group
        label = wrap(row.label, LABELS, TEXT, row.main, 3)
        height = 10.0 + LINE * (1 + label.count("\n"))
        placed.append(_Row(y + height / 2, height, label, row))
        y += height
    return placed


def _bold(item: _Row) -> bool:
    return item.row is None or item.row.main


def _limits(rows: Sequence[Interval], reference: float | None, share: bool) -> tuple[float, float]:
    if share and reference is None:
        return 0.0, 1.0
    values = [row.value for row in rows if row.value is not None]
    values += [bound for row in rows for bound in row.span or ()]
    ends = [end for row in rows for end in (row.low, row.high) if end is not None]
    halves = [(r.high - r.low) / 2 for r in rows if r.low is not None and r.high is not None]
    reach = 4.0 * median(halves) if halves else 0.0
    inner = [*values] + ([] if reference is None else [reference])
    inner += [s for row in rows if row.smallest for s in (-row.smallest, row.smallest)]
    floor, ceiling = min(inner, default=-1.0), max(inner, default=1.0)
    low = max(min([*ends, floor]), floor - reach)
    high = min(max([*ends, ceiling]), ceiling + reach)
    pad = 0.06 * (high - low) or 1.0
    return low - pad, high + pad


def _room(rows: Sequence[Interval], sides: tuple[str, str]) -> tuple[float, float]:
    banded = any(row.smallest for row in rows)
    return (44.0 if banded else 28.0), (62.0 if any(sides) else 44.0)


def _columns(
    figure: Any,
    layout: Sequence[_Row],
    texts: Sequence[tuple[str, str]],
    top: float,
    level: float | None,
    detail: str,
) -> float:
    """Write labels left, numbers right; returns the width that the right-hand side took."""
    drawn = [item.row for item in layout if item.row is not None]
    counted = any(row.detail for row in drawn)
    heads = (_at("head", level), detail if counted else "")
    last = max((text_width(row.detail, SMALL) for row in drawn), default=0.0) if counted else 0.0
    last = max(last, text_width(heads[1], SMALL)) + (18.0 if counted else 0.0)
    middle = max(text_width(text, SMALL) for text in (*[t[1] for t in texts], heads[0])) + 14.0
    first = max(text_width(text[0], TEXT, True) for text in texts)
    x = (WIDTH - last - middle, WIDTH - last - middle + 14.0, WIDTH)
    small = {"size": SMALL, "color": MUTED}
    write(figure, x[1], top - 14.0, heads[0], **small)
    write(figure, x[2], top - 14.0, heads[1], ha="right", **small)
    remaining = iter(texts)
    for item in layout:
        y = top + item.middle
        weight = "bold" if _bold(item) else "normal"
        write(figure, 0.0, y, item.label, weight=weight)
        if item.row is None:
            continue
        value, within = next(remaining)
        write(figure, x[0], y, value, ha="right", weight="bold")
        write(figure, x[1], y, within, **small)
        write(figure, x[2], y, item.row.detail, ha="right", **small)
    return last + middle + first


def _ground(axes: Any, layout: Sequence[_Row], reference: float | None) -> None:
    from matplotlib.patches import Rectangle

    for item in layout:
        row = item.row
        if row is not None and row.smallest and reference is not None:
            corner = (reference - row.smallest, item.middle - item.height / 2)
            box = Rectangle(corner, 2 * row.smallest, item.height, fc=BAND, lw=0, zorder=0)
            axes.add_patch(box)
        if row is not None:
            axes.axhline(item.middle, color=GRID, lw=0.8, zorder=1)
        if row is not None and reference is not None:
            ends = (item.middle - item.height / 2, item.middle + item.height / 2)
            line = {"color": INK, "lw": 1.0, "zorder": 2, "solid_capstyle": "butt"}
            axes.plot((reference, reference), ends, **line)


def _mark(axes: Any, y: float, row: Interval, limits: tuple[float, float]) -> None:
    if row.value is None and row.span is None:
        return
    if row.low is not None and row.high is not None:
        ends = max(row.low, limits[0]), min(row.high, limits[1])
        width = 3.0 if row.main else 2.0
        axes.plot(ends, (y, y), color=ACCENT, lw=width, solid_capstyle="butt", zorder=3)
        for end, cut, marker in zip(
            ends, (row.low < limits[0], row.high > limits[1]), "<>", strict=True
        ):
            if cut:
                axes.plot(end, y, marker=marker, color=ACCENT, ms=7, mew=0, zorder=4, clip_on=False)
    if row.span is not None:
        axes.plot(row.span, (y, y), color=ACCENT, lw=8.0, solid_capstyle="butt", zorder=4)
        return
    size = 9.0 if row.main else 7.5
    axes.plot(
        row.value, y, "o", color=ACCENT, ms=size, mec="white", mew=1.2, zorder=5, clip_on=False
    )


def _axis(
    figure: Any, axes: Any, unit: str, bottom: float, as_text: Callable[[float], str] | None
) -> None:
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    low, high = axes.get_xlim()
    box = axes.get_position()
    fit = int((box.x1 - box.x0) * WIDTH / TICK)
    most = min(max(fit, 1), 6)
    ticks = share_ticks if as_text else round_ticks
    plain_ticks(axes.xaxis, ticks(low, high, most), as_text)
    middle = (box.x0 + box.x1) / 2 * WIDTH
    write_near(figure, middle, bottom + 36.0, unit)


def _sides(
    figure: Any, axes: Any, y: float, sides: tuple[str, str], reference: float | None
) -> None:
    zero = _across(axes, reference or 0.0)
    if sides[0]:
        text = wrap(f"← {sides[0]}", zero - 10.0, SMALL, lines=1)
        write(figure, zero - 10.0, y, text, ha="right", size=SMALL)
    if sides[1]:
        text = wrap(sides[1], WIDTH - zero - 28.0, SMALL, lines=1)
        write(figure, zero + 10.0, y, f"{text} →", size=SMALL)


def _across(axes: Any, value: float) -> float:
    """Where a value of the axis stands, in pixels of the figure."""
    box, (low, high) = axes.get_position(), axes.get_xlim()
    return WIDTH * float(box.x0 + (value - low) / (high - low) * (box.x1 - box.x0))


def _band_label(
    figure: Any,
    axes: Any,
    rows: Sequence[Interval],
    top: float,
    reference: float | None,
    times: float,
) -> None:
    sizes = sorted({row.smallest for row in rows if row.smallest})
    if not sizes or reference is None:
        return
    ends = _across(axes, reference - sizes[-1]), _across(axes, reference + sizes[-1])
    one = f"{times * sizes[0]:.4g}"
    told = _text("too_small_by", size=one) if len(sizes) == 1 else _text("too_small")
    write_near(figure, _across(axes, reference), top - 24.0, told)
    rule(figure, ends, (top - 8.0, top - 8.0), color=AXIS, lw=1.0)
    for end in ends:
        rule(figure, (end, end), (top - 8.0, top - 3.0), color=AXIS, lw=1.0)


def _at(key: str, level: float | None, **parts: str) -> str:
    """A text for intervals of one level, or of several."""
    if level is None:
        return _text(key, **parts)
    return _text(f"{key}_level", level=confidence(level), **parts)


def _caption(rows: Sequence[Interval], level: float | None) -> str:
    banded = [_text("caption_band")] if any(row.smallest for row in rows) else []
    return " ".join([_at("caption", level), *banded])


def _alt(
    rows: Sequence[Interval],
    texts: Sequence[tuple[str, str]],
    title: str,
    unit: str,
    level: float | None,
) -> str:
    said = []
    for row, (value, within) in zip(rows, texts, strict=True):
        name = _text("row", group=row.group, name=row.label) if row.group else row.label
        both = fill("figure", "within", value=value, interval=within)
        told = both if value and within else value or within
        said.append(fill("figure", "named", name=name, told=told))
    rows_told = fill("figure", "semicolon").join(said)
    return _at("alt", level, title=title.rstrip("."), unit=unit, rows=rows_told)
