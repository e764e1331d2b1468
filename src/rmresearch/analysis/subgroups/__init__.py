"""Whether declared groups of people differ in what was found, each with its interval.

Only moderators that are named are looked at: declared features of participants, level or
department; a report asks for those that the plan names. Text (and numbers of two values) makes
groups, other numbers a slope. With a comparison arm: the adjusted difference between arms in each
group, from one covariance analysis with a difference for every group; without: each group's mean
change. CR2 by cluster, Satterthwaite df.

Terms: "subgroup" (``group`` is "moderator = level"), "interaction" (two groups: the second less
the first; a number: per unit), "interaction-test" (joint test that groups do not differ: the value
is F, approximate Hotelling T-squared "HTZ"; Holm over the moderators asked together),
"subgroup-pooled" (three groups or more: drawn towards their common mean as far as their errors
explain their differences; empirical Bayes) and "between-groups-sd".
Tables: subgroups, tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import special

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing
from rmresearch.analysis.base.ask import several, within
from rmresearch.analysis.base.fit import merged, valued, varies
from rmresearch.analysis.subgroups.sample import Compared, changed, compared
from rmresearch.errors import FitError, StudyError, kindly
from rmresearch.numerics.effects import holm
from rmresearch.numerics.pooling import pooled
from rmresearch.numerics.robust import Fit, fit
from rmresearch.result import Cell, Check, Dropped, Estimate, Result, Table
from rmresearch.study import Outcome, Study, Wave

__all__ = ["subgroups"]

GROUPS = (
    "who", "contrast", "moderator", "group", "people", "difference", "low", "high", "pooled",
    "pooled low", "pooled high",
)  # fmt: skip
TESTS = (
    "who", "contrast", "moderator", "difference", "low", "high", "F", "df", "denominator df", "p",
)  # fmt: skip
APART = "Difference: the second of two groups less the first, or for each unit of a number."
METHOD = {
    True: "ANCOVA on baseline with a difference for each group, CR2 by cluster, Satterthwaite df",
    False: "mean change of each group, CR2 by cluster, Satterthwaite df",
}


@kindly
def subgroups(
    study: Study,
    outcome: str | Outcome,
    *,
    by: str | Sequence[str],
    wave: str | None = None,
    level: float = 0.95,
) -> Result:
    """Does it differ for declared groups?

    ``by`` names one or several declared moderators (features of participants, level, department),
    each looked at by itself; ``wave`` the follow-up (default: the last that can be compared);
    ``level`` the intervals' level in 0..1. Groups with fewer than 2 people in an arm are left out
    and counted. The module says what is estimated.

    Groups were not formed by chance: a difference between them is association. Few people tell
    groups apart: with two equal groups an interaction's standard error is twice the main one's.

    Raises ``StudyError`` for a moderator that the study does not declare, or where fewer than two
    groups can be told apart; ``FitError`` where no model can be fitted.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> found = rm.subgroups(study, "digital_skill", by="department")
    >>> [table.name for table in found.tables]
    ['subgroups', 'tests']
    """
    within(level=level)
    codebook = base.outcome_of(study, outcome)
    asked = several(by) or ()
    if not asked:
        raise StudyError("no moderator is named: by= takes features, level or department.")
    if codebook.timing != "repeated":
        raise StudyError(
            f"{codebook.name} was not put in the same words before (timing = {codebook.timing!r}); "
            f"ask about an outcome with timing = 'repeated'."
        )
    if not study.design.linked:
        raise StudyError("answers carry no person ids, so nobody's group and change are known.")
    answer = _Answer()
    for name in dict.fromkeys(asked):
        for split in _splits(study, codebook, name, wave, answer):
            _told(split, level, answer)
    if not answer.estimates:
        raise _refusal(codebook, asked, answer)
    return Result(
        call=base.call("subgroups", study, codebook.name, by=asked, wave=wave, level=level),
        estimates=tuple(_over_moderators(answer.estimates)),
        tables=_tables(study, codebook, answer),
        checks=merged(answer.checks),
        dropped=tuple(dict.fromkeys(answer.dropped)),
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is gathered over moderators, roles and arms."""

    estimates: list[Estimate] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    failed: list[Exception] = field(default_factory=list)


def _refusal(outcome: Outcome, by: Sequence[str], answer: _Answer) -> Exception:
    said = f"{outcome.name} by {base.seen(by)}: " + " ".join(
        dict.fromkeys(str(error) for error in answer.failed)
    )
    unfit = any(isinstance(error, FitError) for error in answer.failed)
    return FitError(said) if unfit else StudyError(said)


def _splits(
    study: Study, outcome: Outcome, by: str, wave: str | None, answer: _Answer
) -> list[Compared]:
    """What is compared, role by role and arm by arm, at the last wave that allows it."""
    waves = _waves(study, outcome, wave)
    found: list[Compared] = []
    for people in base.by_role(study, outcome):
        if study.design.comparison is None:
            split, gone = changed(study, outcome, people, (study.design.baseline, waves[-1]), by)
            answer.dropped.extend(gone)
            found.append(split)
            continue
        for arm in study.design.programme_arms:
            tried = [compared(study, outcome, people, arm, one, by) for one in waves]
            usable = [(split, lost) for split, lost in tried if split is not None]
            if not usable:
                who = study.design.role_label(people.role)
                said = f"{who}, {arm.name}: fewer than 2 people in an arm have the answers."
                answer.failed.append(StudyError(said))
                continue
            split, lost = usable[-1]
            answer.dropped.extend(lost)
            found.append(split)
    return found


def _waves(study: Study, outcome: Outcome, asked: str | None) -> list[Wave]:
    """The follow-ups with answers, or the one asked for."""
    answered = base.waves_with_answers(study, outcome)
    order = list(study.design.waves)
    start = study.design.baseline
    later = [w for w in answered if not w.baseline and order.index(w) > order.index(start)]
    if start not in answered or not later:
        raise StudyError(
            f"{outcome.name} needs answers in {start.name} and later. Waves with answers: "
            f"{base.seen(answered)}."
        )
    if asked is None:
        return later
    wave = study.design.wave(asked)
    if wave not in later:
        raise StudyError(f"{outcome.name} has later answers in {base.seen(later)}, not {asked}.")
    return [wave]


def _told(split: Compared, level: float, answer: _Answer) -> None:
    """The estimates of one split, or why there are none."""
    try:
        found = _fitted(split)
    except (FitError, StudyError) as error:
        answer.failed.append(error)
        answer.checks.append(Check("groups can be compared", False, f"{split.about}: {error}"))
        return
    whole = base.footing(split.people.cluster, split.arms)
    answer.checks.extend(whole.checks(split.about))
    answer.checks.append(_observational(split))
    if split.number is not None:
        everyone = np.ones(len(split.y), bool)
        form = split.form(everyone, level, _smallest(split), term="interaction")
        method = f"slope of {split.by} on the difference, CR2 by cluster, Satterthwaite df"
        one = base.inferred(form, found.contrast(_unit(found, 0)), whole, method=method)
        answer.estimates.append(one)
        answer.estimates.append(
            _test(split, found, level, np.eye(found.coef.size)[:1], whole.p_value)
        )
        return
    groups = [_group(split, found, k, level, answer) for k in range(len(split.levels))]
    answer.estimates.extend(groups)
    rows = np.eye(found.coef.size)
    differences = rows[1 : len(groups)] - rows[0]
    if len(groups) == 2:
        everyone = np.ones(len(split.y), bool)
        first, second = split.levels
        form = split.form(everyone, level, _smallest(split), term="interaction")
        method = f"{split.by}: {second} less {first}; {METHOD[split.treated is not None]}"
        apart = found.contrast(differences[0])
        answer.estimates.append(base.inferred(form, apart, whole, method=method))
    tested = whole.p_value and all(one.p is not None for one in groups)
    answer.estimates.append(_test(split, found, level, differences, tested))
    answer.estimates.extend(_pooled(split, found, groups, level, whole))


def _fitted(split: Compared) -> Fit:
    if split.number is None and len(split.levels) < 2:
        raise StudyError(
            f"{len(split.levels)} group with 2 people or more in each arm: groups cannot be told "
            f"apart by {split.by}."
        )
    if not varies(split.y):
        raise FitError("everybody has the same score, so groups cannot differ.")
    ground = base.footing(split.people.cluster, split.arms)
    x, cluster = split.x, split.people.cluster
    if ground.rule:
        return fit(split.y, x, cluster)
    return fit(split.y, x, vcov="classical")


def _group(split: Compared, found: Fit, k: int, level: float, answer: _Answer) -> Estimate:
    """One group's estimate, with only the inference its own clusters carry."""
    inside = split.codes == k
    ground = base.footing(split.people.cluster[inside], split.arms[inside])
    sides = split.arms[inside]
    smallest = min(int((sides == side).sum()) for side in set(sides.tolist()))
    name = f"{split.by} = {split.levels[k]}"
    form = split.form(inside, level, smallest, group=name, term="subgroup")
    answer.checks.extend(ground.checks(f"{split.about}, {split.levels[k]}"))
    method = METHOD[split.treated is not None]
    return base.inferred(form, found.contrast(_unit(found, k)), ground, method=method)


def _test(split: Compared, found: Fit, level: float, weights: np.ndarray, tested: bool) -> Estimate:
    """The joint test that groups do not differ."""
    everyone = np.ones(len(split.y), bool)
    form = split.form(everyone, level, _smallest(split), term="interaction-test")
    wald = found.wald(weights)
    known = found.kind == "CR2" and bool(wald.df_den > 0)
    method = f"joint test on {wald.df_num} df, approximate Hotelling T-squared (HTZ), CR2"
    one = valued(form, wald.f if known else None, term="interaction-test", method=method)
    return replace(
        one,
        df=base.number(wald.df_den) if known else None,
        p=base.number(wald.p) if tested and known else None,
    )


def _pooled(
    split: Compared, found: Fit, groups: Sequence[Estimate], level: float, whole: Footing
) -> list[Estimate]:
    """The groups drawn towards their common mean, from 3 groups on.

    Errors are the model's own where everybody is independent: CR2 of a group of few people is too
    rough a weight. Where people share clusters, groups without a standard error stay out.
    """
    if not whole.rule:
        return []
    alone = whole.total == whole.people
    known = [k for k, one in enumerate(groups) if alone or one.se is not None]
    if len(known) < 3:
        return []
    model = fit(split.y, split.x, vcov="classical") if alone else found
    df = float(model.n - model.coef.size) if alone else min(groups[k].df or 1.0 for k in known)
    values = [groups[k].value or 0.0 for k in known]
    drawn = pooled(values, model.vcov[np.ix_(known, known)])
    t = float(special.stdtrit(df, 0.5 + level / 2.0))
    errors = "the model's errors" if alone else "CR2"
    method = (
        f"drawn towards the groups' common mean (empirical Bayes, REML, {errors}); interval allows "
        f"for the variance between groups being estimated"
    )
    made = []
    for k, value, error in zip(known, drawn.values, drawn.errors, strict=True):
        one = valued(groups[k], value, term="subgroup-pooled", method=method)
        low, high = (float(value - t * error), float(value + t * error))
        shown = whole.interval
        made.append(
            replace(
                one,
                se=float(error),
                df=df,
                low=low if shown else None,
                high=high if shown else None,
            )
        )
    everyone = np.ones(len(split.y), bool)
    form = split.form(everyone, level, _smallest(split))
    method = "standard deviation of the groups' values, REML"
    return [*made, valued(form, drawn.tau2**0.5, term="between-groups-sd", method=method)]


def _over_moderators(estimates: Sequence[Estimate]) -> list[Estimate]:
    """Joint tests of several moderators at once are corrected by Holm, contrast by contrast."""
    found = list(estimates)
    tests = [i for i, one in enumerate(found) if one.term == "interaction-test"]
    for key in dict.fromkeys((found[i].role, found[i].contrast) for i in tests):
        family = [i for i in tests if (found[i].role, found[i].contrast) == key]
        if len(family) < 2:
            continue
        adjusted = holm([1.0 if found[i].p is None else float(found[i].p or 0) for i in family])
        for i, p in zip(family, adjusted, strict=True):
            if found[i].p is not None:
                method = f"{found[i].method}; Holm over {len(family)} moderators"
                found[i] = replace(found[i], p=float(p), method=method)
    return found


def _observational(split: Compared) -> Check:
    detail = (
        f"{split.about}: chance did not decide who is in which group, so a difference between "
        f"groups may come from anything else in which they differ."
    )
    return Check("groups formed by chance", False, detail)


def _smallest(split: Compared) -> int:
    """The fewest people on one side of one group."""
    sides = split.arms.astype(str)
    groups = split.codes if split.number is None else np.zeros(len(split.y), np.intp)
    marks = np.char.add(groups.astype(str), sides)
    return int(np.unique(marks, return_counts=True)[1].min())


def _unit(found: Fit, place: int) -> np.ndarray:
    weights = np.zeros(found.coef.size)
    weights[place] = 1.0
    return weights


def _tables(study: Study, outcome: Outcome, answer: _Answer) -> tuple[Table, ...]:
    found = _over_moderators(answer.estimates)
    drawn = {one.key[:6]: one for one in found if one.term == "subgroup-pooled"}
    apart = {one.key[:6]: one for one in found if one.term == "interaction"}
    groups, tests = [], []
    for one in found:
        who = base.Behind(one.members, one.n_pairs, one.n_clusters)
        about = study.design.role_label(one.role)
        by, _, name = one.group.partition(" = ")
        start = (base.label(about), base.label(one.contrast), base.label(by))
        if one.term == "subgroup":
            other = drawn.get(one.key[:6])
            ends = (one.low, one.high)
            pooling = (None,) * 3 if other is None else (other.value, other.low, other.high)
            groups.append(
                (
                    *start,
                    base.label(name),
                    base.cell(one.n_people, "count", who),
                    base.cell(one.value, "contrast", who),
                    *(base.cell(end, "interval", who) for end in ends),
                    base.cell(pooling[0], "contrast", who),
                    *(base.cell(end, "interval", who) for end in pooling[1:]),
                )
            )
        elif one.term == "interaction-test":
            tests.append((*start, *_test_cells(one, apart.get(one.key[:6]), who)))
    title = f"{outcome.label}: each group's difference"
    note = "Pooled: drawn towards the groups' common mean as far as chance explains differences."
    return (
        Table("subgroups", title, GROUPS, tuple(groups), note),
        Table("tests", f"{outcome.label}: do groups differ?", TESTS, tuple(tests), APART),
    )


def _test_cells(one: Estimate, apart: Estimate | None, who: base.Behind) -> tuple[Cell, ...]:
    """The difference of two groups (or a number's slope), then the joint test."""
    gap = (None,) * 3 if apart is None else (apart.value, apart.low, apart.high)
    return (
        base.cell(gap[0], "contrast", who),
        *(base.cell(end, "interval", who) for end in gap[1:]),
        base.cell(one.value, "statistic", who),
        base.label(one.method.removeprefix("joint test on ").split()[0]),
        *(base.cell(number, "statistic", who) for number in (one.df, one.p)),
    )
