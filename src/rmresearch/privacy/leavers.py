"""S8: tables of who left. Counts under 5 join their neighbour; curves fall in steps of 5."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from rmresearch.result import Cell, Estimate, Table

__all__ = ["merged", "tells_leavers"]

SMALLEST = 5
OTHER = "other"
Rows = Sequence[tuple[Cell, ...]]
Columns = Mapping[str, int]
#: a row with the columns that would tell how many left
Step = tuple[tuple[Cell, ...], frozenset[int]]


def merged(function: str, table: Table) -> tuple[Table, list[frozenset[int]]]:
    """The table as S8 lets it be, and the columns of each row that stay hidden."""
    steps = TABLES.get((function, table.name))
    if steps is None:
        return table, [frozenset()] * len(table.rows)
    columns = {column: i for i, column in enumerate(table.columns)}
    arms = groupby(table.rows, key=lambda row: row[columns["arm"]].value)
    found = [step for _, rows in arms for step in steps(list(rows), columns)]
    return replace(table, rows=tuple(row for row, _ in found)), [veil for _, veil in found]


def tells_leavers(one: Estimate) -> bool:
    """Whether a share still paired tells how many of fewer than 5 pairs left, or stayed, or a
    share of people with an event how many of fewer than 5 they are.

    The highest and lowest shares do not: S5 makes a phrase of them.
    """
    if one.value is None or not 0.1 < one.value < 0.9:
        return False
    if one.term == "share":
        return one.value * one.n_people < SMALLEST - 1e-9
    if one.term != "still-paired":
        return False
    left = (1 - one.value) * one.n_pairs
    return min(left, one.n_pairs - left) < SMALLEST - 1e-9


def _life(rows: Rows, at: Columns) -> Iterator[Step]:
    """Months joined until at least 5 pairs ended early; what is left joins the last of them."""
    shares = frozenset(at[name] for name in ("share still paired", "low", "high"))
    blocks: list[list[tuple[Cell, ...]]] = [[]]
    for row in rows:
        blocks[-1].append(row)
        lost = _sum(blocks[-1], at["followed no longer"])
        if _sum(blocks[-1], at["ended early"]) >= SMALLEST and (lost == 0 or lost >= SMALLEST):
            blocks.append([])
    if len(blocks) > 1:
        rest = blocks.pop()
        blocks[-1] += rest
    for block in blocks:
        joined = list(block[-1])
        first, last = block[0][at["month"]].value, block[-1][at["month"]].value
        joined[at["month"]] = Cell(last if first == last else f"{first} to {last}", "label")
        joined[at["at risk"]] = block[0][at["at risk"]]
        for name in ("ended early", "followed no longer"):
            joined[at[name]] = _joined(block, at[name])
        ended = _sum(block, at["ended early"])
        stayed = _sum(block[:1], at["at risk"]) - ended
        veil = shares if min(ended, stayed) < SMALLEST else frozenset[int]()
        # those at risk without those followed no longer would be the few who ended early
        told = _sum(block, at["followed no longer"]) >= SMALLEST > ended
        yield tuple(joined), veil | {at["followed no longer"]} if told else veil


def _reasons(rows: Rows, at: Columns) -> Iterator[Step]:
    """Reasons that fewer than 5 pairs gave become one, with the next rarest if need be."""
    count = at["pairs"]
    ordered = sorted(rows, key=lambda row: _sum([row], count))
    few = [row for row in ordered if _sum([row], count) < SMALLEST]
    rest = ordered[len(few) :]
    while few and rest and _sum(few, count) < SMALLEST:
        few.append(rest.pop(0))
    kept = [row for row in rows if any(row is one for one in rest)]
    yield from ((row, frozenset()) for row in kept)
    if few:
        row, share = list(few[0]), at["share of started"]
        row[at["reason"]] = Cell(OTHER, "label")
        row[count] = _joined(few, count)
        total = sum(float(one[share].value or 0) for one in few)
        row[share] = replace(few[0][share], value=total, numerator=int(_sum(few, count)))
        veil = frozenset({share}) if _sum(few, count) < SMALLEST else frozenset[int]()
        yield tuple(row), veil


def _months(rows: Rows, at: Columns) -> Iterator[Step]:
    """Falling numbers of pairs are shown again only once 5 or more have gone.

    Pairs that met were running: so many that they tell how few had ended are hidden with them.
    """
    falling = {"running": "share of running", "still meeting": "share of followed"}
    before: dict[str, float] = {}
    for row in rows:
        veil: set[int] = set()
        for name, share in falling.items():
            now = _sum([row], at[name])
            if 0 < before.get(name, now) - now < SMALLEST:
                veil |= {at[name], at[share]}
            else:
                before[name] = now
        if at["running"] in veil and before["running"] - _sum([row], at["met"]) < SMALLEST - 1:
            veil.add(at["met"])
        yield row, frozenset(veil)


def _finishers(rows: Rows, at: Columns) -> Iterator[Step]:
    """How many finished is shown where 5 or more who started did not: the rest tells who left.

    So do those who answered of the finishers, beside those who answered of the starters.
    """
    veil = frozenset({at["asked"], at["answered"], at["share answered"]})
    key = ("role", "wave")
    started = {
        tuple(row[at[name]].value for name in key): _sum([row], at["asked"])
        for row in rows
        if row[at["who"]].value == "starters"
    }
    for row in rows:
        begun = started.get(tuple(row[at[name]].value for name in key), 0)
        few = begun - _sum([row], at["asked"]) < SMALLEST
        hides = row[at["who"]].value == "finishers" and few and row[at["asked"]].value is not None
        yield row, veil if hides else frozenset()


def _sum(rows: Rows, column: int) -> float:
    values = (row[column].value for row in rows)
    return sum(value for value in values if isinstance(value, (int, float)))


def _joined(rows: Rows, column: int) -> Cell:
    everyone = frozenset[str]().union(*(row[column].members for row in rows))
    return replace(rows[0][column], value=int(_sum(rows, column)), members=everyone)


TABLES: Mapping[tuple[str, str], Callable[[Rows, Columns], Iterator[Step]]] = {
    ("attrition", "pair-life"): _life,
    ("attrition", "reasons"): _reasons,
    ("engagement", "cadence"): _months,
    ("reaction", "reaction"): _finishers,
}
