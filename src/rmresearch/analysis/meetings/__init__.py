"""Meetings: who met, how often, how long and until when; and whether more went with more gain."""

from __future__ import annotations

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.base.ask import within
from rmresearch.analysis.base.describe import thin
from rmresearch.analysis.base.pairs import Pairs, pairs, programme_arms
from rmresearch.analysis.meetings import parts
from rmresearch.analysis.meetings.dose import dose
from rmresearch.analysis.meetings.log import Log, intervals, read_log
from rmresearch.errors import StudyError, kindly, number_of
from rmresearch.result import Cell, Check, Dropped, Estimate, Result, Table
from rmresearch.study import Outcome, Study

__all__ = ["engagement"]


@kindly
def engagement(
    study: Study, outcome: str | Outcome | None = None, *, level: float = 0.95
) -> Result:
    """Did the pairs meet, how often and for how long; with an outcome: do those who meet more gain?

    Programme arms only. **Without an outcome**, each arm apart: a log with dates counts meetings; a
    log by wave counts the waves for which a pair reported a meeting, unless some pair has several
    rows for one wave. Every share comes twice: of the pairs that reported (that have a row in the
    log: for that wave where it is kept by wave, at any time where it is dated) and of all that
    started. Intervals: Wilson on the effective n for shares, CR2 for means, pairs clustered by the
    unit of independence.

    Estimates: ``group`` is the arm, ``estimand`` whose it is, ``term`` one of "ever-met",
    "meetings-per-pair" or "intervals-with-meeting", "minutes-per-meeting", "minutes-per-pair",
    "share-of-plan", "plan-reached", and by wave "met". Tables: "engagement", "distribution",
    "by-wave", and "cadence" by month since the pair's start where the log is dated.

    **With an outcome**, exploratory and never an effect: gains from wave to wave on the meetings in
    between, in the outcome's units a meeting, by both denominators where they differ. Terms:
    "within" (the same person, one meeting more than usual), "between" (people who meet once more an
    interval), "contextual" (their difference: what within people does not explain), "saturation"
    (how the gain a meeting changes with each further one), by REML with (1 | person) and, where
    units of independence hold several people, (1 | unit); CR2 with Satterthwaite df, and beside the
    linear ones "...-kenward-roger". Tables: "dose", "intervals". ``level`` is the intervals', 0..1.

    Raises ``StudyError`` where no pair of a programme arm has started, or none has a log; with an
    outcome also where the log does not count meetings, nobody has gains in two intervals or
    everybody met equally often; ``FitError`` where too few people carry the model.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> [made.name for made in rm.engagement(study).tables]
    ['engagement', 'distribution', 'by-wave', 'cadence']
    >>> result = rm.engagement(study, "digital_skill")
    >>> sorted({one.term for one in result.estimates if "-" not in one.term})
    ['between', 'contextual', 'saturation', 'within']
    """
    within(level=level)
    if outcome is not None:
        return dose(study, base.outcome_of(study, outcome), level)
    return _described(study)


def _described(study: Study) -> Result:
    """Meetings without any outcome."""
    everyone = pairs(study)
    inside = np.isin(everyone.arm, programme_arms(study))
    ours = everyone.take(inside & everyone.started)
    if not len(ours):
        raise StudyError(
            "no pair in a programme arm has started, so there is nothing to say about meetings. "
            "Add the pairs, with their start dates, to the pairs table."
        )
    log = read_log(study, ours)
    estimates: list[Estimate] = []
    rows: dict[str, list[tuple[Cell, ...]]] = {name: [] for name in parts.TABLES}
    for arm, own in ours.groups(programme_arms(study)):
        mine = log.of(ours.arm == arm)
        whole = parts.overall(study, arm, own, mine)
        estimates += whole
        rows["engagement"] += [parts.summary_row(one) for one in whole]
        rows["distribution"] += parts.distribution(arm, own, mine)
        for index, wave in intervals(study, log):
            found, row = parts.by_wave(arm, own, mine, wave, index)
            estimates += found
            rows["by-wave"].append(row)
        rows["cadence"] += parts.cadence(study, arm, own, mine)
    return Result(
        call=base.call("engagement", study),
        estimates=tuple(one for one in estimates if one.value is not None),
        tables=tuple(_table(name, found, log) for name, found in rows.items() if found),
        checks=_checks(study, ours, log),
        dropped=_dropped(everyone, inside, log),
    )


def _table(name: str, rows: list[tuple[Cell, ...]], log: Log) -> Table:
    title, columns = parts.TABLES[name]
    notes = {
        "engagement": "" if log.counts else parts.REPORTS,
        "distribution": "" if log.counts else parts.REPORTS,
        "by-wave": parts.DATED if log.dated else "",
        "cadence": parts.LAST_MONTHS,
    }
    return Table(name, title, columns, tuple(rows), note=notes[name])


def _checks(study: Study, ours: Pairs, log: Log) -> tuple[Check, ...]:
    planned = study.design.planned_meetings
    checks = []
    if planned is None:
        needed = "The design declares no planned_meetings, so held meetings have no yardstick."
        checks.append(Check("planned meetings", False, needed))
    elif not log.counts:
        needed = (
            "The log says whether pairs met, not how often, so it cannot be held against the "
            f"{planned} planned meetings. Log each meeting with its date."
        )
        checks.append(Check("planned meetings", False, needed))
    months = bool((log.month > 0).any())
    if not months:
        needed = "Cadence by month needs the date of each meeting and the start of pair or design."
        checks.append(Check("dates of meetings", False, needed))
    unknown = int((log.held & np.isnan(log.minutes)).sum())
    if unknown:
        held = number_of(int(log.held.sum()), "meeting", "meetings")
        detail = f"{unknown} of {held} held without minutes."
        checks.append(Check("minutes of meetings", False, detail))
    silent = int((~log.reported()).sum())
    detail = (
        f"{silent} of {number_of(len(ours), 'pair', 'pairs')} that started never appear in the log."
    )
    checks.append(Check("every pair reports", silent == 0, detail))
    without = [arm for arm in programme_arms(study) if arm not in set(ours.arm.tolist())]
    if without:
        detail = f"No pair has started in {base.seen(without)}."
        checks.append(Check("pairs in each programme arm", False, detail))
    for arm, own in ours.groups(programme_arms(study)):
        checks += thin(arm or "all pairs", own.cluster)
    return tuple(checks)


def _dropped(everyone: Pairs, inside: np.ndarray, log: Log) -> tuple[Dropped, ...]:
    gone = []
    for reason, flags in (
        ("pair in no programme arm", ~inside),
        ("pair that never started", inside & ~everyone.started),
    ):
        if flags.any():
            behind = everyone.take(flags).behind()
            gone.append(Dropped(reason, behind.n_people, int(flags.sum())))
    if log.unknown:
        gone.append(Dropped("log row of another pair", 0, log.unknown))
    return tuple(gone)
