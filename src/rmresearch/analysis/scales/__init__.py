"""Can the scale be trusted: alpha, omega, items, retest, floor and ceiling, shifts of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People, cell, footing, label, number
from rmresearch.analysis.base.gathered import Declared, Gathered
from rmresearch.analysis.base.items import item_scores
from rmresearch.analysis.scales import items, retest
from rmresearch.errors import FitError, kindly, number_of
from rmresearch.numerics.scales import cronbach_alpha, mcdonald_omega
from rmresearch.result import Cell, Check, Estimate, Result
from rmresearch.study import Outcome, Study, Wave

__all__ = ["reliability"]

#: table -> (title, columns, note)
TABLES: dict[str, Declared] = {
    "reliability": (
        "Reliability by wave",
        (
            "role", "wave", "items", "answered", "complete", "alpha", "alpha low", "alpha high",
            "omega", "omega low", "omega high", "mean", "sd", "at floor", "at ceiling",
        ),
        "Alpha and omega: people who answered every item. Mean, sd, floor and ceiling: everybody "
        "with a score.",
    ),
    "items": ("Items", items.COLUMNS, items.NOTE),
    "retest": ("Retest without the programme", retest.COLUMNS, retest.NOTE),
    "item-shifts": ("Did single items move apart from the rest?", items.SHIFTS, items.SHIFT_NOTE),
}  # fmt: skip
#: share of scores at an end of the range from which change is hard to see (McHorney and
#: Tarlov 1995)
CROWDED = 0.15
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@kindly
def reliability(study: Study, outcome: str | Outcome, *, wave: str | None = None) -> Result:
    """Can the scale be trusted?

    By role and wave (``wave``: that one, and its change since the baseline): Cronbach's alpha
    with Feldt's interval and McDonald's omega (one factor) of the people who answered every item,
    n taken after the others are dropped; each item, turned the way it is scored; the share of
    scores at the ends of the range. Among people without the programme the retest correlation and
    the intraclass correlation (absolute agreement) between baseline and each later wave. Items
    that shift against the rest of their scale between waves are shown, and tested (CR2, Holm over
    the items) from 100 people on. Several raters of one person are averaged first.

    A single item has no alpha and no omega; a check says so, and the retest is all there is.

    Estimates: terms "alpha", "omega", and by ``contrast`` of waves "retest-r" and "retest-icc".
    Tables: "reliability", "items", "retest", "item-shifts".

    Raises ``StudyError`` for an unknown outcome or wave, or where nobody has the role.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> [made.name for made in rm.reliability(study, "digital_skill").tables]
    ['reliability', 'items', 'retest', 'item-shifts']
    """
    codebook = base.outcome_of(study, outcome)
    waves = base.waves_with_answers(study, codebook)
    if wave is not None:
        waves = tuple(one for one in waves if one.name == study.design.wave(wave).name)
    found = Gathered()
    if not waves:
        asked = f" at {wave}" if wave else ""
        detail = f"Nobody answered enough items of {codebook.name}{asked}: there is no score."
        found.checks.append(Check("answers", False, detail))
    if len(codebook.items) == 1:
        detail = (
            f"{codebook.name} is one item: reliability cannot be computed from one item. Only "
            f"the retest correlation of people without the programme speaks to it."
        )
        found.checks.append(Check("several items", False, detail))
    for group in base.by_role(study, codebook):
        for one in waves:
            _at_wave(study, codebook, group, one, found)
        _between(study, codebook, group, waves, found)
    return Result(
        call=base.call("reliability", study, codebook.name, wave=wave),
        estimates=tuple(found.estimates),
        tables=found.tables(TABLES),
        checks=tuple(found.checks),
        dropped=tuple(found.dropped),
    )


def _at_wave(study: Study, outcome: Outcome, group: People, wave: Wave, found: Gathered) -> None:
    answers = item_scores(study, outcome, wave, group)
    some: Flags = np.asarray(np.isfinite(answers).any(axis=1))
    whole: Flags = np.asarray(np.isfinite(answers).all(axis=1))
    if not some.any():
        return
    about = f"{outcome.name}, {group.role}, {wave.name}"
    pair: list[Estimate] = []
    if len(outcome.items) > 1:
        reason = f"{about}: answered some items only"
        found.dropped += base.dropped(reason, some & ~whole)
        pair, checks = _coefficients(outcome, group.take(whole), wave, answers[whole], about)
        found.estimates += [one for one in pair if one.value is not None]
        found.checks += checks
    values = group.values(study.wide(outcome)[wave.name])
    found.add("reliability", _row(outcome, group, wave, (some, whole), _by_term(pair), values))
    found.checks += _crowding(outcome, values, about)
    rows, check = items.analysed(outcome, group, wave, answers, about)
    found.add("items", *rows)
    found.checks += check


def _coefficients(
    outcome: Outcome, who: People, wave: Wave, answers: Floats, about: str
) -> tuple[list[Estimate], list[Check]]:
    """Alpha and omega of complete answers, or why there is none."""
    form = base.template(
        who.behind(),
        role=who.role,
        outcome=outcome.name,
        wave=wave.name,
        estimand="people who answered every item",
    )
    if not len(answers):
        detail = f"{about}: nobody answered every item, so there is no alpha and no omega."
        return [], [Check("complete answers", False, detail)]
    fine = footing(who.cluster).interval
    made, checks = [], []
    try:
        alpha = cronbach_alpha(answers)
        method = "Cronbach's alpha, Feldt interval"
        ends = (alpha.low, alpha.high) if fine else (None, None)
        form_alpha = replace(form, term="alpha", value=alpha.value, method=method)
        made.append(replace(form_alpha, low=number(ends[0]), high=number(ends[1])))
    except FitError as problem:
        checks.append(Check("alpha", False, f"{about}: {problem}"))
    try:
        omega = mcdonald_omega(answers, who.cluster, names=outcome.items)
        method = "McDonald's omega, one factor, delta-method interval"
        form = replace(form, term="omega", value=omega.value, method=method)
        if fine:
            low, high = number(omega.low), number(omega.high)
            form = replace(form, se=number(omega.se), low=low, high=high)
        made.append(form)
        detail = f"{about}: one factor leaves every item some variance of its own."
        if omega.heywood:
            detail = f"{about}: one factor does not describe the items well (Heywood case)."
        checks.append(Check("one factor", not omega.heywood, detail))
    except FitError as problem:
        checks.append(Check("omega", False, f"{about}: {problem}"))
    return made, checks + _trust(who, about)


def _trust(who: People, about: str) -> list[Check]:
    """What limits the intervals."""
    ground = footing(who.cluster)
    people = number_of(ground.people, "person", "people")
    seen = f"{people} in {number_of(ground.total, 'cluster', 'clusters')}"
    checks = []
    if not ground.interval:
        detail = f"{about}: {seen}. No interval is given."
        checks.append(Check("enough for an interval", False, detail))
    elif ground.total < ground.people:
        detail = (
            f"{about}: {seen}. Feldt's interval of "
            f"alpha treats them as independent and may be too narrow; omega's does not."
        )
        checks.append(Check("independent people", False, detail))
    return checks


def _by_term(pair: Sequence[Estimate]) -> dict[str, Estimate]:
    return {one.term: one for one in pair}


def _row(
    outcome: Outcome,
    group: People,
    wave: Wave,
    flags: tuple[Flags, Flags],
    found: dict[str, Estimate],
    values: Floats,
) -> tuple[Cell, ...]:
    some, whole = (group.take(one).behind() for one in flags)
    scored = group.take(np.isfinite(values)).behind()
    values = values[np.isfinite(values)]
    numbers = []
    for term in ("alpha", "omega"):
        one = found.get(term)
        parts = (None, None, None) if one is None else (one.value, one.low, one.high)
        numbers += [cell(part, "statistic", whole) for part in parts]
    n = len(values)
    return (
        label(group.role),
        label(wave.name),
        Cell(len(outcome.items), "label"),
        cell(some.n_people, "administrative", some),
        cell(whole.n_people, "administrative", whole),
        *numbers,
        cell(values.mean() if n else None, base.mean_kind(outcome), scored),
        cell(values.std(ddof=1) if n > 1 else None, "sd", scored),
        *items.ends(outcome, values, scored),
    )


def _crowding(outcome: Outcome, values: Floats, about: str) -> list[Check]:
    """Whether many scores sit at an end of the range."""
    values = values[np.isfinite(values)]
    if outcome.low is None or outcome.high is None or not len(values):
        return []
    shares = [float(np.mean(values == end)) for end in (outcome.low, outcome.high)]
    detail = (
        f"{about}: {100 * shares[0]:.0f}% of scores at the lowest and {100 * shares[1]:.0f}% at "
        f"the highest possible value; from {100 * CROWDED:.0f}% on change is hard to see."
    )
    return [Check("floor and ceiling", max(shares) < CROWDED, detail)]


def _between(
    study: Study, outcome: Outcome, group: People, waves: Sequence[Wave], found: Gathered
) -> None:
    """What needs two waves: retest and shifts of items."""
    first = study.design.baseline
    later = [wave for wave in waves if wave.name != first.name]
    if not later:
        return
    if not study.design.linked:
        detail = "The survey carries no person ids: retest and shifts need the same people twice."
        found.checks.append(Check("person ids", False, detail))
        return
    if outcome.timing != "repeated":
        detail = (
            f"{outcome.name} does not ask the same at each wave, so its waves are not compared."
        )
        found.checks.append(Check("same question at each wave", False, detail))
        return
    for wave in later:
        estimates, rows, checks = retest.between(study, outcome, group, first, wave)
        found.estimates += estimates
        found.add("retest", *rows)
        found.checks += checks
        if len(outcome.items) > 1:
            shifted, looked = items.shifts(study, outcome, group, first, wave)
            found.add("item-shifts", *shifted)
            found.checks += looked
