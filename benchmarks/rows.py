"""One row of the table of targets, and its three forms: a printed line, a page's row, JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["HEAD", "Bound", "Row", "alone", "as_json", "as_page", "beside", "number"]

HEAD = ("what", "ours", "peer", "ratio", "must", "reach", "met")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure must keep, and what it should reach: at most, or with ``most`` false at least.

    The texts stand in the row, so that nobody has to know which way a figure points.
    """

    must_be: float
    reach_for: float
    most: bool = True

    def keeps(self, figure: float) -> bool:
        """Whether ``figure`` keeps what it must; a figure that is not a number keeps nothing."""
        return figure <= self.must_be if self.most else figure >= self.must_be

    @property
    def must(self) -> str:
        """The limit with its direction."""
        return f"{self._sign} {self.must_be:,g}"

    @property
    def reach(self) -> str:
        """The aim with its direction."""
        return f"{self._sign} {self.reach_for:,g}"

    @property
    def _sign(self) -> str:
        return "<=" if self.most else ">="


@dataclass(frozen=True, slots=True)
class Row:
    """``what`` names the unit of ``ours`` and ``peer``; ``met`` is None where nothing can be told.

    ``peer`` None: there is none, or it is absent here. ``must`` None: a figure without a target.
    """

    what: str
    ours: float
    peer: float | None
    ratio: float | None
    must: str | None
    reach: str | None
    met: bool | None


def beside(
    what: str, ours: float, peer: float | None, ratio: float | None, bound: Bound | None
) -> Row:
    """A row judged by its ratio to a peer: without the peer nothing is met or missed."""
    met = bound.keeps(ratio) if bound is not None and ratio is not None else None
    return Row(what, ours, peer, ratio, *_texts(bound), met)


def alone(what: str, ours: float, bound: Bound) -> Row:
    """A row judged by our own figure."""
    return Row(what, ours, None, None, *_texts(bound), bound.keeps(ours))


def _texts(bound: Bound | None) -> tuple[str | None, str | None]:
    return (None, None) if bound is None else (bound.must, bound.reach)


def as_json(machine: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
    """The file reports/bench.json: the machine, and the rows with their fields' names."""
    return {"machine": machine, "rows": [asdict(row) for row in rows]}


def as_page(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [" | ".join(HEAD), " | ".join("---" for _ in HEAD)]
    lines += [" | ".join(_cell(getattr(row, name)) for name in HEAD) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """Three digits, with a thousands comma rather than an exponent for what people read."""
    if value == 0 or not 1e-4 <= abs(value) < 1e6:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
