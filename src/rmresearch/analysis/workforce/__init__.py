"""Retention, promotion, adoption: what happens to people in working life, arm against arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.base import cell, label
from rmresearch.analysis.base.ask import several, within
from rmresearch.analysis.base.describe import averaged, shared
from rmresearch.analysis.base.events import codebook, counted, dated, follow_ups, known
from rmresearch.analysis.base.fit import merged
from rmresearch.analysis.workforce import counts, shares
from rmresearch.analysis.workforce.sample import Group, Sample, group_of, sample
from rmresearch.errors import FitError, StudyError, kindly
from rmresearch.result import Cell, CellKind, Check, Dropped, Estimate, Result, Table
from rmresearch.study import Arm, Outcome, Study, Wave

__all__ = ["workforce_outcomes"]

#: table -> (title, columns, note)
TABLES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "events": (
        "To how many it happened",
        ("role", "arm", "wave", "people", "events", "share", "share low", "share high"),
        "Everyone assigned, as assigned. Shares with Wilson's interval on n / design effect.",
    ),
    "counts": (
        "How much was counted",
        ("role", "arm", "wave", "people", "mean", "mean low", "mean high", "sd"),
        "Everyone assigned who has a record. Means with CR2 intervals by cluster.",
    ),
}


@kindly
def workforce_outcomes(
    study: Study,
    outcome: str | Outcome,
    *,
    waves: str | Sequence[str] | None = None,
    odds_ratio: bool = False,
    level: float = 0.95,
) -> Result:
    """Do people stay, rise, or use what they learned more often with the programme?

    ``outcome`` is a kind of record ("left", "promoted", "adopted"), a declared outcome from
    records (kind "binary", or "amount" for counts such as use of tools), or a yes-or-no question
    of a survey. Programme arm less comparison arm, everyone assigned, role by role, at each
    follow-up (``waves`` limits them). An event counts from the start to the wave's day, a count
    since the wave before; who has no record to count is dropped (record zeros), and so are people
    who left before the start or have crossed over.

    Events: the record (no term) is the risk difference in -1..1 with a score interval that needs
    no event and knows clusters (``numerics.binary``); it has no p-value, the interval decides.
    Beside it "share" of each arm, "linear" (least squares with the strata, CR2), "rate-difference"
    (events a person-year, where people who left were followed for less time), "number-needed"
    (only where the interval excludes 0) and, with ``odds_ratio``, "odds-ratio" (Firth's logit).
    Counts: the record is the difference of means by CR2, adjusted for the count before the start
    where there is one; "post-only" without that, "rate-ratio" with Fieller's interval. A single
    group gets its shares or means only. Tables: "events" or "counts".

    Raises ``StudyError`` for an outcome that no record or answer holds, one that is neither yes or
    no nor counted, or where no wave has people in both arms; ``ValueError`` for a wrong level.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> found = rm.workforce_outcomes(study, "left").table("events").to_frame()
    >>> int(found[found["wave"] == "month6"]["events"].sum())
    3
    """
    within(level=level)
    entry = codebook(study, outcome)
    chosen, late = follow_ups(study, entry, several(waves))
    answer = _Answer(list(late))
    for people in base.by_role(study, entry):
        group, gone = group_of(study, entry, people)
        answer.dropped += gone
        for wave in chosen:
            _wave(group, wave, odds_ratio, level, answer)
    _design(study, entry, answer)
    name = "counts" if counted(entry) else "events"
    title, columns, note = TABLES[name]
    return Result(
        call=base.call(
            "workforce_outcomes", study, entry.name, waves=[wave.name for wave in chosen],
            odds_ratio=odds_ratio, level=level,
        ),
        estimates=tuple(answer.estimates),
        tables=(Table(name, f"{entry.label}: {title.lower()}", columns, tuple(answer.rows), note),),
        checks=merged(answer.checks),
        dropped=tuple(answer.dropped),
    )  # fmt: skip


@dataclass(slots=True)
class _Answer:
    """What the roles and waves add up to, on its way into a Result."""

    checks: list[Check] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def _wave(group: Group, wave: Wave, odds_ratio: bool, level: float, answer: _Answer) -> None:
    whole, gone = sample(group, wave)
    if not len(whole.people):
        said = f"{group.about}, {wave.name}: nobody can be counted; the wave is left out."
        answer.checks.append(Check("waves reached", False, said))
        return
    answer.dropped += gone
    for name in group.arms:
        side = whole.take(whole.arm(name)) if name else whole
        if len(side.people):
            _side(side, name, level, answer)
    for arm, comparison, both in whole.contrasts():
        about = both.about(arm, comparison)
        sizes = [int(both.arm(one.name).sum()) for one in (arm, comparison)]
        if min(sizes) == 0:
            empty = arm.name if sizes[0] == 0 else comparison.name
            said = f"{about}: nobody in {empty} can be counted, so nothing is compared."
            answer.checks.append(Check("people in both arms", False, said))
            continue
        ground = both.footing()
        answer.checks += ground.checks(about)
        if counted(group.outcome):
            _counts(both, arm, comparison, level, answer)
        else:
            _events(both, arm, comparison, odds_ratio, level, answer)


def _side(side: Sample, arm: str, level: float, answer: _Answer) -> None:
    """One arm by itself: its share or mean, and its row of the table."""
    behind, events = side.people.behind(), not counted(side.group.outcome)
    form = replace(side.form(level), group=arm, term="share" if events else "mean")
    row = [label(side.people.role), label(arm), label(side.wave.name)]
    row.append(cell(len(side.value), "administrative", behind))
    if events:
        share = shared(form, side.value == 1.0, side.people.cluster)
        shown = share.estimate
        # what an organisation records of people is administrative, what they say is an answer
        kind: CellKind = (
            "administrative" if dated(side.group.study, side.group.outcome) else "count"
        )
        row.append(cell(share.numerator, kind, behind))
        row.append(cell(shown.value, "proportion", behind, numerator=share.numerator))
    else:
        shown = averaged(form, side.value, side.people.cluster)
        row.append(cell(shown.value, "item-mean", behind))
    row += [cell(end, "interval", behind) for end in (shown.low, shown.high)]
    if not events:
        many = len(side.value) > 1
        row.append(cell(side.value.std(ddof=1) if many else None, "sd", behind))
    answer.rows.append(tuple(row))
    answer.estimates.append(shown)


def _events(
    both: Sample, arm: Arm, comparison: Arm, odds_ratio: bool, level: float, answer: _Answer
) -> None:
    ground, about = both.footing(), both.about(arm, comparison)
    found = shares.record(both, arm, comparison, ground, level)
    needed, check = shares.number_needed(found, both.group.outcome.direction, about)
    answer.estimates += [found, *shares.beside(both, arm, comparison, ground, level), *needed]
    answer.checks += [*shares.checks(both, arm, comparison), check]
    if odds_ratio:
        made, more = shares.odds(both, arm, comparison, ground, level)
        answer.estimates += made
        answer.checks += more


def _counts(both: Sample, arm: Arm, comparison: Arm, level: float, answer: _Answer) -> None:
    about, study = both.about(arm, comparison), both.group.study
    start = study.design.baseline
    before = known(study, both.group.outcome, start, both.people).value
    if np.isfinite(before).any():
        lacking = ~np.isfinite(before)
        reason = f"{both.group.about}, {both.wave.name}: no count before the start"
        answer.dropped += base.dropped(reason, lacking)
        both, before = both.take(~lacking), before[~lacking]
    ground = both.footing()
    try:
        answer.estimates += counts.difference(both, before, arm, comparison, ground, level)
    except FitError as error:
        answer.checks.append(Check("model can be fitted", False, f"{about}: {error}"))
        return
    made, more = counts.ratio(both, arm, comparison, ground, level)
    answer.estimates += made
    answer.checks += more


def _design(study: Study, outcome: Outcome, answer: _Answer) -> None:
    """What the design lets the numbers say."""
    design = study.design
    if design.comparison is None or not design.programme_arms:
        detail = (
            f"{outcome.name}: one group only. How many would have stayed, risen or used it without "
            f"the programme cannot be said; a comparison group could tell."
        )
        answer.checks.append(Check("comparison group", False, detail))
        return
    if not any(one.term == "" for one in answer.estimates):
        failed = merged([check for check in answer.checks if not check.passed])
        reasons = " ".join(check.detail for check in failed)
        raise StudyError(f"{outcome.name}: no wave allows a comparison of arms. {reasons}")
    if not design.randomised:
        detail = (
            f"{outcome.name}: chance did not form the arms, and events have no score from before "
            f"to adjust for: an association, observational."
        )
        answer.checks.append(Check("arms formed by chance", False, detail))
