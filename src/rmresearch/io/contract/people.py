"""Rules on participants, pairs, meetings and records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem
from rmresearch.io.contract.tables import (
    Everything,
    duplicates,
    group_numbers,
    like_ids,
    lookup,
    unknown,
)
from rmresearch.io.findings import BAD, Findings
from rmresearch.study import RECORD_KINDS, ROLES, among

__all__ = [
    "check_people",
    "check_roles",
    "check_tables",
    "unknown_pairs",
    "unknown_people",
]

Flags = NDArray[np.bool_]


def check_tables(everything: Everything, findings: Findings) -> None:
    """Every rule on who took part, in which pair, when they met and what was recorded."""
    if everything.design.linked:
        check_people(everything, findings)
    check_roles(everything, findings)
    _assignment(everything, findings)
    _pairs(everything, findings)
    _members(everything, findings)
    _meetings(everything, findings)
    _records(everything, findings)


def check_people(everything: Everything, findings: Findings) -> None:
    """Everybody has an id, is listed once and has a role."""
    mapped = everything.participants
    frame = mapped.frame
    _empty_cells(mapped.frame, "person", "a participant without id", findings)
    fix = "Keep one row a person; if people are listed once a wave, set once = true."
    problem = Problem("duplicate-person", "the person is listed twice", fix, column="person")
    groups = group_numbers(frame, ["person"], ["person"])
    duplicates(findings, frame, groups, problem, "person")
    if "role" in mapped.declared:
        _empty_cells(frame, "role", "a participant without role", findings)


def check_roles(everything: Everything, findings: Findings) -> None:
    """Every role is junior or senior."""
    # no nearest role is suggested: a mentor is the junior here, and a guess flips every effect
    fix = 'Correct it, or map it in values.role = { "theirs" = "junior", ... }.'
    problem = Problem("unknown-role", "the role is neither junior nor senior", fix)
    unknown(findings, everything.participants.frame, "role", ROLES, problem, guess=False)


def _assignment(everything: Everything, findings: Findings) -> None:
    """Arms, departments and crossover dates, as the design declares them."""
    mapped, design = everything.participants, everything.design
    frame = mapped.frame
    arms = [arm.name for arm in design.arms]
    if len(arms) > 1:
        fix = "Correct it, map it in values.arm, or declare the arm."
        problem = Problem("unknown-arm", "the arm is not declared", fix)
        unknown(findings, frame, "arm", arms, problem)
        _arms_found(everything, findings)
    elif frame["arm"].nunique() > 1:
        found = f"a single-group study has people in {frame['arm'].nunique()} arms"
        fix = "Declare design.kind and design.arms, or take arm out of the table."
        where = np.array([int(frame["arm"].ne(frame["arm"].dropna().iloc[0]).to_numpy().argmax())])
        findings.each(frame, where, Problem("single-group", found, fix, column="arm"), value="arm")
    if design.unit == "department":
        _empty_cells(frame, "department", "departments were assigned, and this is empty", findings)
    _crossovers(everything, findings)


def _arms_found(everything: Everything, findings: Findings) -> None:
    mapped, design = everything.participants, everything.design
    frame = mapped.frame
    if "arm" not in mapped.declared:
        if len(frame) and mapped.complete:
            found = f"the design declares {len(design.arms)} arms, but no column gives people's arm"
            fix = "Name it in tables.participants.columns (measures, where nobody is linked)."
            findings.add(Problem("no-arm", found, fix))
        return
    _empty_cells(frame, "arm", "a participant without arm", findings)
    for arm in design.arms:
        # of an empty roster something else is said already
        if len(frame) and mapped.complete and not (frame["arm"] == arm.name).any():
            found = f"nobody is in arm {arm.name}"
            fix = "No comparison with it can be made; check values.arm if that is not meant."
            findings.add(Problem("empty-arm", found, fix, severity="warning"))


def _crossovers(everything: Everything, findings: Findings) -> None:
    frame, design = everything.participants.frame, everything.design
    has = frame["crossover_date"].notna().to_numpy()
    fix = 'Only people of a waitlist cross over: set design.kind = "waitlist" or remove the date.'
    problem = Problem("crossover", "a crossover date", fix, column="crossover_date")
    if design.kind != "waitlist":
        found = f"a crossover date in a {design.kind} study"
        findings.each(frame, has, replace(problem, found=found))
        return
    waiting = design.comparison
    treated = has & (frame["arm"] != (waiting.name if waiting else "")).to_numpy()
    found = "a crossover date of somebody who did not wait"
    findings.each(frame, treated, replace(problem, found=found, fix="Correct arm or date."))
    if design.start is not None:
        early = has & (frame["crossover_date"] < pd.Timestamp(design.start)).to_numpy()
        found = f"a crossover before the programme's start ({design.start.isoformat()})"
        fix = "Correct the date, or design.start: such a person compares with nobody."
        findings.each(frame, early, replace(problem, found=found, fix=fix))


def _pairs(everything: Everything, findings: Findings) -> None:
    mapped = everything.pairs
    frame = mapped.frame
    _empty_cells(frame, "pair", "a pair without id", findings)
    fix = "Give each pair an id of its own."
    problem = Problem("duplicate-pair", "the pair is listed twice", fix, column="pair")
    duplicates(findings, frame, group_numbers(frame, ["pair"], ["pair"]), problem, "pair")
    for side in ("junior", "senior"):
        if side in mapped.declared:
            lacks = frame[side].isna().to_numpy()
            fix = "Fill in the id, or take the pair out; leave a side undeclared if not studied."
            problem = Problem("no-member", f"a pair without its {side}", fix, column=side)
            findings.each(frame, lacks, problem, value="pair")
    alone = (frame["junior"] == frame["senior"]).to_numpy(bool)
    problem = Problem("self-pair", "somebody is paired with themselves", "Correct one of the ids.")
    findings.each(frame, alone, problem, value="pair")
    again = group_numbers(frame, ["junior", "senior"], ["junior", "senior"])
    fix = "Fine if they were paired twice; otherwise keep one row."
    problem = Problem(
        "repeated-pair", "the same two people are paired twice", fix, severity="warning"
    )
    duplicates(findings, frame, np.where(alone, -1, again), problem, None)
    late = (frame["end"] < frame["start"]).to_numpy(bool)
    problem = Problem("pair-dates", "the pair ends before it starts", "Correct one of the dates.")
    findings.each(frame, late, replace(problem, column="end"), value="pair")


def _members(everything: Everything, findings: Findings) -> None:
    """Pairs against participants: known, of the right role, not one's own line manager."""
    frame = everything.pairs.frame
    if not everything.participants.complete or not len(frame):
        return
    roles, managers, arms = (everything.whose(c) for c in ("role", "manager", "arm"))
    for side in ("junior", "senior"):
        unknown_people(everything, frame, side, f"the {side} is not a participant", findings)
        role = lookup(frame[side], roles)
        other = (role.isin(ROLES) & (role != side)).to_numpy(bool)
        found = f"the {side} of this pair is a {'senior' if side == 'junior' else 'junior'}"
        fix = "Correct the role in participants, or exchange the two sides of the pair."
        findings.each(frame, other, Problem("pair-role", found, fix, column=side), value="pair")
    reports = lookup(frame["junior"], managers) == frame["senior"]
    reports |= lookup(frame["senior"], managers) == frame["junior"]
    reports &= frame["junior"] != frame["senior"]
    fix = "Pairs within a reporting line are a conflict of interest: rematch, or correct manager."
    problem = Problem("own-manager", "somebody is paired with their own line manager", fix)
    findings.each(frame, reports.to_numpy(bool), problem, value="pair")
    both = lookup(frame["junior"], arms), lookup(frame["senior"], arms)
    apart = both[0].notna() & both[1].notna() & (both[0] != both[1])
    if apart.any():
        n = int(apart.sum())
        found = f"{n} pair{' has its' if n == 1 else 's have their'} two people in different arms"
        fix = "A pair is in one arm: check arm, or the pairs."
        findings.add(Problem("pair-arms", found, fix, severity="warning"))


def _meetings(everything: Everything, findings: Findings) -> None:
    frame, design = everything.meetings.frame, everything.design
    _empty_cells(frame, "pair", "a meeting without pair", findings)
    unknown_pairs(everything, frame, "the meeting's pair is not among the pairs", findings)
    waves = [wave.name for wave in design.waves]
    problem = Problem("unknown-wave", "the wave is not declared", "Map it in values.wave.")
    unknown(findings, frame, "wave", waves, problem)
    undated = (frame["date"].isna() & frame["wave"].isna() & ~frame[BAD]).to_numpy()
    problem = Problem("no-date", "a meeting without date or wave", "Fill in one of them.")
    findings.each(frame, undated, problem, value="pair")
    odd = ((frame["minutes"] < 0) | (frame["minutes"] > 1440)).to_numpy(bool)
    problem = Problem("minutes", "the minutes are not between 0 and 1440", "Correct them.")
    findings.each(frame, odd, replace(problem, column="minutes"), value="minutes")
    pairs = everything.pairs.frame.dropna(subset=["pair"]).drop_duplicates("pair")
    # a pair that ends before it starts is wrong itself, not its meetings
    pairs = pairs[~(pairs["end"] < pairs["start"])].set_index("pair")
    for bound, rule, words in (
        ("start", "meeting-early", "the meeting lies before its pair started"),
        ("end", "meeting-late", "the meeting lies after its pair ended"),
    ):
        day = lookup(frame["pair"], pairs[bound])
        wrong = frame["date"] < day if bound == "start" else frame["date"] > day
        fix = f"Correct the meeting's date, or the pair's {bound}."
        problem = Problem(rule, words, fix, column="date")
        findings.each(frame, wrong.to_numpy(bool), problem, value="pair")
    columns = ["pair", "date", "held", "minutes"]
    problem = Problem(
        "repeated-meeting", "the same meeting is listed twice", "Keep one row.", severity="warning"
    )
    groups = group_numbers(frame, columns, ["pair", "date"])
    duplicates(findings, frame, groups, problem, None)


def _records(everything: Everything, findings: Findings) -> None:
    frame, design = everything.records.frame, everything.design
    _empty_cells(frame, "person", "a record without person", findings)
    _empty_cells(frame, "kind", "a record without kind", findings)
    unknown_people(everything, frame, "person", "the person is not a participant", findings)
    recorded = [o for o in design.outcomes if o.source == "record"]
    kinds = [*RECORD_KINDS, *(item for outcome in recorded for item in outcome.items)]
    fix = (
        "Correct it, map it in values.kind, filter it out with where, or declare an outcome from "
        "records."
    )
    problem = Problem("unknown-kind", "no analysis knows this kind of record", fix)
    unknown(findings, frame, "kind", kinds, problem)


def unknown_people(
    everything: Everything, frame: pd.DataFrame, column: str, words: str, findings: Findings
) -> None:
    """One line an id that participants do not have, unless broken rows of theirs explain it."""
    people = everything.participants
    if not people.complete or not everything.design.linked:
        return
    known = people.frame["person"]
    wrong = frame[column].notna() & ~among(frame[column], known)
    if wrong.any() and frame.loc[wrong, column].nunique() > everything.unread["participants"]:
        fix = "Add the person to participants, or correct the id."
        problem = Problem("unknown-person", words, fix, column=column)
        mask = wrong.to_numpy(bool)
        findings.grouped(frame, mask, column, problem, hint=like_ids(known))


def unknown_pairs(
    everything: Everything, frame: pd.DataFrame, words: str, findings: Findings
) -> None:
    """One line an id that pairs do not have, unless broken rows of theirs explain it."""
    if not everything.pairs.complete:
        return
    known = everything.pairs.frame["pair"]
    wrong = frame["pair"].notna() & ~among(frame["pair"], known)
    if wrong.any() and frame.loc[wrong, "pair"].nunique() > everything.unread["pairs"]:
        fix = "Add the pair to pairs, or correct the id."
        problem = Problem("unknown-pair", words, fix, column="pair")
        findings.grouped(frame, wrong.to_numpy(bool), "pair", problem, hint=like_ids(known))


def _empty_cells(frame: pd.DataFrame, column: str, words: str, findings: Findings) -> None:
    problem = Problem(f"no-{column}", words, "Fill it in.", column=column)
    findings.each(frame, frame[column].isna().to_numpy(), problem)
