"""From results to the facts that a verdict needs: who was compared, how alike, who was lost."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from rmresearch.evidence.judge import AttritionClass, Facts
from rmresearch.numerics.attrition_boundary import classify
from rmresearch.result import Estimate, Result
from rmresearch.study import Study, Wave, among

__all__ = ["facts", "programme_ended"]

DAYS_A_MONTH = 30.4375
#: a last wave may lie a little before the planned end
GRACE = pd.Timedelta(days=31)
BRACKET = ("", "difference-in-differences", "reliability-corrected")


def facts(
    study: Study,
    record: Estimate,
    answer: Result,
    lost: Result | None = None,
    *,
    planned: bool = False,
    rejected: bool | None = None,
) -> Facts:
    """The facts behind one estimate of record (``term=""``) of ``compare_arms`` or ``pre_post``.

    ``answer`` is the result that the record stands in, ``lost`` that of ``attrition`` for the
    same outcome. ``planned`` says whether a frozen question asked for it and ``rejected`` what
    Holm's correction decided (see ``decide``); give the record at the level that matches the
    decision (``at_level``). A change in one group is judged as a single group, whatever the design.
    """
    outcome, design = study.design.outcome(record.outcome), study.design
    between = answer.call.function == "compare_arms"
    randomised = between and design.randomised
    wave = design.wave(record.wave)
    behind = _answered(answer, record)
    return Facts(
        kind=design.kind if between else "single-group",
        unit=design.unit,
        clusters=_clusters(study, record, behind) if between else (record.n_clusters,),
        attrition=_attrition(lost, record, "") if randomised else None,
        cluster_attrition=_attrition(lost, record, "-clusters") if randomised else None,
        baseline_g=_beside(answer, record, "baseline-difference") if between else None,
        adjusted=between,
        bracket_agrees=_bracket(answer, record) if between and not randomised else None,
        contaminated=between and _contaminated(study, record, behind, wave),
        self_rated=outcome.source == "self",
        same_question=outcome.timing == "repeated",
        estimate=record.value,
        low=record.low,
        high=record.high,
        smallest_effect=outcome.smallest_effect,
        direction=outcome.direction,
        rejected=rejected,
        ended=programme_ended(study),
        planned=planned,
    )


def programme_ended(study: Study) -> bool:
    """E10: whether the data reach the planned end (the last declared wave, or the end's month)."""
    design = study.design
    answered = set(study.measures.loc[study.measures["value"].notna(), "wave"].unique())
    if design.end is None or design.waves[-1].name in answered:
        return True
    days = [_day(study, wave) for wave in design.waves if wave.name in answered]
    end = pd.Timestamp(design.end)
    return any(day is not None and day >= end - GRACE for day in days)


def _arms(record: Estimate) -> tuple[str, str]:
    programme, _, comparison = record.contrast.partition(" - ")
    return programme, comparison


def _answered(answer: Result, record: Estimate) -> frozenset[str]:
    """Who carries the contrast at its wave: before and at it, an answer of theirs counts.

    A model of all waves also holds people who answered at others only, or had crossed over by
    this one; the analysis of this wave by itself, beside it, does not.
    """
    alone = _same(answer.estimates, record, "ancova")
    return record.members if alone is None else alone.members


def _clusters(study: Study, record: Estimate, behind: frozenset[str]) -> tuple[int, ...]:
    """The independent clusters behind each arm of the contrast."""
    table = study.participants
    inside = table[among(table["person"], behind) & table["arm"].isin(_arms(record))]
    cluster = study.clusters().reindex(pd.Index(inside["person"])).to_numpy()
    counts = pd.Series(cluster).groupby(inside["arm"].to_numpy()).nunique()
    return tuple(int(counts.get(arm, 0)) for arm in _arms(record))


def _same(estimates: Iterable[Estimate], record: Estimate, term: str) -> Estimate | None:
    """The estimate of another term about the same people, wave and contrast."""
    key = (record.role, record.outcome, record.wave, record.contrast)
    for one in estimates:
        if one.term == term and (one.role, one.outcome, one.wave, one.contrast) == key:
            return one
    return None


def _beside(answer: Result, record: Estimate, term: str) -> float | None:
    found = _same(answer.estimates, record, term)
    return None if found is None else found.value


def _attrition(lost: Result | None, record: Estimate, counted: str) -> AttritionClass | None:
    if lost is None:
        return None
    overall = _beside(lost, record, f"overall-attrition{counted}")
    differential = _beside(lost, record, f"differential-attrition{counted}")
    if overall is None or differential is None:
        return None
    return classify(overall, differential).cautious


def _bracket(answer: Result, record: Estimate) -> bool | None:
    """Whether the three adjusted answers agree: all above zero, all below, or all holding it."""
    found = [_same(answer.estimates, record, term) for term in BRACKET]
    signs = {None if one is None else _sign(one) for one in found}
    return None if None in signs else len(signs) == 1


def _sign(one: Estimate) -> int | None:
    if one.low is None or one.high is None:
        return None
    return int(one.low > 0) - int(one.high < 0)


def _contaminated(study: Study, record: Estimate, behind: frozenset[str], wave: Wave) -> bool:
    """Whether anybody who counts as comparison had met in a pair by the wave."""
    table = study.participants
    ours = among(table["person"], behind) & (table["arm"] == _arms(record)[1])
    people = table.loc[ours, "person"]
    pairs = study.pairs[among(study.pairs["senior"], people) | among(study.pairs["junior"], people)]
    if pairs.empty:
        return False
    day = _day(study, wave)
    started = day is not None and bool((pairs["start"] < day).any())
    held = study.meetings[among(study.meetings["pair"], pairs["pair"]) & study.meetings["held"]]
    order = [one.name for one in study.design.waves]
    until = order[: order.index(wave.name) + 1]
    dated = day is not None and bool((held["date"] < day).any())
    return started or dated or bool(held["wave"].isin(until).any())


def _day(study: Study, wave: Wave) -> pd.Timestamp | None:
    if wave.day is not None:
        return pd.Timestamp(wave.day)
    if study.design.start is None:
        return None
    return pd.Timestamp(study.design.start) + pd.Timedelta(days=wave.months * DAYS_A_MONTH)
