"""Design against design under the same luck: differences, drawn and in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rmresearch.display.numbers import count, interval, number
from rmresearch.report.blocks import (
    Block,
    Column,
    Details,
    FigureBlock,
    Paragraph,
    Section,
    TableBlock,
)
from rmresearch.report.figures import Interval, interval_plot
from rmresearch.report.figures.tornado import Pull, tornado
from rmresearch.report.whatif.readings import LATENT, apart_from
from rmresearch.report.words import whatif as words
from rmresearch.whatif.judgement import Design, Judgement

__all__ = ["compared"]

#: more rows than these are no picture
ROWS = 30


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is compared: its name, its head in the table, and how many to a unit."""

    name: str
    head: str
    times: float = 1.0


TRUTH, POWER = Figure("truth", "What is true"), Figure("rejects", "Found, %", 100.0)
FIGURES = (
    TRUTH, POWER, Figure("bias", "Off by"), Figure("coverage", "Covered, %", 100.0),
    Figure("smallest_detectable", "Detectable"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """One difference, in the unit that it is shown in."""

    design: Design
    analysis: str
    here: float
    base: float
    value: float
    error: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether its Monte Carlo interval leaves 0 out."""
        return self.low > 0.0 or self.high < 0.0


def compared(found: Judgement) -> Section | None:
    """What changes against the base, truly and in what is found? None where nobody asked."""
    if found.differences is None:
        return None
    base = _base(found)
    true = _rows(found, TRUTH, next(iter(found.analyses)))
    power = _rows(found, POWER, *found.analyses)
    if len(power) > ROWS or found.pulled:
        power = _rows(found, POWER, next(iter(found.analyses)))
    text = words.tell("compared", base=base)
    if len({design.swept.get("design.waves", design.changes.get("design.waves")).__repr__()
            for design in found.designs}) > 1:  # fmt: skip
        text += f" {words.tell('compared_own_wave')}"
    blocks: list[Block] = []
    if any(row.clear for row in true):
        title = _title(found, true, "compared_true", base)
        blocks.append(_picture(found, true, title, f"difference in what is true, in {found.unit}"))
    elif true:
        blocks.append(Paragraph(f"{words.tell('compared_true_none', base=base)}."))
    if power:
        title = _title(found, power, "compared_power", base)
        unit = "difference in how often a difference is found, in percentage points"
        blocks.append(_picture(found, power, title, unit))
    tables = tuple(_tables(found))
    return Section(
        "compared",
        words.tell("compared_levers" if found.pulled else "compared_designs"),
        (*blocks, Paragraph(text), Details("Every difference", tables)),
    )


def _rows(found: Judgement, figure: Figure, *analyses: str) -> list[_Row]:
    """The differences of one figure, analysis after analysis, as the designs come."""
    table = found.differences
    if table is None:
        return []
    table = table[table["figure"].eq(figure.name) & table["against"].isin([LATENT, ""])]
    designs = {one.name: one for one in found.designs}
    made = []
    for analysis in analyses:
        for row in table[table["analysis"].eq(analysis)].to_dict("records"):
            parts = [figure.times * float(row[name]) for name in
                     ("value", "base", "difference", "error", "low", "high")]  # fmt: skip
            made.append(_Row(designs[row["scenario"]], analysis, *parts))
    return made


def _base(found: Judgement) -> str:
    """What the base is called: by all in which any design differs from it."""
    table = found.differences
    designs = {one.name: one for one in found.designs}
    named, apart = "", dict[str, Any]()
    if table is not None:
        for scenario, base in table[["scenario", "with"]].drop_duplicates().itertuples(index=False):
            here, there = designs[scenario], designs[base]
            named = there.named if here.named != there.named else named
            apart |= {k: v for k, v in there.swept.items() if here.swept[k] != v}
    return words.called(named, apart)


def _title(found: Judgement, rows: Sequence[_Row], key: str, base: str) -> str:
    """The design that is furthest from the base beyond Monte Carlo error, if any is."""
    first = [row for row in rows if row.analysis == rows[0].analysis]
    far = max(first, key=lambda row: abs(row.value) * row.clear)
    analysis = words.analysis(far.analysis)
    if not far.clear:
        return words.tell(f"{key}_none", base=base, analysis=analysis)
    where = words.where(far.design.named, far.design.swept)
    if key == "compared_true":
        places = 2 if abs(far.value) >= 0.1 else 3
        amount = number(far.value, decimals=places, unit=found.unit, signed=True)
        return words.tell(key, amount=amount, where=where, base=base)
    way = "more" if far.value > 0 else "fewer"
    amount = number(abs(far.value), decimals=0 if abs(far.value) >= 1 else 1)
    return words.tell(key, analysis=analysis, amount=amount, way=way, where=where, base=base)


def _picture(found: Judgement, rows: Sequence[_Row], title: str, unit: str) -> FigureBlock:
    if found.pulled:
        return _tornado(found, rows, title, unit)
    several = len({row.analysis for row in rows}) > 1
    drawn = [
        Interval(
            label=apart_from(row.design, None),
            value=row.value,
            low=row.low,
            high=row.high,
            group=words.analysis(row.analysis) if several else "",
        )
        for row in rows
    ]
    caption = words.tell("paired", n=count(found.replicates))
    # hundredths of a point are much of a difference
    places = 3 if max(abs(end) for row in rows for end in (row.low, row.high)) < 0.1 else None
    return interval_plot(drawn, title=title, unit=unit, caption=caption, decimals=places)


def _tornado(found: Judgement, rows: Sequence[_Row], title: str, unit: str) -> FigureBlock:
    moved = {row.design.name: row for row in rows}
    pulls = []
    for name in dict.fromkeys(one.lever for one in found.pulled):
        mine = [one for one in found.pulled if one.lever == name and one.design in moved]
        ends = [(words.value_of(one.end), moved[one.design]) for one in mine]
        if ends:
            pulls.append(
                Pull(
                    words.lever(name),
                    words.value_of(mine[0].now),
                    tuple((end, row.value) for end, row in ends),
                    tuple((row.low, row.high) for _, row in ends),
                )
            )
    caption = words.tell("pulled", n=count(found.replicates))
    return tornado(pulls, title=title, unit=unit, caption=caption)


def _tables(found: Judgement) -> Iterator[TableBlock]:
    columns = (
        Column("Design", numeric=False), Column("Here"), Column("Base"), Column("Difference"),
        Column("95% interval"),
    )  # fmt: skip
    for figure in FIGURES:
        for analysis in found.analyses:
            rows = _rows(found, figure, analysis)
            if rows and (figure is not TRUTH or analysis == next(iter(found.analyses))):
                called = "" if figure is TRUTH else f", {words.analysis(analysis)}"
                yield TableBlock(
                    f"{figure.head}{called}", columns, tuple(_cells(row, figure) for row in rows),
                    words.tell("plus_minus"),
                )  # fmt: skip


def _cells(row: _Row, figure: Figure) -> tuple[Any, ...]:
    places = 1 if figure.times > 1 else 3
    value = number(row.value, decimals=places, signed=True)
    return (
        apart_from(row.design, None),
        number(row.here, decimals=places),
        number(row.base, decimals=places),
        f"{value} ± {number(row.error, decimals=places)}",
        interval(row.low, row.high, decimals=places),
    )
