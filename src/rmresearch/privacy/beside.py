"""What stands beside a number in its row must not say what the number itself may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rmresearch.privacy.rules import FEW, HIGH, LOW, Rule, Verdict
from rmresearch.result import Cell

__all__ = ["CHARTS", "tells_extremes", "told_beside", "told_by_limits"]

PHRASES = frozenset({HIGH, LOW})
#: promoters less detractors in a hundred: at its ends everybody is one or the other
NET = "net recommend"
EXTREME = 90.0
#: control charts of answers, what tells their lines apart, and their limits
CHARTS = ("pulse", "quality")
LINE = ("role", "arm", "outcome")
LIMITS = ("warning low", "warning high", "action low", "action high")


def told_beside(
    columns: Sequence[str],
    cells: Sequence[Cell],
    found: Sequence[Verdict],
    *,
    answers: bool,
) -> Mapping[int, Rule]:
    """The cells of a row that would tell another's number, with the rule that hides them.

    ``answers`` says whether the row rests on what people answered, and not on who took part. S5: a
    share that leaves as "90% or more" is told by its interval, its SD, or the other shares of the
    same people; where its count stands beside it there is nothing to keep. S0: a count that leaves
    as "fewer than 5" is told by its share.
    """
    named = [column.casefold() for column in columns]
    counts = [
        (cell.value, verdict.value)
        for cell, verdict in zip(cells, found, strict=True)
        if cell.kind == "administrative"
    ]
    few = {count for count, shown in counts if shown == FEW}
    exact = {count for count, shown in counts if shown == count}
    more: dict[int, Rule] = {}
    for i, (cell, verdict) in enumerate(zip(cells, found, strict=True)):
        phrase = verdict.value in PHRASES
        if cell.value is not None and cell.numerator is not None and cell.numerator in few:
            more |= dict.fromkeys(_tail(named, cells, i), "S0")
            if not phrase:
                more[i] = "S0"
        elif phrase and answers and not _is_end(named[i]) and cell.numerator not in exact:
            more |= dict.fromkeys(_tail(named, cells, i), "S5")
    more |= dict.fromkeys(_last_share(cells, found), "S5")
    more |= dict.fromkeys(_net(named, cells, found), "S5")
    return {i: rule for i, rule in more.items() if found[i].value is not None}


def _is_end(column: str) -> bool:
    return column.split()[-1:] in (["low"], ["high"])


def _tail(named: Sequence[str], cells: Sequence[Cell], start: int) -> Iterator[int]:
    """The SD and the interval's ends that follow a number."""
    for i in range(start + 1, len(cells)):
        if not (_is_end(named[i]) or cells[i].kind == "sd"):
            return
        yield i


def _last_share(cells: Sequence[Cell], found: Sequence[Verdict]) -> Iterator[int]:
    """The largest of all shares of the same people where one alone leaves as a phrase."""
    groups: dict[frozenset[str], dict[int, float]] = {}
    for i, cell in enumerate(cells):
        if cell.members and cell.numerator is not None and isinstance(cell.value, (int, float)):
            groups.setdefault(cell.members, {})[i] = float(cell.value)
    for shares in groups.values():
        exact = {i: share for i, share in shares.items() if found[i].value not in PHRASES}
        if len(shares) - len(exact) == 1 and exact and abs(sum(shares.values()) - 1) < 1e-9:
            yield max(exact, key=exact.__getitem__)


def _net(named: Sequence[str], cells: Sequence[Cell], found: Sequence[Verdict]) -> Iterator[int]:
    """Promoters less detractors, where nearly all are one of them or promoters are a phrase."""
    if NET not in named:
        return
    place = named.index(NET)
    people = cells[place].members
    promoters = any(
        verdict.value in PHRASES and cell.numerator is not None and cell.members == people
        for cell, verdict in zip(cells, found, strict=True)
    )
    if promoters or tells_extremes(cells[place].value):
        yield place
        yield from _tail(named, cells, place)


def tells_extremes(net: float | int | str | None) -> bool:
    """Whether promoters less detractors say that nearly everybody is one of them."""
    return isinstance(net, (int, float)) and abs(net) >= EXTREME


def told_by_limits(
    columns: Sequence[str], rows: Sequence[tuple[Sequence[Cell], Sequence[Verdict]]]
) -> Iterator[frozenset[int]]:
    """The limits of each round of a chart that would tell an earlier share that is a phrase.

    Limits are reckoned from the rounds before: whoever knows how can reckon back (S5).
    """
    at = {column: i for i, column in enumerate(columns)}
    limits = frozenset(at[name] for name in LIMITS)
    phrased = set[tuple[object, ...]]()
    for cells, found in rows:
        line = tuple(cells[at[name]].value for name in LINE)
        yield limits if line in phrased else frozenset()
        if found[at["favourable"]].value in PHRASES:
            phrased.add(line)
