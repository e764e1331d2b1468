"""Who volunteers, what matching can do, and what formats change: cohorts that share their luck."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures import Interval, interval_plot
from rmresearch.report.tour.base import Array, cohorts, mean_row, signed
from rmresearch.world.draw import Draw, draw
from rmresearch.world.instruments import JUNIORS, SENIOR
from rmresearch.world.people import similarity
from rmresearch.world.scenario import Scenario

__all__ = ["formats", "matching_policies", "who_volunteers"]

MEANS = "Means over {count} cohorts of {pairs} pairs, with 95% intervals of the Monte Carlo error."
SHARED = f"The same people and the same luck. {MEANS}"


def who_volunteers(scenario: Scenario, *, replicates: int, seed: int) -> FigureBlock:
    """How do those who apply differ from everybody eligible?

    All are drawn from the eligible, whose mean is 0 and whose SD is 1.
    """
    levers = replace(scenario.levers, application="volunteer")
    everybody = replace(scenario, levers=levers, comparison="none",
                        design=replace(scenario.design, unit="pair"))  # fmt: skip
    drawn = draw(everybody, replicates, seed)
    people, months = drawn.people, drawn.scenario.months
    rows = []
    for role, who, scale in (
        ("Seniors", slice(SENIOR, SENIOR + 1), "digital skill at the moment"),
        ("Juniors", JUNIORS, "leadership confidence at the moment"),
    ):
        group = f"{role} who take part"
        rows += [
            mean_row(scale, cohorts(people.skill[..., who]), group=group, main=True),
            mean_row("performance", cohorts(people.performance[..., who]), group=group),
            mean_row("lack of time", cohorts(people.time_poverty[..., who]), group=group),
        ]
    skill = drawn.untreated["digital_skill"]
    back = cohorts(skill[..., -1] - skill[..., 0])
    rows.append(
        mean_row(f"digital skill, month {months} minus start", back,
                 group="The same seniors without any programme", main=True)
    )  # fmt: skip
    low, risen = rows[0].value or 0.0, float(back.mean())
    where = "below" if low < 0 else "above"
    return interval_plot(
        rows,
        title=(
            f"Seniors who volunteer are {signed(abs(low)).lstrip('+')} SD {where} their colleagues "
            f"at the moment, and move {signed(risen)} SD without any programme"
        ),
        unit="SD of the eligible",
        caption=MEANS.format(count=replicates, pairs=scenario.pairs),
        sides=("less than the eligible", "more"),
    )


def matching_policies(scenario: Scenario, *, replicates: int, seed: int) -> FigureBlock:
    """What does a matching policy change, in the pairs and in what they learn?

    The last policy is one that no form allows: values known as well as people know them.
    """
    known = replace(scenario, nature=replace(scenario.nature, values_asked=1.0))
    tried: dict[str, Scenario] = {
        "They choose for themselves": _matched(scenario, "self-selected"),
        "Optimal assignment": _matched(scenario, "optimal"),
        "Optimal, if values could be known": _matched(known, "optimal"),
    }
    rows, found = _against(
        _matched(scenario, "random"), tried, ALIKE | GAINS, replicates=replicates, seed=seed
    )
    alike = found["Optimal assignment", "alike in interests"]
    learnt = found["Optimal assignment", "seniors' digital skill"]
    return interval_plot(
        rows,
        title=(
            f"Optimal matching makes pairs {signed(alike)} SD more alike in interests and adds "
            f"{signed(learnt)} SD to what seniors learn"
        ),
        unit="SD, against pairs made at random",
        caption=SHARED.format(count=replicates, pairs=scenario.pairs),
        sides=("less than at random", "more"),
    )


def formats(scenario: Scenario, *, replicates: int, seed: int) -> FigureBlock:
    """What do formats change against one-to-one mentoring?"""
    two = {"juniors": 2}
    tried = {
        "Reciprocal": _formed(scenario, "reciprocal", juniors=1),
        "A group: two juniors to one senior": _formed(scenario, "group", **two),
        "A team challenge, two juniors to one senior": _formed(scenario, "team challenge", **two),
    }
    rows, found = _against(
        _formed(scenario, "one-to-one", juniors=1), tried, SAFE | GAINS | VIEW,
        replicates=replicates, seed=seed,
    )  # fmt: skip
    group = "A group: two juniors to one senior"
    fear, learnt = (found[group, what] for what in ("intimidation", "seniors' digital skill"))
    return interval_plot(
        rows,
        title=(
            f"Two juniors to one senior: juniors' intimidation {signed(fear)} SD, what seniors "
            f"learn {signed(learnt)} SD"
        ),
        unit="SD, against one-to-one mentoring",
        caption=SHARED.format(count=replicates, pairs=scenario.pairs),
        sides=("less than one-to-one", "more"),
    )


def _gain(scale: str) -> Callable[[Draw], Array]:
    return lambda drawn: drawn.gain[scale][..., -1]


Measures = Mapping[str, Callable[[Draw], Array]]
ALIKE: dict[str, Callable[[Draw], Array]] = {
    "alike in interests": lambda drawn: similarity(drawn.people.interests),
    "alike in values": lambda drawn: similarity(drawn.people.values),
    "alike in background": lambda drawn: similarity(drawn.people.background),
    "how they get on": lambda drawn: drawn.course.quality,
}
SAFE: dict[str, Callable[[Draw], Array]] = {
    "intimidation": lambda drawn: drawn.pairs.intimidation,
    "psychological safety": lambda drawn: drawn.pairs.safety,
    "how they get on": lambda drawn: drawn.course.quality,
}
GAINS: dict[str, Callable[[Draw], Array]] = {
    "seniors' digital skill": _gain("digital_skill"),
    "juniors' leadership confidence": _gain("leadership_confidence"),
}
VIEW: dict[str, Callable[[Draw], Array]] = {
    "juniors' view of the organisation": _gain("visibility"),
}


def _matched(scenario: Scenario, policy: Any) -> Scenario:
    return replace(scenario, levers=replace(scenario.levers, matching=policy))


def _formed(scenario: Scenario, format_: Any, *, juniors: int) -> Scenario:
    return replace(scenario, levers=replace(scenario.levers, format=format_, juniors=juniors))


def _against(
    usual: Scenario,
    tried: Mapping[str, Scenario],
    measures: Measures,
    *,
    replicates: int,
    seed: int,
) -> tuple[list[Interval], dict[tuple[str, str], float]]:
    """Each scenario against the usual one, cohort by cohort of the same luck."""
    base = draw(usual, replicates, seed)
    before = {name: cohorts(measure(base)) for name, measure in measures.items()}
    rows, found = [], {}
    for group, scenario in tried.items():
        drawn = draw(scenario, replicates, seed)
        for name, measure in measures.items():
            change = cohorts(measure(drawn)) - before[name]
            rows.append(mean_row(name, change, group=group))
            found[group, name] = float(change.mean())
    return rows, found
