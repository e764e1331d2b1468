"""Every kind of figure with names in Cyrillic letters: what else it says is the catalogue's.

Each kind stands here as often as it has something else to say; a kind without a figure fails a
test.
"""

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
from rmresearch.report.figures.causes import causal_graph
from rmresearch.report.figures.control import Panel, Round, control_chart
from rmresearch.report.figures.courses import Monthly, month_lines
from rmresearch.report.figures.curves import Line, Spot, curves_plot
from rmresearch.report.figures.lanes import Dot, Lanes, lanes_plot
from rmresearch.report.figures.tornado import Pull, tornado
from rmresearch.world.fields import Edge
from rmresearch.world.graph import Kind

TITLE, UNIT, NAME, OTHER, LEAD = "Заголовок", "баллы", "Первый", "Второй", "Подпись"
#: each shape of a row: named apart, with a band, cut off, without an interval, between two bounds
ROWS = (
    Interval(label=NAME, value=0.5, low=0.2, high=0.8, smallest=0.3, detail="41", group="Группа"),
    Interval(label=OTHER, value=-0.1, smallest=0.4),
    Interval(label="Третий", value=None),
    Interval(label="Четвёртый", value=None, span=(-0.2, 0.3), low=-0.3, high=0.4),
)


def _intervals(level: float | None, *rows: Interval) -> Callable[[], FigureBlock]:
    return lambda: interval_plot(rows, title=TITLE, unit=UNIT, level=level, sides=(NAME, OTHER))


def _shares() -> FigureBlock:
    rows = [Interval(label=NAME, value=0.9, low=0.8, high=1.0), Interval(label=OTHER, value=0.5)]
    return interval_plot(rows, title=TITLE, unit=UNIT, share=True, reference=None)


def _waves(*months: float) -> Callable[[], FigureBlock]:
    def draw() -> FigureBlock:
        points = [
            Point(series=name, wave=f"Волна опроса {month:g}", months=month,
                  value=None if month == months[-1] else 3.0, low=2.5, high=3.5 if month else None,
                  n=40)
            for name in (NAME, OTHER)
            for month in months
        ]  # fmt: skip
        return wave_lines(points, title=TITLE, unit=UNIT, comparison=OTHER)

    return draw


def _survival() -> FigureBlock:
    steps = (Step(time=0.0, share=1.0, low=1.0, high=1.0, at_risk=20),
             Step(time=6.0, share=0.8, low=0.6, high=0.9, at_risk=15))  # fmt: skip
    bare = (Step(time=0.0, share=1.0), Step(time=6.0, share=0.9))
    return survival_steps([Curve(NAME, steps), Curve(OTHER, bare)], title=TITLE, unit="месяцы")


def _map(waves: int) -> Callable[[], FigureBlock]:
    def draw() -> FigureBlock:
        cells = [Answered(NAME, f"{wave}", 20 + wave, 48) for wave in range(waves)]
        return missing_map([*cells, Answered(OTHER, "0", 0, 0)], title=TITLE)

    return draw


def _meetings(*running: int | None) -> Callable[[], FigureBlock]:
    def draw() -> FigureBlock:
        held = [Meeting(f"2026-0{k}", 12 - k, 24, one) for k, one in enumerate(running, start=1)]
        return meetings_bars([*held, Meeting("2026-09", 0, 0)], title=TITLE)

    return draw


def _flow(*start: Stage) -> Callable[[], FigureBlock]:
    stages = (Stage("Назначены", 48, (("уехали", 3),)), Stage("Ответили", None))
    arms = [Arm(NAME, stages), Arm(OTHER, stages[:1])]
    return lambda: flow_diagram(start, arms, title=TITLE)


def _balance(*contrasts: str) -> Callable[[], FigureBlock]:
    rows = [
        Difference(name, value, contrast)
        for name, value in ((NAME, 0.1), (OTHER, None))
        for contrast in contrasts
    ]
    return lambda: balance_plot(rows, title=TITLE)


def _control() -> FigureBlock:
    rounds = [
        Round(label=f"Раунд {below}", value=0.5, said="50%", limits=(0.4, 0.6, 0.3, 0.7),
              below=below)
        for below in range(3)
    ]  # fmt: skip
    panels = [Panel(NAME, (*rounds, Round(label="Раунд 4", value=None, said="–")))]
    return control_chart(panels, title=TITLE, unit=UNIT, caption=LEAD, share=True, plan=0.5)


def _courses() -> FigureBlock:
    line = Monthly(NAME, (0.0, 1.0, 2.0), (0.0, 0.2, 0.1), (0.0, 0.1, 0.0), (0.0, 0.3, 0.2))
    return month_lines([line], title=TITLE, unit=UNIT, until=1.0, caption=LEAD)


def _curves(*, share: bool) -> Callable[[], FigureBlock]:
    spots = (Spot(1.0, 0.5, 0.4, 0.6), Spot(2.0, 0.7, 0.6, 0.8))
    lines = [Line(NAME, spots), Line(OTHER, spots)]
    return lambda: curves_plot(
        lines, title=TITLE, unit=UNIT, along="число пар", caption=LEAD, share=share
    )


def _lanes() -> FigureBlock:
    rows = [Lanes(NAME, (Dot(0.1, 0.0, 0.2), None), "Группа"),
            Lanes(OTHER, (Dot(0.1, 0.0, 0.2, predicted=0.15), Dot(0.0, -0.1, 0.1)))]  # fmt: skip
    return lanes_plot(rows, ["малые", "большие"], title=TITLE, unit=UNIT, caption=LEAD)


def _tornado() -> FigureBlock:
    pulls = [Pull(NAME, "1", (("0", -0.4), ("2", 0.3)), ((-0.5, -0.3), (0.2, 0.4))),
             Pull(OTHER, "да", (("нет", 0.0),))]  # fmt: skip
    return tornado(pulls, title=TITLE, unit=UNIT, caption=LEAD)


def _causes() -> FigureBlock:
    """A chain with a node of each kind and an arrow of each sign."""
    kinds: tuple[Kind, ...] = ("lever", "given", "between", "outcome", "seen", "elsewhere")
    names = dict(zip(map("узел {}".format, "абвгде"), kinds, strict=True))
    ways = zip(list(names), list(names)[1:], "+-0?+", strict=False)
    return causal_graph([Edge(*way) for way in ways], names, title=TITLE, caption=LEAD)


FIGURES: dict[str, Callable[[], FigureBlock]] = {
    "intervals": _intervals(0.95, *ROWS),
    "intervals of several levels": _intervals(None, ROWS[0], ROWS[2]),
    "one interval with a band": _intervals(0.9, ROWS[0]),
    "intervals without a band": _intervals(0.9, ROWS[3]),
    "shares": _shares,
    "waves": _waves(0.0, 3.0, 6.0),
    "waves that collide": _waves(0.0, 0.1, 1.0, 6.0, 6.1),
    "waves that collide, by month": _waves(*map(float, range(9)), 8.1, 17.0),
    "waves evenly, by month": _waves(*map(float, range(24))),
    "survival": _survival,
    "map": _map(3),
    "map of many waves": _map(14),
    "map of all too many waves": _map(40),
    "meetings": _meetings(None, 20),
    "meetings of all pairs": _meetings(24, None),
    "flow": _flow(),
    "flow from one": _flow(Stage("Подали", None, (("не пришли", 7),))),
    "balance": _balance(""),
    "balance of two": _balance(NAME, OTHER),
    "control": _control,
    "courses": _courses,
    "curves": _curves(share=False),
    "curves of shares": _curves(share=True),
    "lanes": _lanes,
    "tornado": _tornado,
    "causes": _causes,
}
