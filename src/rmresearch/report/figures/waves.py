"""What happens over time: arm means by wave, and how long pairs last."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from rmresearch.display.numbers import (
    NOTHING,
    confidence,
    count,
    decimals_for,
    number,
    percent,
)
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.canvas import (
    WIDTH,
    apart,
    place,
    plain_ticks,
    round_ticks,
    svg,
    write,
    write_near,
)
from rmresearch.report.figures.style import GRID, MUTED, SMALL, TEXT, Tone, text_width, tones, wrap
from rmresearch.report.words.phrases import fill, from_to

__all__ = ["Curve", "Point", "Step", "survival_steps", "wave_lines"]

HEIGHT = 215.0
TOP = 28.0
BELOW = 44.0
ROW = 18.0
DODGE = 6.0
#: room left and right of the first and last wave, and the least room between two waves
EDGE, CLOSE = 30.0, 44.0
_text = partial(fill, "figure_waves")
_lasting = partial(fill, "figure_survival")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A group's mean at one wave: ``wave`` is its label, ``months`` its place in time."""

    series: str
    wave: str
    months: float
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A Kaplan-Meier step: the share still running from ``time`` on."""

    time: float
    share: float
    low: float | None = None
    high: float | None = None
    at_risk: int | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """One group's steps, in order of time; the first is at the start."""

    series: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the axes stand, and the table of numbers under them."""

    left: float
    width: float
    rows: float

    @property
    def height(self) -> float:
        return TOP + HEIGHT + BELOW + self.rows


def wave_lines(
    points: Sequence[Point],
    *,
    title: str,
    unit: str,
    caption: str = "",
    comparison: str | None = None,
    level: float = 0.95,
) -> FigureBlock:
    """How did each group's mean move from wave to wave?

    ``unit`` names the outcome and its scale; ``comparison`` is the series drawn in grey. Waves
    stand at their real distance in months unless they would run into each other; then they stand
    evenly, and the axis says so. A missing wave interrupts the line. Under the axis: how many
    people answered.
    """
    if not points:
        raise ValueError("wave lines need at least one point")
    series = tuple(dict.fromkeys(point.series for point in points))
    look = tones(series, comparison)
    waves = sorted({(point.months, point.wave) for point in points})
    frame = _frame(series, any(point.n is not None for point in points))
    at = dict(zip(waves, _spread([months for months, _ in waves], frame.width), strict=True))
    counts = {(p.series, at[p.months, p.wave]): count(p.n) for p in points if p.n is not None}

    def paint(figure: Any) -> None:
        axes = place(figure, frame.left, TOP, frame.width, HEIGHT)
        axes.set_xlim(0.0, frame.width)
        ends = []
        for index, name in enumerate(series):
            shift = (index - (len(series) - 1) / 2) * DODGE
            mine = {at[p.months, p.wave] + shift: p for p in points if p.series == name}
            ends.append(_line(axes, mine, look[name]))
        _scale(axes, [end for p in points for end in (p.value, p.low, p.high)])
        _wave_ticks(figure, axes, at, frame)
        write(figure, 0.0, 10.0, wrap(unit, WIDTH, SMALL, lines=1), size=SMALL, color=MUTED)
        _end_labels(figure, axes, series, look, ends, frame)
        _counts(figure, axes, series, counts, list(at.values()), frame, _text("answered"))

    return FigureBlock(
        svg=svg(frame.height, paint),
        alt=_alt_points(points, title, unit, level),
        caption=caption or _text("caption", level=confidence(level)),
        title=title,
        kind="waves",
    )


def _frame(series: Sequence[str], counted: bool) -> _Frame:
    labels = max(text_width(wrap(name, 150.0, TEXT, True), TEXT, True) for name in series)
    labels = labels if len(series) > 1 else 0.0
    names = max(text_width(_short(name), SMALL) for name in series) if counted else 0.0
    left = max(60.0, names + 22.0)
    rows = 14.0 + ROW * (len(series) + 1) if counted else 0.0
    return _Frame(left, WIDTH - left - labels - 18.0, rows)


def _short(name: str) -> str:
    return wrap(name, 190.0, SMALL, lines=1)


def _spread(months: Sequence[float], width: float) -> list[float]:
    """Where each wave stands, in pixels: by its month, or evenly where that would be too close."""
    room = width - 2 * EDGE
    span = months[-1] - months[0]
    if len(months) == 1:
        return [width / 2]
    if min(b - a for a, b in pairwise(months)) * room < CLOSE * span or not span:
        return [EDGE + room * index / (len(months) - 1) for index in range(len(months))]
    return [EDGE + room * (month - months[0]) / span for month in months]


def _line(axes: Any, points: Mapping[float, Point], tone: Tone) -> float | None:
    """Draw one group's points by their places; returns the height at which its line ends."""
    places = sorted(points)
    for x in places:
        p = points[x]
        if p.low is not None and p.high is not None:
            axes.plot((x, x), (p.low, p.high), color=tone.colour, lw=1.6, alpha=0.75, zorder=3)
    heights = [points[x].value for x in places]
    gaps = [math.nan if height is None else height for height in heights]
    axes.plot(places, gaps, color=tone.colour, lw=1.8, linestyle=tone.line, zorder=4)
    fill = tone.colour if tone.filled else "white"
    dot = {"color": tone.colour, "mfc": fill, "mec": tone.colour, "ms": 6.5}
    axes.plot(places, gaps, tone.marker, zorder=5, **dot)
    known = [height for height in heights if height is not None]
    return known[-1] if known else None


def _scale(axes: Any, values: Sequence[float | None]) -> None:
    known = [value for value in values if value is not None] or [0.0, 1.0]
    low, high = min(known), max(known)
    pad = 0.07 * (high - low) or 0.5
    axes.set_ylim(low - pad, high + pad)
    plain_ticks(axes.yaxis, round_ticks(low - pad, high + pad, 7))
    _quiet_grid(axes)


def _quiet_grid(axes: Any) -> None:
    axes.grid(axis="y", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0.0)


def _wave_ticks(
    figure: Any, axes: Any, at: Mapping[tuple[float, str], float], frame: _Frame
) -> None:
    """Wave labels where they fit side by side, else the months as numbers."""
    halves = {wave: text_width(wave[1], SMALL) / 2 + 4.0 for wave in at}
    steps = list(pairwise(at))
    fits = all(at[a] + halves[a] <= at[b] - halves[b] for a, b in steps)
    axes.set_xticks(list(at.values()), [f"{wave[0]:g}" if not fits else wave[1] for wave in at])
    months = [b[0] - a[0] for a, b in steps]
    pixels = [at[b] - at[a] for a, b in steps]
    told = all(
        abs(m * pixels[0] - months[0] * p) < 1e-6 for m, p in zip(months, pixels, strict=True)
    )
    if fits:
        said = "" if told else _text("not_to_scale")
    else:
        said = fill("figure", "months") if told else _text("months_not_to_scale")
    middle = frame.left + frame.width / 2
    y = TOP + HEIGHT + 36.0
    write_near(figure, middle, y, said)


def _end_labels(
    figure: Any,
    axes: Any,
    series: Sequence[str],
    look: Mapping[str, Tone],
    ends: Sequence[float | None],
    frame: _Frame,
) -> None:
    """Name each line where it ends, moved apart where the ends are close; one needs no name."""
    if len(series) == 1:
        return
    low, high = axes.get_ylim()
    shown = [(name, end) for name, end in zip(series, ends, strict=True) if end is not None]
    shown.sort(key=lambda pair: -pair[1])
    texts = [wrap(name, 150.0, TEXT, True) for name, _ in shown]
    heights = [17.0 * (1 + text.count("\n")) for text in texts]
    wanted = [TOP + HEIGHT * (high - end) / (high - low) for _, end in shown]
    for (name, _), text, y in zip(
        shown, texts, apart(wanted, heights, TOP + HEIGHT + 8.0), strict=True
    ):
        style = {"color": look[name].colour, "weight": "bold"}
        write(figure, frame.left + frame.width + 10.0, y, text, **style)


def _counts(
    figure: Any,
    axes: Any,
    series: Sequence[str],
    counts: Mapping[tuple[str, float], str],
    at: Sequence[float],
    frame: _Frame,
    head: str,
) -> None:
    if not counts:
        return
    low, high = axes.get_xlim()
    scale = frame.width / (high - low)
    gaps = [(b - a) * scale for a, b in pairwise(at)]
    # where numbers would run into each other, every second or third stands for its neighbours
    widest = max(text_width(text, SMALL) for text in counts.values()) + 6.0
    every = math.ceil(widest / min(gaps)) if gaps else 1
    y = TOP + HEIGHT + BELOW + 14.0
    write(figure, 0.0, y, head, size=SMALL, color=MUTED)
    for index, name in enumerate(series, start=1):
        write(figure, 0.0, y + ROW * index, _short(name), size=SMALL)
        for x in at[::every]:
            text = counts.get((name, x), "")
            place_x = frame.left + (x - low) * scale
            write(figure, place_x, y + ROW * index, text, ha="center", size=SMALL)


def survival_steps(
    curves: Sequence[Curve],
    *,
    title: str,
    unit: str,
    caption: str = "",
    comparison: str | None = None,
    level: float = 0.95,
) -> FigureBlock:
    """What share of the pairs is still running, month by month?

    ``unit`` names the time axis ("months since the pair started"). Under the axis: pairs still
    under observation.
    """
    if not curves or not all(curve.steps for curve in curves):
        raise ValueError("survival steps need a step for every curve")
    series = tuple(curve.series for curve in curves)
    look = tones(series, comparison)
    end = max(step.time for curve in curves for step in curve.steps) or 1.0
    ticks = _time_ticks(end)
    counts = _at_risk(curves, ticks)
    frame = _frame(series, bool(counts))

    def paint(figure: Any) -> None:
        axes = place(figure, frame.left, TOP, frame.width, HEIGHT)
        axes.set(xlim=(-0.02 * end, 1.02 * end), ylim=(0.0, 1.03))
        plain_ticks(axes.yaxis, (0.0, 0.25, 0.5, 0.75, 1.0), percent)
        plain_ticks(axes.xaxis, ticks)
        _quiet_grid(axes)
        for curve in curves:
            _steps(axes, curve, look[curve.series], end)
        middle = frame.left + frame.width / 2
        y = TOP + HEIGHT + 36.0
        write_near(figure, middle, y, unit)
        write(figure, 0.0, 10.0, _lasting("running"), size=SMALL, color=MUTED)
        ends = [curve.steps[-1].share for curve in curves]
        _end_labels(figure, axes, series, look, ends, frame)
        _counts(figure, axes, series, counts, ticks, frame, _lasting("observed"))

    return FigureBlock(
        svg=svg(frame.height, paint),
        alt=_alt_curves(curves, title, unit),
        caption=caption or _lasting("caption", level=confidence(level)),
        title=title,
        kind="survival",
    )


def _time_ticks(end: float) -> list[float]:
    return [tick for tick in round_ticks(0.0, end, 6) if end < 3.0 or tick == int(tick)]


def _at_risk(curves: Sequence[Curve], ticks: Sequence[float]) -> dict[tuple[str, float], str]:
    found = {}
    for curve in curves:
        for tick in ticks:
            later = [step for step in curve.steps if step.time >= tick]
            if later and later[0].at_risk is not None:
                found[curve.series, tick] = count(later[0].at_risk)
    return found


def _steps(axes: Any, curve: Curve, tone: Tone, end: float) -> None:
    times = [*(step.time for step in curve.steps), end]
    shares = [step.share for step in curve.steps]
    ends = [(s.low, s.high) for s in (*curve.steps, curve.steps[-1])]
    low, high = (
        [math.nan if pair[side] is None else pair[side] for pair in ends] for side in (0, 1)
    )
    axes.fill_between(times, low, high, step="post", color=tone.colour, alpha=0.12, lw=0)
    drawn = [*shares, shares[-1]]
    axes.step(times, drawn, where="post", color=tone.colour, lw=2.0, linestyle=tone.line)


def _alt_points(points: Sequence[Point], title: str, unit: str, level: float) -> str:
    places = decimals_for(end for p in points for end in (p.value, p.low, p.high))
    said = []
    for name in dict.fromkeys(point.series for point in points):
        each = []
        for p in (p for p in points if p.series == name):
            within = from_to(p.low, p.high, decimals=places)
            known = p.value is not None
            value = number(p.value, decimals=places) if known else _text("no_answers")
            key = "point" if within == NOTHING else "point_within"
            each.append(_text(key, wave=p.wave, value=value, interval=within))
        told = fill("figure", "comma").join(each)
        said.append(fill("figure", "named", name=name, told=told))
    rows = fill("figure", "semicolon").join(said)
    return _text("alt", title=title.rstrip("."), unit=unit, level=confidence(level), rows=rows)


def _alt_curves(curves: Sequence[Curve], title: str, unit: str) -> str:
    said = []
    for curve in curves:
        last = curve.steps[-1]
        within, share = from_to(last.low, last.high, share=True), percent(last.share)
        if within != NOTHING:
            share = fill("figure", "within", value=share, interval=within)
        said.append(_lasting("row", name=curve.series, share=share, time=f"{last.time:g}"))
    rows = fill("figure", "semicolon").join(said)
    return _lasting("alt", title=title.rstrip("."), unit=unit, rows=rows)
