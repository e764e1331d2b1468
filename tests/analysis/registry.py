"""Every public analysis as the invariance tests ask it: one entry each in ``CASES``.

To join: give the call, the outcome whose scores it uses, and how its terms answer to another unit
(``power``), another origin (``moves``) and swapped arms (``mirror``). `test_invariance` does the
rest, and names every public analysis that has no entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

import rmresearch as rm
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome, Study

from .studies import make_study

#: asks a study whose scores x were turned into shift + scale x
Ask = Callable[[Study, float, float], Result]
#: how value, error and ends of an estimate grow with the unit of scores (0: not at all)
Power = Callable[[Estimate], int]


def by_term(named: Mapping[str, int] | None = None, others: int = 1) -> Power:
    """The power of each term, ``others`` where it is not named (2: a variance)."""
    known = dict(named or {})
    return lambda estimate: known.get(estimate.term, others)


SCORES = by_term()


def no_unit(estimate: Estimate) -> int:
    """Nothing in it is measured in scores."""
    return 0


@dataclass(frozen=True, slots=True)
class Case:
    """One way to ask one analysis.

    ``outcome``: its answers are moved and rescaled ("": those of all outcomes). ``moves``: terms
    that move with the origin. ``mirror``: which terms keep their sign when programme and
    comparison change names; None where the analysis does not contrast arms.
    """

    function: str
    ask: Ask
    study: Callable[[], Study]
    outcome: str = ""
    power: Power = SCORES
    moves: frozenset[str] = frozenset()
    mirror: frozenset[str] | None = None


# -- studies --------------------------------------------------------------------------------------

SCALE = Outcome("skill", "Skill", "senior", ("a", "b"), low=1, high=7, smallest_effect=0.4)


@cache
def pilot() -> Study:
    """A simulated waitlist pilot of 28 pairs: three waves, meetings, leavers, records, sites."""
    return rm.simulate(rm.Scenario(pairs=28), seed=7).study


@cache
def some_never_met() -> Study:
    """The pilot, but four of the pairs in the programme never start."""
    study = pilot()
    began = study.pairs["start"].notna()
    never = began & (began.cumsum() <= 4)
    return replace(study, pairs=study.pairs.assign(start=study.pairs["start"].mask(never)))


@cache
def two_arms(kind: str) -> Study:
    """44 people by twos in 22 sets, two waves, two strata; nobody's pair has a life of its own."""
    rng = np.random.default_rng(12)
    n = 44
    set_of = np.arange(n) // 2
    true = rng.normal(4, 1, n) + rng.normal(0, 0.5, n)[set_of]
    items: dict[str, dict[str, list[float | None]]] = {
        item: {
            wave: list(true + shift * (np.arange(n) < n // 2) + rng.normal(0, 0.6, n))
            for wave, shift in (("before", 0.0), ("after", 0.5))
        }
        for item in "ab"
    }
    items["a"]["after"][3] = items["b"]["after"][3] = None
    return make_study(
        items,
        arm=["programme"] * (n // 2) + ["comparison"] * (n // 2),
        kind=kind,
        juniors=[f"j{g}" for g in set_of],
        unit="set",
        outcomes=[SCALE],
        stratum=[f"x{g % 2}" for g in set_of],
    )


@cache
def all_waves() -> Study:
    """The pilot with pairs and meetings that tell nothing, so that swapped arms are the same."""
    study = pilot()
    bare: dict[str, Any] = {
        "start": study.pairs["start"].mask(study.pairs["start"].notna()),
        "end": study.pairs["end"].mask(study.pairs["end"].notna()),
        "reason": study.pairs["reason"].mask(study.pairs["reason"].notna()),
    }
    return replace(study, pairs=study.pairs.assign(**bare), meetings=study.meetings.iloc[:0])


# -- entries --------------------------------------------------------------------------------------

NO_UNIT = by_term(
    dict.fromkeys(
        (
            "standardised", "wilcoxon", "win-probability", "reliably-improved",
            "reliably-worsened", "exaggeration", "rerandomisation", "rerandomisation-smallest",
            "baseline-difference",
        ),
        0,
    )
)  # fmt: skip
#: what has no direction from one arm to the other
NO_SIGN = frozenset(
    {"smallest-detectable", "exaggeration", "rerandomisation", "rerandomisation-smallest"}
)


def _change(study: Study, shift: float, scale: float) -> Result:
    return rm.pre_post(study, "skill", untreated_retest=0.6, pool_mean=4.0 * scale + shift)


CASES: dict[str, Case] = {
    "pre_post": Case("pre_post", _change, lambda: two_arms("randomised"), "skill", NO_UNIT),
    "compare_arms": Case(
        "compare_arms",
        lambda study, *_: rm.compare_arms(study, "skill"),
        lambda: two_arms("randomised"),
        "skill",
        NO_UNIT,
        mirror=NO_SIGN,
    ),
    "compare_arms, bracket": Case(
        "compare_arms",
        lambda study, *_: rm.compare_arms(study, "skill"),
        lambda: two_arms("comparison"),
        "skill",
        NO_UNIT,
        mirror=NO_SIGN,
    ),
    "compare_arms, all waves": Case(
        "compare_arms",
        lambda study, *_: rm.compare_arms(study, "digital_skill", rerandomise=False),
        all_waves,
        "digital_skill",
        NO_UNIT,
        mirror=NO_SIGN,
    ),
    "compare_arms, some never met": Case(
        "compare_arms",
        lambda study, *_: rm.compare_arms(study, "digital_skill", rerandomise=False),
        some_never_met,
        "digital_skill",
        NO_UNIT,
    ),
    "mixed_model": Case(
        "mixed_model",
        lambda study, *_: rm.mixed_model(study, "digital_skill"),
        pilot,
        "digital_skill",
        by_term({"variance": 2, "variance-share": 0, "icc": 0, "slope-test": 0}),
        moves=frozenset({"", "kenward-roger"}),
    ),
    "wave_means": Case(
        "wave_means",
        lambda study, *_: rm.wave_means(study, "digital_skill"),
        pilot,
        "digital_skill",
        moves=frozenset({""}),
    ),
    "engagement": Case(
        "engagement", lambda study, *_: rm.engagement(study), pilot, power=no_unit
    ),
    "engagement, with an outcome": Case(
        "engagement",
        lambda study, *_: rm.engagement(study, "digital_skill"),
        pilot,
        "digital_skill",
    ),
    "attrition": Case(
        "attrition",
        lambda study, *_: rm.attrition(study, "digital_skill"),
        pilot,
        "digital_skill",
        by_term(
            dict.fromkeys(
                (
                    "overall-attrition", "differential-attrition", "overall-attrition-clusters",
                    "differential-attrition-clusters", "still-paired", "standardised",
                ),
                0,
            )
        ),
    ),
    "missingness": Case(
        "missingness",
        lambda study, *_: rm.missingness(study),
        pilot,
        power=lambda one: int(bool(one.contrast) and one.term != "standardised"),
    ),
    "pulse": Case(
        "pulse",
        lambda study, *_: rm.pulse(study),
        pilot,
        power=by_term({"responded": 0, "meetings-a-month": 0, "favourable": 0}),
        moves=frozenset({"mean"}),
    ),
    "reaction": Case(
        "reaction",
        lambda study, *_: rm.reaction(study, "satisfaction"),
        pilot,
        "satisfaction",
        by_term({"": 0}),
        moves=frozenset({"mean"}),
    ),
    "reliability": Case(
        "reliability",
        lambda study, *_: rm.reliability(study, "digital_skill"),
        pilot,
        "digital_skill",
        no_unit,
    ),
    "dyadic": Case(
        "dyadic",
        lambda study, *_: rm.dyadic(study, "digital_skill", "leadership_confidence"),
        pilot,
        power=no_unit,
    ),
    "equivalence": Case(
        "equivalence",
        lambda study, *_: rm.equivalence(
            study, "digital_skill", of=rm.compare_arms(study, "digital_skill", rerandomise=False)
        ),
        all_waves,
        "digital_skill",
        mirror=frozenset(),
    ),
    "match_quality": Case(
        "match_quality",
        lambda study, *_: rm.match_quality(study, "digital_skill"),
        pilot,
        "digital_skill",
        by_term({"holm": 0, "out-of-sample-r2": 0, "permutation": 0}),
    ),
    "subgroups": Case(
        "subgroups",
        lambda study, *_: rm.subgroups(study, "digital_skill", by=("interests", "department")),
        pilot,
        "digital_skill",
        by_term({"interaction-test": 0}),
    ),
    "value": Case(
        "value",
        lambda study, _, scale: rm.value(
            study,
            "skill",
            inputs={"programme_cost": 9e3, "hours": 20, "hourly_cost": 60, "worth": 900 / scale},
        ),
        lambda: two_arms("randomised"),
        "skill",
        by_term({"cost": 0, "net-benefit": 0, "cost-per-point": -1}),
    ),
    "workforce_outcomes": Case(
        "workforce_outcomes",
        lambda study, *_: rm.workforce_outcomes(study, "promoted"),
        pilot,
        power=no_unit,
        mirror=frozenset(),
    ),
}  # fmt: skip
