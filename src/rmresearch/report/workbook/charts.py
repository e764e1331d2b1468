"""What the charts show: released means and differences with their intervals, as typed rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from rmresearch.display.numbers import span
from rmresearch.privacy import Release
from rmresearch.privacy.release import ReleasedEstimate
from rmresearch.report.findings import labels_of
from rmresearch.report.words.phrases import capital, fill
from rmresearch.report.workbook.cells import Cell, Column, form_of, number, text
from rmresearch.report.workbook.lists import is_share
from rmresearch.report.workbook.said import column, who, worded
from rmresearch.study import Design, Outcome

__all__ = ["ABOVE", "ASIDE", "BAND", "BELOW", "NAME", "VALUE", "Plot", "Series", "plots"]

#: where in a chart's rows stand the name, the value, the length of its interval on either side,
#: and the place that a point of a course is drawn at
NAME, VALUE, BELOW, ABOVE, ASIDE = 0, 4, 7, 8, 9
#: of a difference, up and down to what is too small to matter
BAND = (9, 10)
#: neighbours are drawn apart by this share of the time covered, so that intervals can be told apart
APART = 0.015
#: heads of the rows: texts, then numbers
MEANS = ("group", "who", "survey"), ("month", "mean", "from", "to", "below", "above", "drawn_at")
DIFFERENCES = (
    ("outcome", "who", "survey", "comparison"),
    ("difference", "from", "to", "below", "above", "matters_from", "matters_to"),
)


@dataclass(frozen=True, slots=True)
class Series:
    """Rows ``first`` to ``last`` of a chart, drawn as one; ``compared`` is the comparison group."""

    first: int
    last: int
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart and the rows it is drawn from. ``low``, ``high`` and ``step``: its axis of values."""

    kind: Literal["means", "differences"]
    title: str
    alt: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    series: tuple[Series, ...]
    unit: str
    form: str
    low: float | None = None
    high: float | None = None
    step: float | None = None


def plots(released: Release, design: Design) -> tuple[Plot, ...]:
    """Differences at the last survey, then the course of each outcome's means.

    Only numbers are drawn: what is hidden, or stands as a phrase, is on the sheets of tables.
    """
    drawn = [one for one in released.estimates if isinstance(one.value, (int, float))]
    record = [one for one in drawn if one.term == ""]
    # what was judged has the interval that decides; several questions at once make it wider
    judged = [one.estimate for one in released.verdicts]
    judged = [one for one in judged if isinstance(one.value, (int, float))] or record
    between = _last([one for one in judged if one.result.startswith("compare_arms:")], design)
    changes = _last([one for one in judged if one.result.startswith("pre_post:")], design)
    key = "differences" if between else "changes"
    made = [
        _differences(list(same), design, key)
        for _, same in _grouped(between or changes, lambda one: _scale(one, design))
    ]
    means = [one for one in record if one.result.startswith("wave_means:")]
    courses = _grouped(means, lambda one: (one.outcome, one.role))
    return (*made, *(_means(list(same), design) for _, same in courses))


def _grouped(
    estimates: Iterable[ReleasedEstimate], key: Callable[[ReleasedEstimate], tuple[object, ...]]
) -> Iterable[tuple[tuple[object, ...], Iterable[ReleasedEstimate]]]:
    """Estimates with one key, keys in the order in which they first appear."""
    held = list(estimates)
    order = {found: place for place, found in enumerate(dict.fromkeys(map(key, held)))}
    return groupby(sorted(held, key=lambda one: order[key(one)]), key=key)


def _last(estimates: Sequence[ReleasedEstimate], design: Design) -> list[ReleasedEstimate]:
    """Of each contrast the estimate at its last survey."""
    order = [wave.name for wave in design.waves]
    found: dict[tuple[str, ...], ReleasedEstimate] = {}
    for one in sorted(estimates, key=lambda one: order.index(one.wave)):
        contrast = one.contrast if one.result.startswith("compare_arms:") else ""
        found[one.outcome, one.role, contrast, one.group] = one
    return [one for one in estimates if one in found.values()]


def _scale(one: ReleasedEstimate, design: Design) -> tuple[object, ...]:
    """What must be alike for two differences to stand on one axis."""
    outcome = _outcome(one, design)
    if outcome is None:
        return (is_share(one, design),)
    return (outcome.kind == "binary", outcome.low, outcome.high, outcome.unit)


def _outcome(one: ReleasedEstimate, design: Design) -> Outcome | None:
    return next((o for o in design.outcomes if o.name == one.outcome), None)


def _differences(same: Sequence[ReleasedEstimate], design: Design, key: str) -> Plot:
    title = fill("workbook_chart", key, level=_level(same))
    labels = labels_of(design)
    form = _form(same, design)
    several = len({(one.contrast, one.group) for one in same}) > 1
    rows, told = [], []
    for one in same:
        name = labels.get(one.outcome, one.outcome)
        if several:
            group = labels.get(one.group or one.contrast, one.group or one.contrast)
            name = fill("workbook_chart", "compared", outcome=name, group=group)
        told.append(_told(name, one, form))
        rows.append(
            (
                text(name),
                text(who(one.role, labels)),
                text(labels.get(one.wave, one.wave)),
                text(labels.get(one.contrast, one.contrast)),
                *_interval(one, form),
                *_band(one, design, form),
            )
        )
    alt = fill("workbook_chart", "differences_alt", title=title, told=_listed(told))
    series = (Series(0, len(rows) - 1),)
    unit = _unit(same[0], design)
    low, high, step = _span(same, 0.0)
    return Plot(
        "differences", title, alt, _heads(*DIFFERENCES), tuple(rows), series, unit, form,
        low, high, step,
    )  # fmt: skip


def _heads(texts: Sequence[str], numbers: Sequence[str]) -> tuple[Column, ...]:
    return (
        *(Column(column(key)) for key in texts),
        *(Column(column(key), numeric=True) for key in numbers),
    )


def _listed(told: Sequence[str]) -> str:
    return fill("workbook_chart", "semicolon").join(told)


def _band(one: ReleasedEstimate, design: Design, form: str) -> tuple[Cell, Cell]:
    outcome = _outcome(one, design)
    smallest = outcome.smallest_effect if outcome is not None else None
    return number(smallest, form), number(None if smallest is None else -smallest, form)


def _level(same: Sequence[ReleasedEstimate]) -> str:
    """The level of the intervals, where they have one and the same."""
    levels = {one.level for one in same if one.low is not None}
    if len(levels) != 1:
        return ""
    told = f"{100 * levels.pop():.1f}".removesuffix(".0")
    return fill("workbook_chart", "level", level=f"{told}%")


def _span(same: Sequence[ReleasedEstimate], *also: float) -> tuple[float, float, float]:
    """An axis that holds every interval whole (programs see to the values only), and its step."""
    ends = (end for one in same for end in (one.value, one.low, one.high))
    return span([end for end in ends if isinstance(end, (int, float))], *also)


def _means(same: Sequence[ReleasedEstimate], design: Design) -> Plot:
    labels = labels_of(design)
    form = _form(same, design)
    months = {wave.name: wave.months for wave in design.waves}
    span = max(months.values()) - min(months.values())
    rows: list[tuple[Cell, ...]] = []
    series, told = [], []
    for place, (_, course) in enumerate(_grouped(same, lambda one: (one.group,))):
        first = len(rows)
        for one in course:
            at = months[one.wave]
            told.append(_told(_occasion(one, labels), one, form))
            rows.append(
                (
                    text(labels.get(one.group) or one.group or capital(_who(one, labels))),
                    text(_who(one, labels)),
                    text(labels.get(one.wave, one.wave)),
                    number(at, form_of((at,))),
                    *_interval(one, form),
                    number(at + place * APART * span, "0.00"),
                )
            )
        series.append(Series(first, len(rows) - 1, compared=_compared(same, rows[first], design)))
    label = str(text(labels.get(same[0].outcome, same[0].outcome)).value)
    low, high, step = _scores(same, _outcome(same[0], design))
    return Plot(
        kind="means",
        title=fill("workbook_chart", "means", label=label),
        alt=fill(
            "workbook_chart",
            "means_alt",
            label=label,
            who=_who(same[0], labels),
            told=_listed(told),
        ),
        columns=_heads(*MEANS),
        rows=tuple(rows),
        series=tuple(series),
        unit=_unit(same[0], design),
        form=form,
        low=low,
        high=high,
        step=step,
    )


def _scores(
    same: Sequence[ReleasedEstimate], outcome: Outcome | None
) -> tuple[float, float, float | None]:
    """An axis for means: the whole scale where it has few points, else what the means need."""
    low, high, step = _span(same)
    if outcome is None or outcome.low is None or outcome.high is None:
        return low, high, step
    ends = [end for one in same for end in (one.low, one.high) if end is not None]
    within = all(outcome.low <= end <= outcome.high for end in ends)
    if within and outcome.high - outcome.low <= 10:
        return outcome.low, outcome.high, None
    return low, high, step


def _compared(same: Sequence[ReleasedEstimate], row: tuple[Cell, ...], design: Design) -> bool:
    comparison = design.comparison
    several = len({one.group for one in same}) > 1
    return several and comparison is not None and row[NAME] == text(comparison.label)


def _who(one: ReleasedEstimate, labels: Mapping[str, str]) -> str:
    return labels.get(one.role) or worded("role", one.role)


def _occasion(one: ReleasedEstimate, labels: Mapping[str, str]) -> str:
    survey = labels.get(one.wave, one.wave)
    if not one.group:
        return survey
    group = labels.get(one.group, one.group)
    return fill("workbook_chart", "group_survey", group=group, survey=survey)


def _form(same: Sequence[ReleasedEstimate], design: Design) -> str:
    values = [value for one in same for value in (one.value, one.low, one.high)]
    return form_of(values, share=is_share(same[0], design))


def _interval(one: ReleasedEstimate, form: str) -> tuple[Cell, ...]:
    """Value, ends, and the lengths on either side, which the error bars are drawn with."""
    lengths: list[float | None] = [None, None]
    if isinstance(one.value, (int, float)):
        if one.low is not None:
            lengths[0] = round(one.value - one.low, 6)
        if one.high is not None:
            lengths[1] = round(one.high - one.value, 6)
    return tuple(number(value, form) for value in (one.value, one.low, one.high, *lengths))


def _told(name: str, one: ReleasedEstimate, form: str) -> str:
    name = str(text(name).value)
    value, low, high = (cell.shown() for cell in _interval(one, form)[:3])
    if one.low is None or one.high is None:
        return fill("workbook_chart", "one", name=name, value=value)
    return fill("workbook_chart", "one_interval", name=name, value=value, low=low, high=high)


def _unit(one: ReleasedEstimate, design: Design) -> str:
    outcome = _outcome(one, design)
    if is_share(one, design) or outcome is None:
        return ""
    return str(text(capital(outcome.unit)).value)
