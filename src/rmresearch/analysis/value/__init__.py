"""Is it worth it? Net benefit, and the cost of a point, with inputs that are only roughly known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rmresearch.analysis import base
from rmresearch.analysis.base import inferred, number
from rmresearch.analysis.base.ask import within
from rmresearch.analysis.base.compared import Compared
from rmresearch.analysis.base.events import EVENTS, codebook, dated, follow_ups
from rmresearch.analysis.base.fit import Student, merged, valued
from rmresearch.analysis.value.inputs import INPUTS, Inputs, Span, inputs_of, table
from rmresearch.analysis.value.sides import Sides, contrasts, sides_of
from rmresearch.errors import FitError, StudyError, kindly
from rmresearch.numerics.fieller import fieller
from rmresearch.result import Check, Dropped, Estimate, Result
from rmresearch.study import Outcome, Study, Wave

__all__ = ["BEST", "WORST", "value"]

#: the groups of "net-benefit" in which all inputs are taken at one end
WORST, BEST = "all inputs at their worst", "all inputs at their best"
UNBOUNDED = "cost per point can be bounded"
#: yes and no that each arm needs for an interval by least squares
NORMAL = 5


@kindly
def value(
    study: Study,
    outcome: str | Outcome,
    *,
    wave: str | None = None,
    inputs: Mapping[str, float | Span] | None = None,
    level: float = 0.95,
) -> Result:
    """Is what people gained worth what the programme took?

    ``inputs`` (each a number or (low, most likely, high), none negative) stand in for those of
    the study's [value]: "programme_cost", what a programme arm costs in all; "hours" a pair takes,
    both people together (without it: twice the minutes of its meetings up to the wave);
    "hourly_cost"; "worth" of one point more, a person (of one person more who stays or rises).
    ``outcome`` is a score, or "left", "promoted", "adopted" from the records; ``wave`` the
    follow-up asked about (default: the last that the data reach).

    Programme arm less comparison arm, everyone assigned, role by role, at that wave by itself. An
    arm's cost is shared by its people of the role; what the other role gained is not counted.
    Gains and costs are adjusted for baseline and strata by least squares, CR2 by cluster with
    their covariance. Terms, all a person: "gain" (points for the better), "cost",
    "cost-per-point" with Fieller's interval, "net-benefit" (worth x gain - cost, as one outcome:
    Hoch, Briggs and Willan 2002, Health Economics 11:415), "break-even-gain" (cost / worth).
    Where the gain's interval holds 0, or there is none, no cost per point is given: it could be
    without end. Intervals tell chance alone, at the most likely inputs; what the inputs' ranges do
    stands apart, as "net-benefit" by group: one input at its end, all at their worst or best. No
    p-values. Table: inputs.

    Raises ``StudyError`` without a comparison arm, costs, or people to compare; ``ValueError`` for
    inputs that are unknown, negative or out of order.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> costs = {"programme_cost": 12_000, "hourly_cost": (50, 65, 90), "worth": (0, 500, 900)}
    >>> found = rm.value(study, "digital_skill", inputs=costs)
    >>> [one.term for one in found.estimates][:3]
    ['gain', 'cost', 'cost-per-point']
    """
    within(level=level)
    entry = _codebook(study, outcome)
    given = inputs_of(study.design, entry, inputs or {})
    asked, answer = _wave(study, entry, wave), _Answer()
    for group in base.by_role(study, entry):
        for one in contrasts(study, entry, group, asked):
            _told(study, one, given, level, answer)
    if not answer.estimates:
        reasons = " ".join(check.detail for check in answer.checks)
        raise StudyError(f"{entry.name}: nothing can be valued at {asked.name}. {reasons}".strip())
    shown = {name: given.spans.get(name) for name in INPUTS}
    return Result(
        call=base.call("value", study, entry.name, wave=asked.name, level=level, **shown),
        estimates=tuple(answer.estimates),
        tables=(table(study.design, given),),
        checks=merged(answer.checks),
        dropped=tuple(answer.dropped),
    )


@dataclass(slots=True)
class _Answer:
    """What roles and arms add up to, on its way into a Result."""

    estimates: list[Estimate] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def _codebook(study: Study, outcome: str | Outcome) -> Outcome:
    """The outcome valued: a score that can be compared with before, or what the records hold."""
    if study.design.comparison is None or not study.design.programme_arms:
        raise StudyError(
            "without a comparison arm nobody knows what people would have gained anyway, so "
            "nothing can be valued. A comparison group could tell."
        )
    if not study.design.linked:
        raise StudyError("answers carry no person ids, so gains cannot be compared between arms.")
    declared = [one.name for one in study.design.outcomes]
    if isinstance(outcome, str) and outcome in EVENTS and outcome not in declared:
        return codebook(study, outcome)
    entry = base.outcome_of(study, outcome)
    if dated(study, entry):
        return codebook(study, entry)
    if entry.timing != "repeated" or entry.kirkpatrick == 1:
        raise StudyError(
            f"{entry.name} has no score from before the start to compare with, so no gain can be "
            f"valued. Ask about an outcome that was asked at every wave."
        )
    return entry


def _wave(study: Study, outcome: Outcome, asked: str | None) -> Wave:
    if dated(study, outcome):
        return follow_ups(study, outcome, (asked,) if asked else None)[0][-1]
    answered = [one for one in base.waves_with_answers(study, outcome) if not one.baseline]
    if asked is not None:
        answered = [one for one in answered if one.name == study.design.wave(asked).name]
    if not answered:
        when = f"at {asked}" if asked else "after the start"
        raise StudyError(f"{outcome.name} has no answers {when}, so there is no gain to value.")
    return answered[-1]


def _told(study: Study, one: Compared, inputs: Inputs, level: float, answer: _Answer) -> None:
    """One contrast: its gain, its cost, and the two together."""
    try:
        sides, noticed = sides_of(study, one, inputs)
        gain = sides.contrast(sides.gain, of_record=True)
        cost = sides.contrast(sides.cost(inputs))
    except FitError as error:
        answer.checks.append(Check("model can be fitted", False, f"{one.about}: {error}"))
        return
    answer.dropped += base.dropped(f"{one.about}: no answer", ~one.answered)
    answer.checks += [*sides.ground.checks(one.about), *noticed]
    if not study.design.randomised:
        detail = f"{one.about}: chance did not form the arms: an association, observational."
        answer.checks.append(Check("arms formed by chance", False, detail))
    form = sides.one.form(sides.one.answered, level=level, parameters=len(sides.names))
    if sides.smallest is not None:
        form = replace(form, smallest_level=sides.smallest)
        detail = (
            f"{one.about}: {sides.smallest} in the smallest group of yes or no in an arm. Below "
            f"{NORMAL} least squares give no interval that could be trusted, so there is none."
        )
        answer.checks.append(Check("events enough", sides.smallest >= NORMAL, detail))
    record = _shown(form, gain, sides, "gain", "points for the better, least squares, CR2")
    took = _shown(form, cost, sides, "cost", "of a person, most likely inputs, CR2")
    ratio, check = _per_point(record, took, sides, inputs)
    answer.estimates += [record, took, ratio]
    answer.checks.append(check)
    if "worth" in inputs.spans:
        answer.estimates += _benefits(form, took, sides, inputs)
    else:
        detail = f"{one.about}: what a point is worth is not declared, so no net benefit is told."
        answer.checks.append(Check("worth declared", False, detail))


def _shown(form: Estimate, found: Student, sides: Sides, term: str, method: str) -> Estimate:
    """A difference with its interval and no p; what is the same for everybody has neither."""
    if found.se == 0.0 or (sides.smallest is not None and sides.smallest < NORMAL):
        return valued(form, found.estimate, term=term, method=method)
    return replace(inferred(form, found, sides.ground, term=term, method=method), p=None)


def _per_point(
    gain: Estimate, cost: Estimate, sides: Sides, inputs: Inputs
) -> tuple[Estimate, Check]:
    """Cost over gain; nothing at all where the gain could be nothing or less."""
    about = sides.one.about
    method = "cost / gain, Fieller's interval, CR2 covariance by cluster"
    nothing = valued(gain, None, term="cost-per-point", method=method)
    if gain.value is None or gain.low is None or gain.high is None or gain.se is None:
        detail = f"{about}: without an interval of the gain nobody can say what a point cost."
        return nothing, Check(UNBOUNDED, False, detail)
    if gain.high < 0.0:
        detail = f"{about}: people lost rather than gained, so money bought no point."
        return nothing, Check(UNBOUNDED, False, detail)
    taken = sides.contrast(sides.cost(inputs))
    found = fieller(
        taken.estimate,
        gain.value,
        top_variance=taken.se**2,
        bottom_variance=gain.se**2,
        covariance=sides.covariance(sides.cost(inputs), sides.gain),
        df=float("inf") if gain.df is None else gain.df,
        level=gain.level,
    )
    if found.shape != "bounded":
        detail = (
            f"{about}: the interval of the gain includes 0, so the programme may have gained "
            f"nothing at whatever cost. No finite number says what a point cost."
        )
        return nothing, Check(UNBOUNDED, False, detail)
    low, high = number(found.low), number(found.high)
    detail = f"{about}: the interval of the gain excludes 0."
    shown = replace(nothing, value=number(found.value), low=low, high=high, df=gain.df)
    return shown, Check(UNBOUNDED, True, detail)


def _benefits(form: Estimate, cost: Estimate, sides: Sides, inputs: Inputs) -> list[Estimate]:
    """Net benefit at the most likely inputs, then at the ends of what is only roughly known."""

    def at(**places: int) -> Student:
        worth = inputs.at(**places)["worth"]
        return sides.contrast(worth * sides.gain - sides.cost(inputs, **places), of_record=True)

    record = _shown(form, at(), sides, "net-benefit", "worth x gain - cost, as one outcome")
    found = [record]
    bare = valued(form, None, term="net-benefit", method="the same with other inputs")
    ends: dict[str, tuple[Student, Student]] = {}
    for name in inputs.ranged:
        ends[name] = at(**{name: 0}), at(**{name: 2})
        for word, end in zip(("low", "high"), ends[name], strict=True):
            group = f"{name.replace('_', ' ')} {word}"
            found.append(replace(bare, value=number(end.estimate), group=group))
    if len(ends) > 1:
        # each input moves the benefit one way whatever the others are (worth: the gain's sign)
        worst = {n: 0 if low.estimate <= high.estimate else 2 for n, (low, high) in ends.items()}
        best = {name: 2 - place for name, place in worst.items()}
        for group, places in ((WORST, worst), (BEST, best)):
            found.append(replace(bare, value=number(at(**places).estimate), group=group))
    worth = inputs.at()["worth"]
    if worth > 0.0 and cost.value is not None:
        even = valued(cost, cost.value / worth, term="break-even-gain", method="cost / worth")
        low, high = (None if end is None else end / worth for end in (cost.low, cost.high))
        found.append(replace(even, low=low, high=high))
    return found
