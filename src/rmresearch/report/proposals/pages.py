"""The sheets of a proposal as plain data: what was proposed, who was left out, by which rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch import __version__
from rmresearch.report.proposals.task import Task
from rmresearch.world.matching.proposal import FEWEST, LeftOut, Proposal

__all__ = ["MARK", "Column", "Page", "given_up", "pages", "summary"]

Kind = Literal["text", "long", "count", "points", "share"]
Cell = str | int | float | None
Row = tuple[Cell, ...]
MARK = "Contains personal data: for the programme team only. Delete it after use."
POLICY = {
    "random": "Chance alone. Of the rules only those that protect people hold (reporting line, "
    "refusals); which others a pair breaks stands beside it.",
    "self-selected": "People's own wishes, within the rules. Only people of whom one wishes for "
    "the other are paired, and no two of them would both rather have one another than the partner "
    "they got. Seniors ask first.",
    "rules": "Chance among the pairs that the rules allow.",
    "greedy": "The pair with the highest score first, then the next best of those who are still "
    "free, and so on. This can leave out people for whom another way of pairing had room.",
    "optimal": "The highest total score of all pairs together.",
}
LEAST_OUT = (
    "As few people as possible were left out: nobody can be added without leaving out somebody "
    "else. Fewer people out comes before a higher score."
)
SCORES = (
    "A score is out of 100. Every question gives points between 0 and its share of 100, which is "
    "its weight by the sum of all weights; the points of a pair add up to its score. Where one of "
    "the two did not answer, the question counts as its mean over all pairs who both answered, so "
    "that silence neither helps nor harms."
)
HONEST = (
    "How well two people will get on can hardly be known in advance. Among strangers who met, "
    "measured similarity of interests correlated .04 with liking (8,128 ratings); shared gender, "
    "race or ethnicity brought no benefit; shared values did, and so does meeting often. Take a "
    "score as a reason to offer a pair, not as a forecast, and let both people say no."
)
USE = (
    "Look at every pair before you tell anybody. If somebody says no, write the id into the "
    "column of refusals, and run the command again. Agreed pairs can be read by the study as "
    "they stand: save this file in its data folder and declare [tables.pairs] with this file "
    'and sheet = "Proposals".'
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and how its cells are shown."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet: a heading row and rows; without columns, paragraphs (a title, a text)."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def pages(asked: Task, made: Proposal) -> tuple[Page, ...]:
    """Read me, proposals, left out, rules, questions (where there are any)."""
    found = [
        Page("Read me", (), tuple(_read_me(asked, made))),
        _proposals(asked, made),
        _left_out(asked, made),
        _rules(asked, made),
    ]
    return (*found, _questions(asked, made)) if asked.questions else tuple(found)


def summary(asked: Task, made: Proposal) -> Iterator[str]:
    """What came out, in a few sentences."""
    pairs, out = len(made.seniors), len(made.left_out)
    yield (
        f"{pairs:,} {'pair' if pairs == 1 else 'pairs'} of {len(asked.seniors):,} "
        f"{asked.words('senior', len(asked.seniors))} and {len(asked.juniors):,} "
        f"{asked.words('junior', len(asked.juniors))}; left out: {out:,} "
        f"{'person' if out == 1 else 'people'}."
    )
    missed = sum(made.possible) - sum(made.matched)
    if missed:
        which = (
            "Wishes and rules would have let {:,} more people have a partner, were they content "
            "with somebody whom they want less."
            if made.policy == "self-selected"
            else "The rules would have let {:,} more people have a partner; policies rules and "
            "optimal find them."
        )
        yield which.format(missed)
    costly = [one for one in made.relaxed if one.seniors + one.juniors]
    for one in sorted(costly, key=lambda one: -one.seniors - one.juniors)[:3]:
        more = one.seniors + one.juniors
        yield f"{given_up(one.what)}, {more:,} more could have a partner."


def given_up(what: str) -> str:
    """One thing that could be given up, as the beginning of a sentence."""
    if what.startswith("one more"):
        return f"With {what}"
    return "Without any rule" if what == "all rules" else f"Without the rule {what!r}"


def _read_me(asked: Task, made: Proposal) -> Iterator[Row]:
    yield f"Proposed pairs: {asked.title}", MARK
    yield (
        "What this is",
        "Pairs for a reverse-mentoring programme, proposed from people's applications, with the "
        "ids of the files so that the programme team can act on them. It is no report: do not put "
        "it among reports, and do not pass it on to anybody who does not assign the pairs.",
    )
    yield "What came out", " ".join(summary(asked, made))
    held = f" {LEAST_OUT}" if made.policy in FEWEST else ""
    yield f"Policy: {made.policy}", POLICY[made.policy] + held
    yield "What a score cannot tell", HONEST
    if asked.questions:
        looked = made.policy in ("greedy", "optimal")
        unused = "" if looked else " This policy did not look at scores; they are shown to compare."
        yield "Scores", SCORES + unused
    chance = "The rules that were not applied are counted only. " if made.policy == "random" else ""
    yield (
        "Rules",
        f"{chance}A pair that an applied rule forbids was not made. Where the answer that a rule "
        "needs is missing, it counts as forbidden; an unknown line manager keeps nobody apart.",
    )
    yield "What to do now", USE
    yield (
        "Made again",
        f"Seed {made.seed}: the same files, policy and seed give the same file. Ties are broken "
        f"by the seed, never by the order of the rows. Made by rmresearch {__version__}.",
    )
    for note in asked.notes:
        yield "Noted", note
    for reason, count in asked.excluded:
        yield "Not among the applicants", f"{reason}: {count:,}"
    for file, digest in asked.sources:
        yield "Read", f"{file} (SHA-256 {digest})"


def _points(made: Proposal, asked: Task) -> list[float]:
    weights = [one.question.weight for one in asked.questions]
    return [100 * weight / sum(weights) for weight in weights]


def _proposals(asked: Task, made: Proposal) -> Page:
    seniors, juniors = asked.seniors.iloc[made.seniors], asked.juniors.iloc[made.juniors]
    width = max(3, len(str(len(made.seniors))))
    held: list[tuple[Column, Sequence[Cell]]] = [
        (Column("pair"), [f"P{n + 1:0{width}d}" for n in range(len(made.seniors))]),
        (Column("senior"), seniors["person"].tolist()),
        (Column("junior"), juniors["person"].tolist()),
    ]
    if asked.questions:
        held.append((Column("score (of 100)", "points"), (100 * made.score).tolist()))
        for n, one in enumerate(asked.questions):
            title = f"{one.question.name} (of {_points(made, asked)[n]:.0f})"
            held.append((Column(title, "points"), (100 * made.shares[:, n]).tolist()))
        names = [one.question.name for one in asked.questions]
        if not made.answered.all():
            held.append((Column("not answered by both", "long"), _listed(~made.answered, names)))
    if made.policy == "random":
        names = [one.rule.name for one in asked.rules]
        held.append((Column("rules broken", "long"), _listed(made.breaks, names)))
    if asked.wishes is not None:
        wished = [wish[made.seniors, made.juniors] > 0 for wish in asked.wishes]
        words = {(True, True): "both", (True, False): "senior", (False, True): "junior"}
        given = [words[a, b] for a, b in zip(*(one.tolist() for one in wished), strict=True)]
        held.append((Column("wished by"), given))
    for column in _shown(asked, "department"):
        for role, people in (("senior", seniors), ("junior", juniors)):
            held.append((Column(f"{role}'s {column}"), _cells(people[column])))
    for column in _shown(asked, "level"):
        gaps = seniors[column].to_numpy() - juniors[column].to_numpy()
        held.append((Column("levels apart", "count"), _cells(pd.Series(gaps))))
    return _page("Proposals", held)


def _left_out(asked: Task, made: Proposal) -> Page:
    out = made.left_out
    sides = {"senior": asked.seniors, "junior": asked.juniors}
    rows = [sides[one.side].iloc[one.person] for one in out]
    held: list[tuple[Column, Sequence[Cell]]] = [
        (Column("person"), [str(row["person"]) for row in rows]),
        (Column("role"), [asked.words(one.side, 1) for one in out]),
    ]
    for column in _shown(asked, "department", "level"):
        kind: Kind = "text" if column == "department" else "count"
        held.append((Column(column, kind), _cells(pd.Series([row[column] for row in rows]))))
    held.append((Column("why", "long"), [_why(asked, made, one) for one in out]))
    held.append((Column("candidates", "count"), [one.candidates for one in out]))
    held.append((Column("allowed by the rules", "count"), [one.allowed for one in out]))
    for n, rule in enumerate(asked.rules):
        title = f"excluded by {rule.rule.name}"
        held.append((Column(title, "count"), [one.excluded[n] for one in out]))
    return _page("Left out", held)


def _why(asked: Task, made: Proposal, one: LeftOut) -> str:
    if one.reason == "closed":
        return "Has no place for a partner (number of partners 0)."
    others = asked.words("junior" if one.side == "senior" else "senior", one.candidates)
    if one.reason == "forbidden":
        if not one.candidates:
            return f"No {others} have a place for a partner."
        most = int(np.argmax(one.excluded))
        name = asked.rules[most].rule.name
        return (
            f"The rules leave none of {one.candidates:,} {others}; most are excluded by {name} "
            f"({one.excluded[most]:,})."
        )
    if one.reason == "contested":
        out = one.rivals - one.places
        return (
            f"{one.rivals:,} {asked.words(one.side)} depend on the same partners, who have room "
            f"for {one.places:,}: {out:,} of them stay{'s' if out == 1 else ''} out however the "
            f"pairs are made."
        )
    if made.policy == "self-selected":
        return "Those whom wishes and rules allow chose, or were given, somebody else."
    if one.allowed == 1:
        return "The only candidate whom the rules allow was taken by a pair of higher score."
    return f"All {one.allowed:,} {others} whom the rules allow were taken by pairs of higher score."


def _rules(asked: Task, made: Proposal) -> Page:
    held: list[Row] = []
    gains = {one.what: one for one in made.relaxed}
    pairs = len(asked.seniors) * len(asked.juniors)
    for n, one in enumerate(asked.rules):
        applied = one.rule.protects or made.policy != "random"
        gain = gains.pop(one.rule.name, None)
        people = (gain.seniors if gain else 0, gain.juniors if gain else 0)
        held.append(
            (
                one.rule.name,
                one.says,
                "yes" if applied else "no",
                made.forbidden[n],
                made.forbidden[n] / pairs,
                made.alone[n],
                one.unanswered,
                *(people if applied else (None, None)),
            )
        )
    for left in gains.values():
        what = "all rules together" if left.what == "all rules" else left.what
        held.append((what, None, None, None, None, None, None, left.seniors, left.juniors))
    columns = (
        Column("rule"),
        Column("what it asks of a pair", "long"),
        Column("applied"),
        Column("pairs it forbids", "count"),
        Column("of all pairs", "share"),
        Column("pairs only it forbids", "count"),
        Column("people without the answer it needs", "count"),
        Column("more seniors with a partner without it (or with this place more)", "count"),
        Column("more juniors with a partner without it (or with this place more)", "count"),
    )
    return Page("Rules", columns, tuple(held))


def _questions(asked: Task, made: Proposal) -> Page:
    n, m = len(asked.seniors), len(asked.juniors)
    points = _points(made, asked)
    rows = [
        (
            one.question.name,
            one.compared,
            one.columns,
            one.question.weight,
            points[i],
            one.answered[0] / n,
            one.answered[1] / m,
            _mean(one.question.part),
            _mean(one.question.part[made.seniors, made.juniors]),
        )
        for i, one in enumerate(asked.questions)
    ]
    columns = (
        Column("question"),
        Column("how two answers are compared (0 to 1)", "long"),
        Column("column (seniors' / juniors')"),
        Column("weight", "points"),
        Column("points of 100", "points"),
        Column("seniors who answered", "share"),
        Column("juniors who answered", "share"),
        Column("fit of all pairs, on average", "share"),
        Column("fit of the proposed pairs", "share"),
    )
    return Page("Questions", columns, tuple(rows))


def _mean(part: NDArray[np.float64]) -> float | None:
    known = part[~np.isnan(part)]
    return float(known.mean()) if len(known) else None


def _shown(asked: Task, *columns: str) -> list[str]:
    """The columns of these that somebody gave."""
    both = pd.concat([asked.seniors, asked.juniors])
    return [column for column in columns if both[column].notna().any()]


def _listed(flags: NDArray[np.bool_], names: Sequence[str]) -> list[Cell]:
    return [", ".join(np.array(names, object)[row]) or None for row in flags]


def _cells(values: pd.Series[Any]) -> list[Cell]:
    return [None if pd.isna(one) else one for one in values.tolist()]


def _page(name: str, held: Sequence[tuple[Column, Sequence[Cell]]]) -> Page:
    columns = tuple(column for column, _ in held)
    return Page(name, columns, tuple(zip(*(cells for _, cells in held), strict=True)))
