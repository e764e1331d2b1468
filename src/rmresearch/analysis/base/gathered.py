"""What the parts of an analysis add up to, on its way into a Result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from rmresearch.result import Cell, Check, Dropped, Estimate, Table

__all__ = ["Declared", "Gathered"]

Row = tuple[Cell, ...]
#: a table's title, columns and note
Declared = tuple[str, tuple[str, ...], str]


@dataclass(slots=True)
class Gathered:
    """Estimates, checks, who was dropped, and rows by the name of their table."""

    estimates: list[Estimate] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    _rows: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, *rows: Row) -> None:
        """More rows of a table."""
        self._rows[table].extend(rows)

    def tables(self, declared: Mapping[str, Declared]) -> tuple[Table, ...]:
        """Those of the declared tables that have rows, in their order."""
        return tuple(
            Table(name, title, columns, tuple(self._rows[name]), note=note)
            for name, (title, columns, note) in declared.items()
            if self._rows[name]
        )
