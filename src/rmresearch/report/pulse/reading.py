"""From the release to what a pulse shows: tracks of rounds, and the signs in their latest ones.

Nothing here sees the study: what the release hides cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rmresearch.display.numbers import HIDDEN, NOTHING, number, percent
from rmresearch.privacy import Release
from rmresearch.privacy.rules import HIGH, LOW
from rmresearch.report.figures.control import Round
from rmresearch.report.words import pulse as words
from rmresearch.report.words.phrases import spoken
from rmresearch.study import Design

__all__ = ["PULSE", "RISKS", "Pairs", "Sign", "Status", "Track", "pairs_of", "signs", "tracks"]

PULSE = "pulse"
Status = Literal["act", "watch", "steady", "unknown"]
Value = float | int | str | None
#: in the order in which they are told
RISKS = ("silence", "time", "intimidation", "resistance", "relationship", "reception")
STATUS: tuple[Status, ...] = ("steady", "watch", "act")
LIMITS = ("warning low", "warning high", "action low", "action high")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A round as released: its row by column, None where hidden or empty."""

    row: Mapping[str, Value]
    hidden: bool
    share: bool
    label: str

    def said(self, column: str) -> str:
        """A number as written."""
        value = self.row.get(column)
        if value is None:
            return spoken(HIDDEN) if self.hidden else NOTHING
        return spoken(value) if isinstance(value, str) else _written(value, self.share)

    def crossed(self, column: str) -> int | None:
        """How many limits it crossed; None where it has none."""
        value = self.row.get(column)
        return int(value) if isinstance(value, (int, float)) else None

    def round(self, value: str) -> Round:
        """The round as a control chart draws it."""
        ends = [self.row.get(name) for name in LIMITS]
        low, high, least, most = (_edge(e, upper=i % 2 == 1) for i, e in enumerate(ends))
        known = None not in ends
        return Round(
            label=self.label,
            value=_middle(self.row.get(value)),
            said=self.said(value),
            limits=(low, high, least, most) if known else None,
            below=self.crossed("below") or 0,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The rounds of one group on one measure, in order of time.

    ``kind`` is the table they stand in, ``about`` the outcome's name or the kind of round;
    ``value`` is the column that is charted.
    """

    kind: Literal["response", "meetings", "quality"]
    risk: str
    role: str
    arm: str
    about: str
    process: str
    value: str
    rounds: tuple[Entry, ...]

    @property
    def latest(self) -> Entry:
        """The last round."""
        return self.rounds[-1]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Counts of one arm's pairs as released, and the limits of silence."""

    arm: str
    started: Value
    ended: Value
    silent: Value
    known: bool
    warning: Value
    action: Value
    above: int | None


@dataclass(frozen=True, slots=True)
class Sign:
    """The latest round of a track held against one rule.

    ``rule`` is "before" (the rounds before), "plan", "half" or "silent".
    """

    risk: str
    rule: Literal["before", "plan", "half", "silent"]
    status: Status
    track: Track | None = None
    pairs: Pairs | None = None


def tracks(released: Release, design: Design) -> tuple[Track, ...]:
    """Every track of the release: answers by wave, meetings by month, questions by wave."""
    waves = {wave.name: wave.label for wave in design.waves}
    found = []
    for rows in _grouped(_rows(released, "response"), ("arm", "round")):
        entries = _entries(rows, waves, "wave", "share", share=True)
        key = rows[0][0]
        found.append(Track("response", "silence", "all", _text(key["arm"]), _text(key["round"]),
                           "", "share", entries))  # fmt: skip
    for rows in _grouped(_rows(released, "meetings"), ("arm",)):
        labels = {_text(row["month"]): words.tell("month", month=row["month"]) for row, _ in rows}
        entries = _entries(rows, labels, "month", "held", share=False)
        arm = _text(rows[0][0]["arm"])
        found.append(Track("meetings", "time", "all", arm, "meetings", "time", "held", entries))
    for rows in _grouped(_rows(released, "quality"), ("outcome", "role", "arm")):
        key = rows[0][0]
        role, process = _text(key["role"]), _text(key["process"])
        entries = _entries(rows, waves, "wave", "favourable", share=True)
        found.append(
            Track(
                "quality",
                _risk(process, role),
                role,
                _text(key["arm"]),
                _text(key["outcome"]),
                process,
                "favourable",
                entries,
            )
        )
    return tuple(found)


def _risk(process: str, role: str) -> str:
    """What a question warns of: that one does not dare means two things in the two roles."""
    if process == "safety":
        return "resistance" if role == "senior" else "intimidation"
    return {"openness": "resistance", "time": "time", "relationship": "relationship"}.get(
        process, "reception"
    )


def pairs_of(released: Release) -> tuple[Pairs, ...]:
    """The counts of pairs, arm by arm."""
    found = []
    for rows in _grouped(_rows(released, "pairs"), ("arm",)):
        by = {_text(row["measure"]): row for row, _ in rows}
        quiet = by.get("silent", {})
        above = quiet.get("above")
        found.append(
            Pairs(
                arm=_text(rows[0][0]["arm"]),
                started=by["started"]["pairs"],
                ended=by["ended early"]["pairs"],
                silent=quiet.get("pairs"),
                known="silent" in by,
                warning=quiet.get("warning high"),
                action=quiet.get("action high"),
                above=int(above) if isinstance(above, (int, float)) else None,
            )
        )
    return tuple(found)


def signs(found: Sequence[Track], pairs: Sequence[Pairs]) -> tuple[Sign, ...]:
    """The latest round of every track against its rules, in the order of risks."""
    made = [sign for track in found for sign in _of_track(track)]
    made += [
        Sign("silence", "silent", "unknown" if one.above is None else STATUS[one.above], pairs=one)
        for one in pairs
        if one.known
    ]
    return tuple(sorted(made, key=lambda sign: RISKS.index(sign.risk)))


def _of_track(track: Track) -> Iterator[Sign]:
    latest = track.latest
    yield Sign(track.risk, "before", _status(latest.crossed("below")), track)
    if track.kind == "meetings" and latest.row.get("planned") is not None:
        yield Sign(track.risk, "plan", _status(latest.crossed("below plan")), track)
    high = latest.row.get("favourable high")
    if high is None and latest.row.get("favourable") == LOW:
        high = LOW  # such a share leaves without its interval
    if track.process and track.kind == "quality" and high is not None:
        top = _edge(high, upper=True)
        yield Sign(track.risk, "half", "watch" if top < 0.5 else "steady", track)


def _status(crossed: int | None) -> Status:
    return "unknown" if crossed is None else STATUS[crossed]


Cells = tuple[Mapping[str, Value], frozenset[str]]


def _rows(released: Release, name: str) -> Iterator[Cells]:
    """The rows of a table of the pulse by column, and the columns that are hidden."""
    for table in released.tables:
        if (table.result, table.name) == (PULSE, name):
            for row in table.rows:
                named = dict(zip(table.columns, row, strict=True))
                values = {column: cell.value for column, cell in named.items()}
                yield values, frozenset(c for c, cell in named.items() if cell.hidden)


def _grouped(rows: Iterator[Cells], keys: tuple[str, ...]) -> list[list[Cells]]:
    groups: dict[tuple[Value, ...], list[Cells]] = {}
    for row in rows:
        groups.setdefault(tuple(row[0][key] for key in keys), []).append(row)
    return list(groups.values())


def _entries(
    rows: Sequence[Cells], labels: Mapping[str, str], when: str, value: str, *, share: bool
) -> tuple[Entry, ...]:
    return tuple(
        Entry(row, value in hidden, share, labels.get(_text(row[when]), _text(row[when])))
        for row, hidden in rows
    )


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _written(value: float | int, share: bool) -> str:
    return percent(value) if share else number(float(value), decimals=1)


def _edge(value: Value, *, upper: bool) -> float:
    """Where a limit is drawn: a phrase of the release rules says only on which side."""
    if isinstance(value, str):
        return {(HIGH, True): 1.0, (HIGH, False): 0.9, (LOW, True): 0.1}.get((value, upper), 0.0)
    return float(value or 0.0)


def _middle(value: Value) -> float | None:
    if value is None:
        return None
    return {HIGH: 0.95, LOW: 0.05}[value] if isinstance(value, str) else float(value)
