"""Every figure in the situations that break figures: long names, many rows, few rows, nothing."""

from __future__ import annotations

from collections.abc import Callable

from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures import (
    Answered,
    Arm,
    Curve,
    Difference,
    Interval,
    Meeting,
    Point,
    Stage,
    Step,
    balance_plot,
    flow_diagram,
    interval_plot,
    meetings_bars,
    missing_map,
    survival_steps,
    wave_lines,
)

LONG = "Confidence with new digital tools and willingness to try them without asking for help first"
NASTY = '<script>alert("1")</script> & Söhne $x^2$'
MONTHS = (0, 1, 2, 3, 4, 7, 12, 17)
ARMS = ("Mentor", "Business class with a long name", "Control")


def _intervals() -> FigureBlock:
    rows = (
        Interval(label=LONG, value=0.52, low=0.21, high=0.83, smallest=0.3, detail="41", main=True),
        Interval(label=NASTY, value=-0.12, low=-0.49, high=0.25, smallest=0.3, detail="41"),
        Interval(label="Openness", value=None, smallest=0.3),
    )
    return interval_plot(
        rows,
        title="Digital skill rose",
        unit="difference, points on a 1–5 scale",
        sides=("waitlist higher", "programme higher"),
    )


def _many_items() -> FigureBlock:
    rows = [
        Interval(
            label=f"Item {k}: {LONG if k % 3 == 0 else 'short'}",
            value=k / 20,
            low=k / 20 - (5.0 if k == 7 else 0.2),
            high=k / 20 + 0.2,
            detail=str(200 + k),
        )
        for k in range(22)
    ]
    return interval_plot(rows, title="Most items rose", unit="change, points on a 1–7 scale")


def _contrasts() -> FigureBlock:
    rows = [
        Interval(
            label=f"Month {m}",
            group=group,
            value=300.0 - 9 * m,
            low=-100.0,
            high=700.0,
            detail="345",
        )
        for group in ("Mentor − Control", "Business class with a long name − Control")
        for m in MONTHS[1:]
    ]
    return interval_plot(rows, title="Profit fades", unit="Ksh a week")


def _one_row() -> FigureBlock:
    row = Interval(label="Weekly profit", value=368.7, low=110.0, high=627.3, smallest=300.0)
    return interval_plot([row], title="Profit rose", unit="Ksh a week", sides=("less", "more"))


def _shares() -> FigureBlock:
    rows = [
        Interval(label="Would recommend it", value=1.0, low=0.92, high=1.0, detail="46 of 46"),
        Interval(label=LONG, value=0.5, low=0.36, high=0.64, detail="23 of 46"),
    ]
    return interval_plot(
        rows, title="Well received", unit="share of answers", share=True, reference=None
    )


def _difference_of_shares() -> FigureBlock:
    row = Interval(label="Stayed", value=-0.124, low=-0.312, high=0.064, detail="96")
    return interval_plot([row], title="Fewer stayed", unit="difference in share", share=True)


def _nothing_known() -> FigureBlock:
    return interval_plot([Interval(label="Skill", value=None)], title="Unknown", unit="points")


def _lines(arms: tuple[str, ...], months: tuple[float, ...]) -> Callable[[], FigureBlock]:
    def draw() -> FigureBlock:
        points = [
            Point(
                series=arm,
                wave=f"Month {m:g}",
                months=m,
                value=1500.0 + 40 * k * m,
                low=1200.0 + 40 * k * m,
                high=1800.0 + 40 * k * m,
                n=119 + k,
            )
            for k, arm in enumerate(arms)
            for m in months
        ]
        return wave_lines(
            points, title="Means by wave", unit="weekly profit, Ksh", comparison="Control"
        )

    return draw


def _gap() -> FigureBlock:
    waves = (("Before", 0.0, 3.1), ("Middle", 3.0, None), ("After", 6.0, 3.7))
    points = [Point(series="All", wave=w, months=m, value=v) for w, m, v in waves]
    return wave_lines(points, title="One wave is missing", unit="points")


def _survival() -> FigureBlock:
    def curve(name: str, hazard: float) -> Curve:
        steps = tuple(
            Step(
                time=float(k),
                share=(1 - hazard) ** k,
                low=max(0.0, (1 - hazard) ** k - 0.1),
                high=min(1.0, (1 - hazard) ** k + 0.1),
                at_risk=24 - k,
            )
            for k in range(13)
        )
        return Curve(name, steps)

    return survival_steps(
        [curve("Reverse mentoring", 0.03), curve("Waitlist", 0.05)],
        title="Most pairs lasted",
        unit="months since the pair started",
    )


def _flow() -> FigureBlock:
    start = [Stage("Applied", 120), Stage("Assigned by chance", 96, ((LONG, 14), ("other", 10)))]
    mentoring = Arm(
        "Reverse mentoring",
        (Stage("Assigned", 48), Stage(LONG, 44, (("never met", 4),)), Stage("Answered", 39)),
    )
    waitlist = Arm(NASTY, (Stage("Assigned", 48), Stage("Answered", None, ((LONG, 7),))))
    return flow_diagram(start, [mentoring, waitlist], title="80 of 96 answered")


def _flow_three() -> FigureBlock:
    arms = [
        Arm(name, (Stage("Assigned", n), *(Stage(f"Answered, month {m}", n - m) for m in MONTHS)))
        for name, n in zip(ARMS, (124, 129, 119), strict=True)
    ]
    return flow_diagram([Stage("Randomised", 372)], arms, title="Most answered")


def _map(waves: tuple[str, ...]) -> Callable[[], FigureBlock]:
    def draw() -> FigureBlock:
        groups = ("Reverse mentoring, seniors", LONG, "Waitlist, juniors")
        cells = [
            Answered(group, wave, max(0, 124 - 31 * (k + j)), 124)
            for k, group in enumerate(groups)
            for j, wave in enumerate(waves)
        ]
        return missing_map([*cells, Answered("Unpaired", waves[0], 0, 0)], title="Answers thin out")

    return draw


def _meetings(count: int, start: int = 0) -> Callable[[], FigureBlock]:
    def draw() -> FigureBlock:
        months = [Meeting(f"2026-{k:02d}", max(0, 24 - 2 * k), 24, 24 - k) for k in range(1, count)]
        return meetings_bars([*months, Meeting("none", 0, 0)][start:], title="Fewer met each month")

    return draw


def _meetings_of_long_names() -> FigureBlock:
    waves = [Meeting(f"Wave {k} of twelve", k, 12) for k in range(1, 12)]
    return meetings_bars(waves, title="More met each time")


def _balance(contrasts: tuple[str, ...]) -> Callable[[], FigureBlock]:
    def draw() -> FigureBlock:
        rows = [
            Difference(label, value, contrast)
            for label, value in (("Skill", 0.02), (LONG, -0.41), ("Level", None))
            for contrast in contrasts
        ]
        return balance_plot(rows, title="Alike at the start")

    return draw


def _long_words() -> FigureBlock:
    row = Interval(label="Weekly profit", value=368.7, low=110.0, high=627.3, smallest=300.0)
    return interval_plot([row], title="Profit rose", unit=LONG * 2, sides=(LONG, LONG))


FIGURES: dict[str, Callable[[], FigureBlock]] = {
    "intervals": _intervals,
    "intervals of 22 items": _many_items,
    "intervals by contrast": _contrasts,
    "one interval": _one_row,
    "long words around one interval": _long_words,
    "shares": _shares,
    "difference of shares": _difference_of_shares,
    "nothing known": _nothing_known,
    "two arms, three waves": _lines(("Reverse mentoring", "Control"), (0, 3, 6)),
    "three arms, eight waves": _lines(ARMS, MONTHS),
    "two arms, twenty waves": _lines(("Mentor", "Control"), tuple(range(20))),
    "one arm, one wave": _lines(("All",), (0,)),
    "a missing wave": _gap,
    "survival": _survival,
    "flow": _flow,
    "flow of three arms": _flow_three,
    "map of three waves": _map(("Before", "Month 3", "Month 6")),
    "map of eight waves": _map(tuple(f"Month {m}" for m in MONTHS)),
    "map of twelve waves": _map(tuple(f"Month {m}" for m in range(12))),
    "map of thirty waves": _map(tuple(str(m) for m in range(30))),
    "meetings of two years": _meetings(25),
    "meetings": _meetings(7),
    "meetings of long names": _meetings_of_long_names,
    "meetings of a year": _meetings(13),
    "no meetings": _meetings(1),
    "balance": _balance(("",)),
    "balance of two contrasts": _balance(("Mentor − Control", "Business class − Control")),
}
