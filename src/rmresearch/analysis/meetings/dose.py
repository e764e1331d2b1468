"""Do those who meet more learn more? Gains held against meetings, within and between people.

One row a person and interval: the gain on the person's usual number of meetings and on the
deviation from it, with a mean for each arm and interval and the score before the start, whose slope
is an interval's own (Mundlak 1978, Econometrica 46, 69-85; Bell, Fairbrother and Jones 2019,
Quality & Quantity 53, 1051-1074).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing, cell, inferred, label
from rmresearch.analysis.base.fit import RoutesDisagreeError, merged, varies
from rmresearch.analysis.base.mixed import Judged, judge
from rmresearch.analysis.meetings.gains import Gains, Logged, gains, logged
from rmresearch.analysis.meetings.parts import REPORTED, STARTED
from rmresearch.errors import FitError, StudyError, number_of
from rmresearch.numerics import lmm
from rmresearch.numerics.longitudinal import random_terms
from rmresearch.result import Cell, Check, Dropped, Estimate, Result, Table
from rmresearch.study import Outcome, Study

__all__ = ["dose"]

Array = NDArray[np.float64]
Row = tuple[Cell, ...]

DOSE = ("role", "among", "comparison", "people", "gain a meeting", "low", "high")
INTERVALS = ("role", "among", "from", "to", "people", "meetings", "SD of meetings", "gain")
NOTE = (
    "Association, not effect: those who get on meet more, those who learn keep meeting, and those "
    "with time do both. Exploratory."
)
#: term -> how a table names it
COMPARISONS = {
    "within": "same person, one meeting more than usual",
    "between": "other people, one meeting more an interval",
    "contextual": "between less within",
    "saturation": "bend: its change with each further meeting",
}
ASSOCIATION, WITHIN, SATURATION = "more than an association", "own meetings vary", "saturation"
#: numbers of meetings that tell a bend from a straight line
COUNTS_FOR_BEND = 3


@dataclass(frozen=True, slots=True)
class _Found:
    """What is gathered over roles and denominators."""

    estimates: list[Estimate] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    intervals: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def dose(study: Study, outcome: Outcome, level: float) -> Result:
    """The second question of `engagement`, which documents it."""
    if not study.design.linked:
        raise StudyError("answers carry no person ids, so nobody's gain is known.")
    if outcome.timing != "repeated":
        raise StudyError(
            f"{outcome.name} was not asked in the same way at every wave (timing = "
            f"{outcome.timing!r}), so nobody's gain between two waves is known."
        )
    log, found, refused = logged(study), _Found(), []
    denominators = (STARTED,) if log.reported.all() else (STARTED, REPORTED)
    for group in base.by_role(study, outcome):
        for among in denominators:
            try:
                rows, gone = gains(study, outcome, group, log, reported=among == REPORTED)
                _answer(outcome, rows, among, level, found)
            except RoutesDisagreeError:
                raise
            except (StudyError, FitError) as error:
                refused.append(error)
                continue
            found.dropped.extend(replace(one, reason=f"{one.reason} ({among})") for one in gone)
    if not found.estimates:
        raise refused[0]
    found.checks.extend(Check("can be asked", False, str(error)) for error in refused)
    return Result(
        call=base.call("engagement", study, outcome.name, level=level),
        estimates=tuple(found.estimates),
        tables=(
            Table("dose", f"{outcome.label}: gain and meetings", DOSE, tuple(found.answers), NOTE),
            Table("intervals", f"{outcome.label}: meetings and gain by interval", INTERVALS,
                  tuple(found.intervals)),
        ),
        checks=(*_warned(outcome, log), *merged(found.checks)),
        dropped=tuple(found.dropped),
    )  # fmt: skip


def _warned(outcome: Outcome, log: Logged) -> Iterator[Check]:
    yield Check(ASSOCIATION, False, f"{outcome.name}: {NOTE}")
    if log.lost:
        said = (
            f"{number_of(log.lost, 'meeting', 'meetings')} after the last wave or without a date: "
            "not counted."
        )
        yield Check("meetings between two waves", False, said)
    silent = int((~log.reported).sum())
    said = (
        f"{silent} of {number_of(len(log.pairs), 'pair', 'pairs')} that started never appear in "
        "the log"
    )
    said += ": among those that started they count as never having met." if silent else "."
    yield Check("every pair reports", silent == 0, said)


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A fitted model with the names of its columns."""

    judged: Judged
    names: tuple[str, ...]

    def weights(self, **factors: float) -> Array:
        """A contrast of named columns."""
        return np.array([factors.get(name, 0.0) for name in self.names])


def _answer(outcome: Outcome, rows: Gains, among: str, level: float, found: _Found) -> None:
    """One role and denominator: the linear model, then a bend beside it."""
    about = f"{rows.about}, {among}"
    ground = base.footing(rows.people.cluster)
    terms = _shown(rows)
    if not terms:
        raise StudyError(
            f"{about}: everybody met equally often, so nothing can be held against the number of "
            f"meetings."
        )
    fitted = _fitted(rows, terms)
    form = _form(outcome, rows, among, level, len(fitted.names))
    made = list(_linear(fitted, form, ground, terms))
    bend, said = _bend(rows, form, ground, terms, about)
    found.estimates.extend([*made, *bend])
    found.answers.extend(_row(one, rows) for one in (*made, *bend) if one.term in COMPARISONS)
    found.intervals.extend(_intervals(outcome, rows, among))
    found.checks.extend([*ground.checks(about), *said, _own(rows, about)])


def _shown(rows: Gains) -> tuple[str, ...]:
    """Which of the two comparisons the data can make at all."""
    usual = rows.usual
    return tuple(
        name
        for name, values in (("within", rows.meetings - usual), ("between", usual))
        if varies(values)
    )


def _fitted(rows: Gains, terms: Sequence[str], bend: Array | None = None) -> _Fitted:
    """Gain on ``terms``, cells of arm and interval, and the score before in each interval."""
    usual = rows.usual
    columns = {"within": rows.meetings - usual, "between": usual - usual.mean()}
    made = {f"cell {c}": (rows.cell == c).astype(float) for c in range(int(rows.cell.max()) + 1)}
    for k in range(len(rows.intervals)):
        here = rows.interval == k
        if varies(rows.start[here]):
            made[f"start {k}"] = np.where(here, rows.start - rows.start.mean(), 0.0)
    made |= {name: columns[name] for name in terms}
    made |= {} if bend is None else {SATURATION: bend}
    x, names = np.column_stack(list(made.values())), tuple(made)
    random = random_terms(rows.person, rows.cluster, None)
    try:
        fitted = lmm.fit(rows.gain, x, random, names=names)
    except FitError:
        count = number_of(len(rows.people), "person", "people")
        raise FitError(
            f"{rows.about}: the gains of {count} cannot tell what goes with meeting from what goes "
            f"with the score before and the time. More people or waves are needed."
        ) from None
    if not (fitted.converged or fitted.exact):
        raise FitError(f"{rows.about}: the model did not converge, so it gives no estimate.")
    return _Fitted(judge(fitted, rows.gain, x, random, rows.cluster), names)


def _linear(
    fitted: _Fitted, form: Estimate, ground: Footing, terms: Sequence[str]
) -> Iterator[Estimate]:
    """Within, between and how far they differ, by CR2; each by the model's own errors beside."""
    asked = {name: {name: 1.0} for name in terms}
    if len(terms) == 2:
        asked["contextual"] = {"between": 1.0, "within": -1.0}
    for term, factors in asked.items():
        yield from _both(fitted, fitted.weights(**factors), form, ground, term)


def _both(
    fitted: _Fitted, weights: Array, form: Estimate, ground: Footing, term: str
) -> Iterator[Estimate]:
    how = "gain by interval on meetings, person mean and deviation; REML, (1 | person)"
    judged = fitted.judged
    found = judged.robust(weights) if ground.rule else judged.model(weights)
    method = f"{how}; CR2 by cluster, Satterthwaite df"
    yield inferred(form, found, ground, term=term, method=method)
    own = judged.fitted.kenward_roger(weights)
    yield inferred(form, own, ground, term=f"{term}-kenward-roger", method=f"{how}; Kenward-Roger")


def _bend(
    rows: Gains, form: Estimate, ground: Footing, terms: Sequence[str], about: str
) -> tuple[list[Estimate], list[Check]]:
    """How the gain a meeting changes with each further one: twice the coefficient of its square."""
    if len(np.unique(rows.meetings)) < COUNTS_FOR_BEND:
        said = f"{about}: fewer than {COUNTS_FOR_BEND} different numbers of meetings show no bend."
        return [], [Check(SATURATION, False, said)]
    try:
        fitted = _fitted(rows, terms, (rows.meetings - rows.meetings.mean()) ** 2)
    except RoutesDisagreeError:
        raise
    except FitError as error:
        return [], [Check(SATURATION, False, f"{about}: no bend can be fitted: {error}")]
    form = replace(form, parameters=form.parameters + 1)
    weights = fitted.weights(saturation=2.0)
    return list(_both(fitted, weights, form, ground, SATURATION))[:1], []


def _own(rows: Gains, about: str) -> Check:
    """Whether anybody met more in one interval than in another."""
    several = np.bincount(rows.person)[rows.person] > 1
    moved = varies((rows.meetings - rows.usual)[several])
    people = len(np.unique(rows.person[several]))
    of = number_of(len(rows.people), "person", "people")
    said = f"{about}: {people} of {of} with a gain in two intervals or more"
    said += "." if moved else ", and each met equally often in all of theirs."
    return Check(WITHIN, moved, said)


def _form(outcome: Outcome, rows: Gains, among: str, level: float, columns: int) -> Estimate:
    cells = np.bincount(rows.cell)
    return base.template(
        rows.people.behind(),
        role=rows.people.role,
        outcome=outcome.name,
        estimand=f"programme people in {among}",
        level=level,
        parameters=columns + 2,
        smallest_level=int(cells.min()),
    )


def _row(one: Estimate, rows: Gains) -> Row:
    who = rows.people.behind()
    return (
        label(one.role),
        label(one.estimand.removeprefix("programme people in ")),
        label(COMPARISONS[one.term]),
        cell(who.n_people, "count", who),
        *(cell(x, "statistic", who) for x in (one.value, one.low, one.high)),
    )


def _intervals(outcome: Outcome, rows: Gains, among: str) -> Iterator[Row]:
    """What the model rests on: how often people met in each interval, and what they gained."""
    for k, (first, last) in enumerate(rows.intervals):
        here = rows.interval == k
        who = rows.people.take(np.unique(rows.person[here])).behind()
        met = rows.meetings[here]
        yield (
            *(label(text) for text in (rows.people.role, among, first.name, last.name)),
            cell(who.n_people, "count", who),
            cell(met.mean(), "mean", who),
            cell(met.std(ddof=1) if len(met) > 1 else None, "sd", who),
            cell(rows.gain[here].mean(), "contrast", who),
        )
