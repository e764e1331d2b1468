"""What must not change an answer: row order, ids, origin and unit of scores, which arm is named.

An analysis joins by an entry in ``CASES`` (and ``ARMS`` where it contrasts two arms). Ends of
intervals, errors and p-values are held too. The tolerance 1e-8 is trust.md's, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.change import pre_post
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome, Study

from .studies import TWO_ARMS, make_study

SCALE = Outcome("skill", "Skill", "senior", ("a", "b"), low=1, high=7, smallest_effect=0.4)
#: terms whose value is free of the outcome's unit
UNITLESS = {
    "standardised", "wilcoxon", "win-probability", "reliably-improved", "reliably-worsened",
    "exaggeration", "rerandomisation", "rerandomisation-smallest", "baseline-difference",
}  # fmt: skip
Analysis = Callable[[Study, float, float], Result]


def _change(study: Study, shift: float, scale: float) -> Result:
    return pre_post(study, "skill", untreated_retest=0.6, pool_mean=4.0 * scale + shift)


#: name -> (kind of design, analysis of (study, shift, scale))
CASES: dict[str, tuple[str, Analysis]] = {
    "pre_post": ("randomised", _change),
    "compare_arms": ("randomised", lambda study, *_: compare_arms(study, "skill")),
    "bracket": ("comparison", lambda study, *_: compare_arms(study, "skill")),
}
ARMS = ("compare_arms", "bracket")


def study_of(kind: str) -> Study:
    rng = np.random.default_rng(12)
    n = 44
    set_of = np.arange(n) // 2
    true = rng.normal(4, 1, n) + rng.normal(0, 0.5, n)[set_of]
    items = {
        item: {
            wave: list(true + shift * (np.arange(n) < n // 2) + rng.normal(0, 0.6, n))
            for wave, shift in (("before", 0.0), ("after", 0.5))
        }
        for item in "ab"
    }
    items["a"]["after"][3] = items["b"]["after"][3] = None  # type: ignore[call-overload]
    return make_study(
        items,
        arm=["programme"] * (n // 2) + ["comparison"] * (n // 2),
        kind=kind,
        juniors=[f"j{g}" for g in set_of],
        unit="set",
        outcomes=[SCALE],
        stratum=[f"x{g % 2}" for g in set_of],
    )


def same(found: Result, expected: Result, change: Callable[[Estimate], Estimate]) -> None:
    """Every estimate equal to what ``change`` makes of the expected one."""
    got = {estimate.key: estimate for estimate in found.estimates}
    assert len(got) == len(expected.estimates) > 5
    for before in expected.estimates:
        wanted = change(before)
        one = got[wanted.key]
        for name in ("value", "se", "low", "high", "df", "p"):
            a, b = getattr(one, name), getattr(wanted, name)
            # numbers near 0 are held to 1e-8 of a scale point
            assert (a is None) == (b is None), (wanted.key, name)
            if b is not None:
                assert a == pytest.approx(b, rel=1e-8, abs=1e-8), (wanted.key, name)
        assert (one.n_people, one.n_pairs, one.n_clusters) == (
            wanted.n_people, wanted.n_pairs, wanted.n_clusters,
        )  # fmt: skip
    assert {(c.name, c.passed) for c in found.checks} == {
        (c.name, c.passed) for c in expected.checks
    }
    assert sum(d.people for d in found.dropped) == sum(d.people for d in expected.dropped)


def unchanged(estimate: Estimate) -> Estimate:
    return estimate


@pytest.mark.parametrize("name", CASES)
def test_row_order(name: str) -> None:
    kind, analysis = CASES[name]
    study = study_of(kind)
    rng = np.random.default_rng(5)
    shuffled = {
        table: getattr(study, table).iloc[rng.permutation(len(getattr(study, table)))]
        for table in ("participants", "pairs", "measures")
    }
    mixed = replace(study, **{k: v.reset_index(drop=True) for k, v in shuffled.items()})
    same(analysis(mixed, 0.0, 1.0), analysis(study, 0.0, 1.0), unchanged)


@pytest.mark.parametrize("name", CASES)
def test_relabelled_ids(name: str) -> None:
    kind, analysis = CASES[name]
    study = study_of(kind)
    ids = list(study.participants["person"])
    codes = dict(zip(ids, np.random.default_rng(6).permutation(len(ids)), strict=True))

    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        columns = [c for c in ("person", "rater", "junior", "senior") if c in table]
        return table.assign(**{c: [f"q{codes[v]:04d}" for v in table[c]] for c in columns})

    tables: dict[str, Any] = {t: renamed(getattr(study, t)) for t in ("participants", "pairs")}
    tables["measures"] = renamed(study.measures)
    same(analysis(replace(study, **tables), 0.0, 1.0), analysis(study, 0.0, 1.0), unchanged)


@pytest.mark.parametrize("shift, scale", [(1e4, 1.0), (0.0, 250.0), (-300.0, 0.01)])
@pytest.mark.parametrize("name", CASES)
def test_origin_and_unit_of_scores(name: str, shift: float, scale: float) -> None:
    kind, analysis = CASES[name]
    study = study_of(kind)
    other = replace(SCALE, low=None, high=None, smallest_effect=0.4 * scale)
    moved = replace(
        study,
        measures=study.measures.assign(value=study.measures["value"] * scale + shift),
        design=replace(study.design, outcomes=(other,)),
    )

    def rescaled(estimate: Estimate) -> Estimate:
        if estimate.term in UNITLESS:
            return estimate
        parts = {k: getattr(estimate, k) for k in ("value", "se", "low", "high")}
        return replace(estimate, **{k: None if v is None else v * scale for k, v in parts.items()})

    same(analysis(moved, shift, scale), analysis(study, 0.0, 1.0), rescaled)


@pytest.mark.parametrize("name", ARMS)
def test_swapped_arms_turn_the_sign(name: str) -> None:
    kind, analysis = CASES[name]
    study = study_of(kind)
    turned = tuple(replace(arm, programme=not arm.programme) for arm in TWO_ARMS)
    swapped = replace(study, design=replace(study.design, arms=turned))
    kept = {"smallest-detectable", "exaggeration", "rerandomisation", "rerandomisation-smallest"}

    def mirrored(estimate: Estimate) -> Estimate:
        estimate = replace(estimate, contrast="comparison - programme")
        if estimate.term in kept or estimate.value is None:
            return estimate
        low, high = (None if e is None else -e for e in (estimate.high, estimate.low))
        return replace(estimate, value=-estimate.value, low=low, high=high)

    same(analysis(swapped, 0.0, 1.0), analysis(study, 0.0, 1.0), mirrored)
