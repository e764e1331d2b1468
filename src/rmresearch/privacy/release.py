"""The one door out: results become a Release, and nothing else may be exported."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, asdict, dataclass, field, replace
from typing import Any, NoReturn

from rmresearch.errors import PrivacyError
from rmresearch.files import sha256_text, to_json
from rmresearch.privacy.bins import veiled
from rmresearch.privacy.codebook import Codebook
from rmresearch.privacy.differencing import Claim, Past, Published
from rmresearch.privacy.drafts import Draft, margins, refusals
from rmresearch.privacy.judged import Judged, Judgement, ReleasedVerdict, Standing
from rmresearch.privacy.ledger import Ledger
from rmresearch.privacy.passing import ReleasedCell, ReleasedEstimate, ReleasedTable, Wall
from rmresearch.privacy.rules import FEW, Audience, Rule
from rmresearch.result import Result
from rmresearch.study import Study

__all__ = [
    "Release",
    "ReleasedCell",
    "ReleasedEstimate",
    "ReleasedTable",
    "read_release",
    "release",
]

_DOOR = object()
WHY: Mapping[Rule, str] = {
    "S0": "they would tell a count of fewer than 5, or one by department",
    "S1": "too few people, pairs, juniors or seniors stand behind them",
    "S2": "beside other numbers they would tell a few people's answers",
    "S3": "hidden numbers could be computed from them",
    "S4": "they would show single people or extreme values",
    "S5": "they would tell what nearly everybody in a group answered",
    "S6": "the model behind them rests on too few people",
    "S7": "they are not numbers that can be rounded",
    "S8": "they would tell how many of a few left",
}


@dataclass(frozen=True, slots=True)
class Release:
    """Results that went through the release rules; only ``release`` makes one.

    ``checks`` are (result, name, passed); ``dropped`` are (result, reason, people). ``hidden``
    says in sentences how many values are not shown, and why. ``verdicts`` are in the order in
    which a report tells them, ``standing`` is the plan's. ``reasons``, the rule behind each
    hidden value and the result it stood in, and ``published``, the people behind the numbers for
    ``Ledger.record``, stay in this process: they are never serialised.
    """

    study: str
    title: str
    audience: Audience
    estimates: tuple[ReleasedEstimate, ...] = ()
    tables: tuple[ReleasedTable, ...] = ()
    checks: tuple[tuple[str, str, bool], ...] = ()
    dropped: tuple[tuple[str, str, int | str | None], ...] = ()
    hidden: tuple[str, ...] = ()
    verdicts: tuple[ReleasedVerdict, ...] = ()
    standing: Standing = field(default_factory=Standing)
    codebook: Codebook | None = None
    reasons: tuple[tuple[str, Rule], ...] = field(default=(), repr=False, compare=False)
    published: Published | None = field(default=None, repr=False, compare=False)
    door: InitVar[object] = None

    def __post_init__(self, door: object) -> None:
        if door is not _DOOR:
            raise PrivacyError(
                "a Release is made by privacy.release(results, study) only, which applies the "
                "release rules; call it instead."
            )

    def __reduce__(self) -> NoReturn:
        raise PrivacyError("a Release is not pickled; write to_json() and use read_release.")

    def table(self, result: str, name: str) -> ReleasedTable:
        """The table of that name from that result."""
        for table in self.tables:
            if (table.result, table.name) == (result, name):
                return table
        raise KeyError(f"no table {name!r} of {result!r} in this release")

    def as_dict(self) -> dict[str, Any]:
        """Everything that may leave, as plain values; members and reasons are not among them."""
        return {
            "study": self.study,
            "title": self.title,
            "audience": self.audience,
            "estimates": [asdict(estimate) for estimate in self.estimates],
            "tables": [asdict(table) for table in self.tables],
            "checks": [list(check) for check in self.checks],
            "dropped": [list(entry) for entry in self.dropped],
            "hidden": list(self.hidden),
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "standing": asdict(self.standing),
            "codebook": self.codebook.as_dict() if self.codebook else None,
        }

    def to_json(self) -> str:
        """``as_dict`` as stable text with a digest that ``read_release`` holds it to."""
        content = json.loads(to_json(self.as_dict()))
        return to_json({"release": content, "sha256": sha256_text(to_json(content))})


def release(
    results: Mapping[str, Result],
    study: Study,
    *,
    audience: Audience = "leadership",
    ledger: Ledger | None = None,
    judged: Sequence[Judged] = (),
    standing: Standing | None = None,
) -> Release:
    """Which of these numbers may leave, and in what form?

    Rules S0 to S9 of trust.md, with the study's own thresholds where they are higher. ``results``
    are named as the report names them; the people behind each number are counted through
    ``study``. Leadership and pulse get administrative counts under 5 as "fewer than 5", and
    neither extremes nor table notes with numbers in them; the technical audience gets both. Sets
    of people that would tell single ones apart, beside each other or beside what the ``ledger``
    knows of earlier releases, are not both published. A number that names no members is hidden:
    nobody can say how many it rests on. ``judged`` are verdicts on estimates of ``results``; one
    whose estimate is hidden keeps its words back too.
    """
    wall = Wall(study, audience)
    drafts = [Draft.of(wall, name, result) for name, result in results.items()]
    past = ledger.past(wall.crowds) if ledger is not None else Past()
    refused, published = refusals(wall, drafts, past)
    known = margins(drafts, published)
    estimates, tables, dropped, checks = [], [], [], []
    reasons: list[tuple[str, Rule]] = []
    for draft in drafts:
        passed, withheld = draft.estimates_out(refused)
        estimates += [estimate for estimate, _ in passed]
        reasons += [(draft.name, rule) for _, rule in passed if rule is not None]
        for one_table, rows in draft.tables:
            veils = veiled(rows, known)
            table, hidden = wall.table(draft.name, one_table, rows, refused, withheld, veils)
            tables.append(table)
            reasons += [(draft.name, rule) for rule in hidden]
        checks += [(draft.name, check.name, check.passed) for check in draft.result.checks]
        dropped += [
            (draft.name, wall.text(entry.reason), wall.administrative(entry.people))
            for entry in draft.result.dropped
        ]
    return Release(
        study=study.design.name,
        title=study.design.title,
        audience=audience,
        estimates=tuple(estimates),
        tables=tuple(tables),
        checks=tuple(checks),
        dropped=tuple(dropped),
        hidden=_summary(rule for _, rule in reasons),
        verdicts=tuple(_verdict(wall, one, refused) for one in judged),
        standing=_worded(standing or Standing(), wall),
        codebook=Codebook.of(study.design, wall.text, money=audience != "pulse"),
        reasons=tuple(reasons),
        published=published,
        door=_DOOR,
    )


def read_release(text: str) -> Release:
    """A Release from its ``to_json``; text that was altered since raises ``PrivacyError``."""
    try:
        whole = json.loads(text)
        content = whole["release"]
        if whole["sha256"] != sha256_text(to_json(content)):
            raise ValueError("altered")
        return Release(
            study=content["study"],
            title=content["title"],
            audience=content["audience"],
            estimates=tuple(ReleasedEstimate(**one) for one in content["estimates"]),
            tables=tuple(_table(one) for one in content["tables"]),
            checks=tuple((name, check, passed) for name, check, passed in content["checks"]),
            dropped=tuple((name, reason, n) for name, reason, n in content["dropped"]),
            hidden=tuple(content["hidden"]),
            verdicts=tuple(map(_read_verdict, content["verdicts"])),
            standing=_read_standing(content["standing"]),
            codebook=Codebook.read(content["codebook"]) if content["codebook"] else None,
            door=_DOOR,
        )
    except (ValueError, KeyError, TypeError):
        raise PrivacyError(
            "this is not a release, or it was changed after it was written: make the report again."
        ) from None


def _table(plain: dict[str, Any]) -> ReleasedTable:
    rows = tuple(tuple(ReleasedCell(**cell) for cell in row) for row in plain["rows"])
    return ReleasedTable(**{**plain, "columns": tuple(plain["columns"]), "rows": rows})


def _verdict(wall: Wall, one: Judged, refused: Mapping[Claim, Rule]) -> ReleasedVerdict:
    """A verdict as it may leave: hidden wherever its estimate is."""
    shown, rule = wall.estimate(one.result, one.function, one.estimate)
    claim = wall.claim(one.function, one.estimate)
    if rule is not None or (claim is not None and claim[0] in refused):
        return ReleasedVerdict(wall.hidden(one.result, one.estimate))
    return ReleasedVerdict(shown, one.judgement)


def _worded(standing: Standing, wall: Wall) -> Standing:
    """The plan's standing without what its own wording must not say."""
    return replace(standing, why=wall.text(standing.why))


def _read_verdict(plain: dict[str, Any]) -> ReleasedVerdict:
    judgement = plain["judgement"]
    estimate = ReleasedEstimate(**plain["estimate"])
    return ReleasedVerdict(estimate, Judgement(**judgement) if judgement else None)


def _read_standing(plain: dict[str, Any]) -> Standing:
    lists = {name: tuple(plain[name]) for name in ("primary", "unanswered")}
    return Standing(**{**plain, **lists})


def _summary(rules: Iterable[Rule]) -> tuple[str, ...]:
    """How many values each rule hid, in words; small numbers stay unnamed."""
    counts = Counter(rules)
    return tuple(
        f"{f'{counts[rule]:,}' if counts[rule] >= 5 else FEW.capitalize()} values are not shown: "
        f"{why}."
        for rule, why in WHY.items()
        if counts[rule]
    )
