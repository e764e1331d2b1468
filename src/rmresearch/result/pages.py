"""How a result shows itself: in a notebook, in LaTeX and in a terminal.

The estimates of record stand first, in the words of the study's design where it is known, with
their intervals drawn; what stands beside them, checks that hold, and tables are folded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rmresearch.declared import Design, Outcome
from rmresearch.display.forest import Interval, forest
from rmresearch.display.grid import Grid, capital, folded, marked, paragraph
from rmresearch.display.numbers import (
    NOTHING,
    confidence,
    count,
    decimals_for,
    interval,
    number,
    p_value,
    percent,
)
from rmresearch.errors import number_of

if TYPE_CHECKING:
    from rmresearch.result import Cell, Check, Dropped, Estimate, Result, Table

__all__ = ["as_html", "as_text", "estimate_text", "record", "table_grid"]

#: estimates shown before the rest is folded, in a notebook and in a terminal
OPEN, LINES = 24, 12
#: rows and scales of plots; more of either tell nothing at a glance
PLOTTED, SCALES = 16, 3
HEADS = {
    "role": "Who",
    "outcome": "Outcome",
    "wave": "Wave",
    "contrast": "Contrast",
    "group": "Group",
    "estimand": "About whom",
    "term": "Quantity",
}
COUNTS = frozenset({"administrative", "count"})


def as_html(result: Result) -> str:
    """The result in a notebook."""
    return "".join(_parts(result))


def as_text(result: Result) -> str:
    """The result in a terminal: the first estimates, what is not met, and what else there is."""
    shown, beside = _main(result)
    told = [_question(result)]
    told += [_grid(result, shown[:LINES], methods=False).to_text()] if shown else []
    more = len(shown[LINES:]) + len(beside)
    told += [f"and {number_of(more, 'more estimate', 'more estimates')}"] if more else []
    told += [f"Not met: {one.name}: {one.detail}" for one in result.checks if not one.passed]
    tables = ", ".join(table.name for table in result.tables)
    return "\n".join([*told, *([f"Tables: {tables}"] if tables else [])])


def record(result: Result) -> Grid:
    """The estimates of record as a table whose caption says of how many and by what method."""
    shown, _ = _main(result)
    if not shown:
        return Grid(_question(result), ("Estimate",), (), (True,))
    grid = _grid(result, shown)
    sizes = sorted({one.n_people for one in shown})
    n = " to ".join(count(size) for size in dict.fromkeys((sizes[0], sizes[-1])))
    caption = f"{grid.caption}. n = {n} people. {grid.note}".strip()
    return replace(grid, caption=caption, note="")


def estimate_text(one: Estimate) -> str:
    """An estimate in a line."""
    about = ", ".join(part for part in one.key if part)
    return (
        f"Estimate({about}: {number(one.value, decimals=_places([one]))}{_within(one)}; "
        f"{number_of(one.n_people, 'person', 'people')})"
    )


def table_grid(table: Table) -> Grid:
    """A result's table with its cells rounded by kind and column."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    texts = [_column(name, cells) for name, cells in zip(table.columns, columns, strict=True)]
    return Grid(
        table.title,
        tuple(capital(name) for name in table.columns),
        tuple(zip(*texts, strict=True)),
        tuple(not any(isinstance(cell.value, str) for cell in cells) for cells in columns),
        table.note,
    )


def _column(name: str, cells: Sequence[Cell]) -> list[str]:
    decimals = decimals_for(one.value for one in cells if isinstance(one.value, float))
    return [_cell(name, one, decimals) for one in cells]


def _cell(name: str, one: Cell, decimals: int) -> str:
    if one.value is None or isinstance(one.value, str):
        return one.value if one.value is not None else NOTHING
    if one.kind in COUNTS:
        return count(one.value)
    if one.kind == "proportion":
        return percent(one.value)
    if name == "p" or name.endswith(" p"):
        return p_value(one.value)
    return number(one.value, decimals=None if isinstance(one.value, int) else decimals)


def _main(result: Result) -> tuple[list[Estimate], list[Estimate]]:
    """The estimates of record, or all where none is, and those that stand beside them."""
    of_record = [one for one in result.estimates if not one.term]
    beside = [one for one in result.estimates if one.term]
    return (of_record, beside) if of_record else (beside, [])


def _question(result: Result) -> str:
    named = dict(result.call.arguments)
    about = [named.pop("study", ""), named.pop("outcome", "")]
    chosen = [f"{name} {value}" for name, value in named.items() if value]
    return f"{result.call.function}: {', '.join(filter(None, [*about, *chosen]))}"


def _parts(result: Result) -> Iterator[str]:
    """Question, plots, estimates, checks, who dropped out, and the tables."""
    shown, beside = _main(result)
    yield paragraph(_question(result))
    yield from _plots(result, shown)
    if shown:
        yield _grid(result, shown[:OPEN]).to_html()
    for what, rest in (("more", shown[OPEN:]), ("beside the record", beside)):
        if rest:
            title = f"{number_of(len(rest), 'estimate', 'estimates')} {what}"
            yield folded(title, _grid(result, rest).to_html())
    broken = [one for one in result.checks if not one.passed]
    held = [one for one in result.checks if one.passed]
    if broken:
        title = f"{number_of(len(broken), 'check', 'checks')} NOT met"
        yield marked(_checks(title, broken).to_html())
    if held:
        yield folded(f"{number_of(len(held), 'check', 'checks')} met", _checks("", held).to_html())
    if result.dropped:
        yield _dropped(result.dropped).to_html()
    for table in result.tables:
        title = f"{table.title}: {number_of(len(table.rows), 'row', 'rows')}"
        yield folded(title, table_grid(table).to_html())


def _checks(title: str, checks: Sequence[Check]) -> Grid:
    rows = tuple((one.name, one.detail) for one in checks)
    return Grid(title, ("Check", "What was seen"), rows, (False, False))


def _dropped(dropped: Sequence[Dropped]) -> Grid:
    rows = tuple((one.reason, count(one.people), count(one.rows)) for one in dropped)
    return Grid("Did not enter", ("Reason", "People", "Rows"), rows, (False, True, True))


def _grid(result: Result, estimates: Sequence[Estimate], *, methods: bool = True) -> Grid:
    """Estimates as a table: what they share is its caption, the rest a row each."""
    names, shared = _names(result.call.design, estimates)
    named = [(head, column) for head, column in zip(HEADS.values(), names, strict=True) if column]
    # what every row has names the rows: a heading is never empty
    named.sort(key=lambda one: "" in one[1])
    columns: dict[str, Sequence[str]] = dict(named)
    columns |= _numbers(estimates)
    used = list(dict.fromkeys(one.method for one in estimates if one.method))
    if len(used) > 1 and methods:
        columns["Method"] = [one.method for one in estimates]
    return Grid(
        " · ".join(shared) or capital(result.call.function.replace("_", " ")),
        tuple(columns),
        tuple(zip(*columns.values(), strict=True)),
        tuple(head not in {*dict(named), "Method"} for head in columns),
        f"Method: {used[0]}." if len(used) == 1 else "",
    )


def _numbers(estimates: Sequence[Estimate]) -> dict[str, list[str]]:
    """The columns of numbers; those that hold nothing are left out."""
    scales: dict[tuple[str, str], list[Estimate]] = {}
    for one in estimates:
        scales.setdefault((one.outcome, one.term), []).append(one)
    places = {key: _places(group) for key, group in scales.items()}
    at = [places[one.outcome, one.term] for one in estimates]
    levels = {one.level for one in estimates if one.low is not None}
    head = f"{confidence(levels.pop())} interval" if len(levels) == 1 else "Interval"
    return {
        "Estimate": [number(one.value, decimals=k) for one, k in zip(estimates, at, strict=True)],
        **_known(
            head,
            [
                interval(one.low, one.high, decimals=k)
                + (f" ({confidence(one.level)})" if head == "Interval" and one.low else "")
                for one, k in zip(estimates, at, strict=True)
            ],
        ),
        **_known("p", [p_value(one.p) for one in estimates]),
        "People": [count(one.n_people) for one in estimates],
        "Pairs": [count(one.n_pairs) for one in estimates],
        "Clusters": [count(one.n_clusters) for one in estimates],
    }


def _known(head: str, texts: list[str]) -> dict[str, list[str]]:
    return {head: texts} if set(texts) != {NOTHING} else {}


def _places(estimates: Sequence[Estimate]) -> int:
    return decimals_for(end for one in estimates for end in (one.value, one.low, one.high))


def _within(one: Estimate) -> str:
    if one.low is None or one.high is None:
        return ""
    ends = interval(one.low, one.high, decimals=_places([one]))
    return f", {confidence(one.level)} interval {ends}"


def _names(
    design: Design | None, estimates: Sequence[Estimate]
) -> tuple[list[list[str]], list[str]]:
    """Field by field, in the order of ``HEADS``: the words where they vary; and what is shared."""
    columns, shared = [], []
    for name in HEADS:
        words = [_word(design, name, getattr(one, name)) for one in estimates]
        alike = len(set(words)) == 1
        columns.append([] if alike else words)
        shared += [capital(words[0])] if alike and words[0] else []
    return columns, shared


def _word(design: Design | None, name: str, text: str) -> str:
    """What a part of an estimate's key is called: the study's label where it has one."""
    if name == "term":
        return text.replace("-", " ")
    if design is None or name == "estimand":
        return text
    if name == "role":
        return design.role_label(text)
    if name == "outcome":
        return {one.name: one.label for one in design.outcomes}.get(text, text)
    labels = {one.name: one.label for one in design.arms}
    labels |= {one.name: one.label for one in design.waves}
    return " minus ".join(labels.get(part, part) for part in text.split(" - "))


def _plots(result: Result, shown: Sequence[Estimate]) -> Iterator[str]:
    """A plot for each scale, where there are few of them and intervals to show."""
    known = [one for one in shown if one.value is not None]
    scales: dict[tuple[str, str, float], list[Estimate]] = {}
    for one in known:
        scales.setdefault((one.outcome, one.term, one.level), []).append(one)
    if len(known) <= PLOTTED and len(scales) <= SCALES:
        for estimates in scales.values():
            if any(one.low is not None for one in estimates):
                yield _plot(result, estimates)


def _plot(result: Result, estimates: Sequence[Estimate]) -> str:
    columns, shared = _names(result.call.design, estimates)
    compared = all(one.contrast for one in estimates)
    entry = _entry(result.call.design, estimates[0]) if compared else None
    names = [" · ".join(filter(None, row)) for row in zip(*filter(None, columns), strict=True)]
    return forest(
        [
            Interval(name, float(one.value or 0.0), one.low, one.high)
            for name, one in zip(names or shared[:1] or [""], estimates, strict=True)
        ],
        unit=entry.unit if entry else "",
        level=confidence(estimates[0].level),
        zero=compared,
        smallest=entry.smallest_effect if entry else None,
    )


def _entry(design: Design | None, one: Estimate) -> Outcome | None:
    """The codebook's entry of the outcome in whose own units an estimate stands."""
    if design is None or one.term:
        return None
    return next((entry for entry in design.outcomes if entry.name == one.outcome), None)
