"""Rules on answers: whose they are, given once, within their scale, and asked as declared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rmresearch.errors import Problem
from rmresearch.io.contract.people import unknown_pairs, unknown_people
from rmresearch.io.contract.tables import Everything, duplicates, group_numbers, lookup
from rmresearch.io.findings import Findings, some
from rmresearch.io.mapping.layouts import COLUMN
from rmresearch.study import Outcome

__all__ = ["check_answers"]

#: people who must have answered before a silent item means that it was not asked
ENOUGH = 5
#: answers that a category should have had at a wave before its absence is worth a warning
#: (a Poisson count of 3 is zero in 5 of 100)
EXPECTED = 3.0


def check_answers(everything: Everything, findings: Findings) -> None:
    """Every rule on the long table of answers."""
    frame = everything.measures.frame
    unknown_people(
        everything, frame, "person", "answers of somebody who does not take part", findings
    )
    unknown_pairs(everything, frame, "an answer about a pair that is not among the pairs", findings)
    fix = (
        "Keep one row; map rater if several people rate, or wave if it was asked again "
        "(once = true keeps the first)."
    )
    problem = Problem(
        "duplicate-answer", "the same person, wave and item stand twice", fix, column="person"
    )
    columns = ["person", "rater", "pair", "wave", "item"]
    groups = group_numbers(frame, columns, ["person", "wave", "item"])
    duplicates(findings, frame, groups, problem, "person" if everything.design.linked else None)
    _ranges(everything, findings)
    for problem in _absences(everything):
        findings.add(problem)
    for problem in _other_role(everything):
        findings.add(problem)
    for problem in _lost_labels(everything):
        findings.add(problem)


def _ranges(everything: Everything, findings: Findings) -> None:
    """Codes outside an item's range, or between the codes of a labelled item."""
    frame = everything.measures.frame
    if not len(frame):
        return
    headers = np.array(everything.measures.columns, dtype=object)[frame[COLUMN].to_numpy()]
    book = {item: outcome for outcome in everything.design.outcomes for item in outcome.items}
    codes, items = pd.factorize(frame["item"])
    outcomes = [book.get(item) for item in items]
    low = np.array([-np.inf if o is None or o.low is None else o.low for o in outcomes] + [-np.inf])
    high = np.array(
        [np.inf if o is None or o.high is None else o.high for o in outcomes] + [np.inf]
    )
    whole = np.array([o is not None and _whole(o) for o in outcomes] + [False])
    value = frame["value"].to_numpy()
    shown = frame.assign(header=headers)
    outside = (value < low[codes]) | (value > high[codes])
    between = whole[codes] & (value != np.floor(value)) & ~outside & ~np.isnan(value)
    for i, item in enumerate(items):
        outcome = outcomes[i]
        if outcome is None:
            continue
        mine = codes == i
        bounds = f"{_code(outcome.low)} to {_code(outcome.high)}"
        fix = f"Correct it, or list it in missing if it means no answer (range {bounds})."
        problem = Problem("out-of-range", f"{item} lies outside its range", fix)
        findings.each(shown, mine & outside, problem, value="value", column="header")
        fix = f"The answers are whole codes, {bounds}."
        problem = Problem("not-whole", f"{item} lies between two codes", fix)
        findings.each(shown, mine & between, problem, value="value", column="header")


def _whole(outcome: Outcome) -> bool:
    codes = [code for _, code in outcome.labels]
    return bool(codes) and all(code == int(code) for code in codes)


def _code(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"


def _absences(everything: Everything) -> Iterator[Problem]:
    """Waves without answers, and items that were not asked where the rest of their scale was."""
    measures, design = everything.measures, everything.design
    if not measures.complete:
        return
    table = measures.frame.dropna(subset=["item", "wave"])
    counts = table.groupby(["item", "wave"], sort=False)["person"].nunique()
    answered = set(table["wave"].unique())
    for wave in design.waves:
        if answered and wave.name not in answered | measures.awaited:
            found = f"wave {wave.name} has no answers yet"
            fix = "Fine if it is still to come; otherwise check the tables of measures."
            yield Problem("empty-wave", found, fix, severity="warning")
    kinds = set(everything.records.frame["kind"].dropna().unique())
    for outcome in design.outcomes:
        # Records know dates and no waves; an event that never happened has none.
        never = outcome.kind == "binary" and bool(everything.records.declared)
        if outcome.source == "record" and (never or kinds & set(outcome.items)):
            continue
        for wave_name in outcome.waves:
            if wave_name in answered:
                yield from _silent(everything, outcome, wave_name, counts)


def _silent(
    everything: Everything, outcome: Outcome, wave: str, counts: pd.Series[int]
) -> Iterator[Problem]:
    measures = everything.measures
    given = {item: int(counts.get((item, wave), 0)) for item in outcome.items}
    absent = [item for item, n in given.items() if n == 0]
    looked_for = {
        item: measures.expected[item, wave]
        for item in absent
        if (item, wave) in measures.expected and (item, wave) not in measures.seen
    }
    if len(absent) == len(outcome.items):
        elsewhere = counts.index.get_level_values("item").isin(outcome.items).any()
        if elsewhere and wave in measures.awaited:
            return  # it waits for a file that holds nothing yet, which is said of the file
        names = f" (columns looked for: {some(looked_for.values())})" if looked_for else ""
        found = f"{outcome.name} has no answers at wave {wave}{names}"
        fix = f"If it was not asked then, set outcomes.{outcome.name}.waves."
        yield Problem("empty-outcome", found, fix, severity="warning")
        return
    # two sets of items are two scales: their means must never be subtracted
    certain = max(given.values()) >= ENOUGH
    for item in absent:
        column = looked_for.get(item)
        where = f" (there is no column {column!r})" if column else ""
        found = f"{item} of {outcome.name} has no answers at wave {wave}{where}"
        fix = (
            "Fill it in, map its column, or take the item out of the outcome: a scale keeps its "
            "items."
        )
        severity = "error" if certain or column else "warning"
        yield Problem("absent-item", found, fix, severity=severity)


def _other_role(everything: Everything) -> Iterator[Problem]:
    """Answers to an outcome of one role by people of the other: they are not used."""
    if not everything.participants.complete:
        return
    frame = everything.measures.frame
    roles = lookup(frame["person"], everything.whose("role"))
    for outcome in everything.design.outcomes:
        if outcome.role == "all":
            continue
        other = "junior" if outcome.role == "senior" else "senior"
        theirs = frame["item"].isin(outcome.items) & (roles == other)
        if theirs.any():
            n = frame.loc[theirs, "person"].nunique()
            others = f"{n} {other}{'' if n == 1 else 's'}"
            found = f"{outcome.name} is for {outcome.role}s, but has answers of {others}"
            fix = 'These are not used: set role = "all", or check the roles.'
            yield Problem("other-role", found, fix, severity="warning")


def _lost_labels(everything: Everything) -> Iterator[Problem]:
    """Categories that were used before and never after: perhaps another form of the scale."""
    frame, design = everything.measures.frame, everything.design
    first = design.baseline.name
    for outcome in design.outcomes:
        codes = dict(outcome.labels)
        if not codes or outcome.timing != "repeated" or first not in outcome.waves:
            continue
        mine = frame[frame["item"].isin(outcome.items)]
        before = mine.loc[mine["wave"] == first, "value"]
        for wave in outcome.waves:
            after = mine.loc[mine["wave"] == wave, "value"]
            if wave == first or not len(after):
                continue
            for label, code in codes.items():
                used = int((before == code).sum())
                expected = used * len(after) / max(len(before), 1)
                if expected >= EXPECTED and not (after == code).any():
                    found = (
                        f"{outcome.name}: the answer {label!r} was given {used} times at {first} "
                        f"and never at {wave}"
                    )
                    fix = "Check that both waves offered the same answers."
                    yield Problem("lost-label", found, fix, severity="warning")
