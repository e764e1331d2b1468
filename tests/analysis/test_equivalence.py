"""Two one-sided tests: against R's quantiles of t, by hand, and the sentences of rule E9."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.change import pre_post
from rmresearch.analysis.equivalence import FINDINGS, equivalence, finding
from rmresearch.errors import StudyError
from rmresearch.privacy import release
from rmresearch.result import Call, Estimate, Result
from rmresearch.study import Outcome, Study

from .studies import make_study

SKILL = Outcome("skill", "Digital skill", "senior", ("a", "b"), low=1, high=7, smallest_effect=0.5)


def study_of(n: int, effect: float = 0.0, *, kind: str = "randomised", noise: float = 0.4) -> Study:
    rng = np.random.default_rng(n)
    true = rng.normal(4, 1, n)
    arm = np.arange(n) < n // 2
    items = {
        item: {
            "before": list(true + noise * rng.normal(size=n)),
            "after": list(true + effect * arm + noise * rng.normal(size=n)),
        }
        for item in "ab"
    }
    names = ["programme" if one else "comparison" for one in arm]
    if kind == "single-group":
        return make_study(items, outcomes=[SKILL], paired=False)
    return make_study(items, arm=names, kind=kind, outcomes=[SKILL], paired=False)


def recorded(value: float, se: float, df: float, **changes: object) -> Result:
    """An answer with one estimate of record."""
    half = stats.t.ppf(0.975, df) * se
    one = Estimate(
        role="senior", outcome="skill", wave="after", contrast="programme - comparison",
        value=value, se=se, df=df, low=value - half, high=value + half, p=0.5,
    )  # fmt: skip
    call = Call("compare_arms", (("outcome", "skill"),))
    return Result(call, (replace(one, **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", [0, 1, 2])
def test_agrees_with_r(case: int, by_r: Callable[[str], tuple[Any, Any]]) -> None:
    given, said = (part["equivalence"][case] for part in by_r("dyads"))
    value, se, df, margin = given
    of = recorded(value, se, df)
    test, record = equivalence(study_of(24), "skill", of=of, smallest_effect=margin).estimates
    # both are the same few operations in double precision: R wrote 15 digits
    got = (test.p, test.low, test.high, record.low, record.high)
    wanted = tuple(said[key] for key in ("p", "low90", "high90", "low95", "high95"))
    assert got == pytest.approx(wanted, rel=1e-10)
    assert (test.level, record.level) == (pytest.approx(0.9), 0.95)


@pytest.mark.parametrize(
    ("value", "se", "said"),
    [
        # margin .5 on 20 df: t.95 = 1.725, t.975 = 2.086
        (0.05, 0.10, "no meaningful difference"),  # -.12 to .22
        (0.25, 0.10, "a difference too small to matter"),  # .08 to .42, and 95% above 0
        (0.45, 0.10, "a difference"),  # .28 to .62
        (0.35, 0.20, "no evidence of a difference"),  # .01 to .69, 95% holds 0, .69 wide
        (0.05, 0.35, "could not have shown it"),  # 1.21 wide
        (0.9, 0.35, "a difference"),  # as wide, but not 0
    ],
)
def test_each_finding_has_its_own_sentence(value: float, se: float, said: str) -> None:
    result = equivalence(study_of(24), "skill", of=recorded(value, se, 20.0))
    table = result.table("equivalence").to_frame()
    assert list(table["finding"]) == [FINDINGS[said]]  # type: ignore[index]
    test = result.estimates[0]
    assert (test.p is not None and test.p < 0.05) == (
        said in {"no meaningful difference", "a difference too small to matter"}
    )
    wide = not result.checks[0].passed
    assert wide == (2 * stats.t.ppf(0.95, 20) * se > 1.0)


def test_the_three_sentences_of_e9_are_three() -> None:
    three = ("no meaningful difference", "no evidence of a difference", "could not have shown it")
    assert len({FINDINGS[one] for one in three}) == 3  # type: ignore[index]


def test_without_a_p_value_the_interval_still_speaks_and_without_one_nothing_does() -> None:
    few = equivalence(study_of(24), "skill", of=recorded(0.05, 0.1, 20.0, p=None))
    assert few.estimates[0].p is None
    assert list(few.table("equivalence").to_frame()["finding"]) == [
        FINDINGS["no meaningful difference"]
    ]
    whole = recorded(0.05, 0.1, 20.0)
    bare = replace(whole.estimates[0], p=None, se=None, df=None, low=None, high=None)
    none = equivalence(study_of(24), "skill", of=replace(whole, estimates=(bare,)))
    assert list(none.table("equivalence").to_frame()["finding"]) == [FINDINGS["no interval"]]
    assert not none.checks[0].passed


def test_tests_what_either_analysis_has_as_its_record() -> None:
    study = study_of(60)
    record = next(e for e in compare_arms(study, "skill").estimates if e.term == "")
    test, same = equivalence(study, "skill", of=compare_arms(study, "skill")).estimates
    assert (same.value, same.low, same.high, same.p) == (
        record.value, record.low, record.high, record.p,
    )  # fmt: skip
    ends = [(record.value - 0.5) / record.se, (-0.5 - record.value) / record.se]  # type: ignore[operator]
    assert test.p == pytest.approx(stats.t.cdf(max(ends), record.df))
    alone = study_of(60, kind="single-group")
    change = next(e for e in pre_post(alone, "skill").estimates if e.term == "")
    of = pre_post(alone, "skill")
    assert equivalence(alone, "skill", of=of).estimates[1].value == change.value


def test_where_chance_did_not_form_the_arms_all_answers_must_agree() -> None:
    study = study_of(60, kind="comparison")
    answer = compare_arms(study, "skill")
    result = equivalence(study, "skill", of=answer)
    assert list(result.table("equivalence").to_frame()["finding"]) == [
        FINDINGS["no meaningful difference"]
    ]
    moved = tuple(
        replace(e, value=(e.value or 0) + 0.4) if e.term == "difference-in-differences" else e
        for e in answer.estimates
    )
    gone = tuple(e for e in answer.estimates if e.term != "reliability-corrected")
    for estimates in (moved, gone):
        other = equivalence(study, "skill", of=replace(answer, estimates=estimates))
        assert list(other.table("equivalence").to_frame()["finding"]) == [
            FINDINGS["not confirmed by other adjustments"]
        ]


def test_follows_shift_scale_and_swapped_signs() -> None:
    of = recorded(0.1, 0.15, 18.0)
    one = equivalence(study_of(24), "skill", of=of).estimates[0]
    half = of.estimates[0]
    turned = replace(half, value=-0.1, low=-(half.high or 0), high=-(half.low or 0))
    other = equivalence(study_of(24), "skill", of=Result(of.call, (turned,))).estimates[0]
    assert (other.low, other.high, other.p) == pytest.approx(
        (-(one.high or 0), -(one.low or 0), one.p)
    )
    wide = recorded(1.0, 1.5, 18.0)
    scaled = equivalence(study_of(24), "skill", of=wide, smallest_effect=5.0).estimates[0]
    assert scaled.p == pytest.approx(one.p)


def test_released_as_contrasts() -> None:
    study = study_of(60)
    out = release({"e": equivalence(study, "skill", of=compare_arms(study, "skill"))}, study)
    shown = {e.term: e for e in out.estimates}
    assert not shown["equivalence"].hidden
    value = shown["equivalence"].value
    assert isinstance(value, float)
    assert value == round(value, 2)  # S7: contrasts on a scale of 7 points keep two decimals
    few = study_of(8)
    hidden = release({"e": equivalence(few, "skill", of=compare_arms(few, "skill"))}, few)
    assert all(e.hidden for e in hidden.estimates)


def test_finding_is_symmetric() -> None:
    form = Estimate(value=0.0)
    for low, high, wide_low, wide_high in ((-0.1, 0.3, -0.2, 0.4), (0.2, 0.7, 0.1, 0.8)):
        one = finding(
            replace(form, low=low, high=high), replace(form, low=wide_low, high=wide_high), 0.5
        )
        other = finding(
            replace(form, low=-high, high=-low), replace(form, low=-wide_high, high=-wide_low), 0.5
        )
        assert one == other


def test_refusals() -> None:
    study, of = study_of(24), recorded(0.1, 0.1, 20.0)
    bare = replace(SKILL, smallest_effect=None)
    design = replace(study.design, outcomes=(bare,))
    with pytest.raises(StudyError, match="declares no smallest_effect"):
        equivalence(replace(study, design=design), "skill", of=of)
    assert equivalence(replace(study, design=design), "skill", of=of, smallest_effect=0.5).estimates
    for wrong in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="smallest_effect"):
            equivalence(study, "skill", of=of, smallest_effect=wrong)
    with pytest.raises(StudyError, match="is the whole range of skill, 1 to 7"):
        equivalence(study, "skill", of=of, smallest_effect=6.0)
    with pytest.raises(ValueError, match="alpha"):
        equivalence(study, "skill", of=of, alpha=0.5)
    with pytest.raises(ValueError, match="takes an answer of compare_arms or pre_post"):
        equivalence(study, "skill", of=Result(Call("reaction", (("outcome", "skill"),))))
    with pytest.raises(StudyError, match="no outcome 'skil'"):
        equivalence(study, "skil", of=of)
    alike = make_study(
        {i: {"before": [4.0] * 24, "after": [4.0] * 24} for i in "ab"},
        arm=["programme", "comparison"] * 12, outcomes=[SKILL], paired=False,
    )  # fmt: skip
    of = compare_arms(alike, "skill")
    said = equivalence(alike, "skill", of=of).table("equivalence").to_frame()
    assert list(said["finding"]) == [FINDINGS["no interval"]]


def test_tests_are_made_at_the_level_that_the_record_is_read_at() -> None:
    study = study_of(40)
    at_95 = equivalence(study, "skill", of=recorded(0.0, 0.2, 30))
    read_at_99 = equivalence(study, "skill", of=recorded(0.0, 0.2, 30, level=0.99))
    given = equivalence(study, "skill", of=recorded(0.0, 0.2, 30, level=0.99), alpha=0.05)
    assert [round(r.estimates[0].level, 9) for r in (at_95, read_at_99, given)] == [0.9, 0.98, 0.9]
    # 2.457 and 1.697: t of 30 df at .99 and .95, from tables
    assert read_at_99.estimates[0].high == pytest.approx(0.2 * 2.457, abs=1e-4)
    assert at_95.estimates[0].high == pytest.approx(0.2 * 1.697, abs=1e-4)
    with pytest.raises(ValueError, match="no level to test at"):
        equivalence(study, "skill", of=recorded(0.0, 0.2, 30, level=0.5))
