"""What several sections do: one table over several outcomes, one row of estimates a population."""

from __future__ import annotations

from collections.abc import Iterable

from rmresearch.result import Cell, Result, Table
from rmresearch.study import Outcome

__all__ = ["has", "stacked", "without_repeats"]


def has(result: Result, name: str) -> bool:
    """Whether a result has a table of that name with rows."""
    return any(table.name == name and table.rows for table in result.tables)


def stacked(answers: Iterable[tuple[Outcome, Result]], name: str, title: str) -> Table | None:
    """The tables of that name of several outcomes as one, the outcome's label first.

    None where no result has it. The outcome's label is a cell of the design, so the people behind
    every other cell stay with it.
    """
    found = [(o, r.table(name)) for o, r in answers if has(r, name)]
    if not found:
        return None
    rows = tuple((Cell(o.label, "label"), *row) for o, table in found for row in table.rows)
    first = found[0][1]
    return Table(name, title, ("outcome", *first.columns), rows, first.note)


def without_repeats(table: Table, *names: str) -> list[str]:
    """The columns of a table, less those of ``names`` that say the same in every row.

    Ends of intervals are left out too: they come along with their value.
    """
    said = {name: {row[i].value for row in table.rows} for i, name in enumerate(table.columns)}
    return [
        name
        for name in table.columns
        if name.split()[-1] not in {"low", "high"} and not (name in names and len(said[name]) == 1)
    ]
