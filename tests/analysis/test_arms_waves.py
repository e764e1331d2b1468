"""compare_arms with several follow-ups: one model of all waves, against R and by its own rules."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.base import mixed
from rmresearch.analysis.base.fit import RoutesDisagreeError
from rmresearch.errors import FitError, StudyError
from rmresearch.io.read import read_study
from rmresearch.result import Check, Estimate, Result
from rmresearch.study import Study

from .drawn import REFERENCE, drawn_study
from .studies import SKILL, make_study

SLOPE = "slope over time in the model"


def one(result: Result, term: str = "", **key: str) -> Estimate:
    found = [
        e
        for e in result.estimates
        if e.term == term and all(getattr(e, name) == value for name, value in key.items())
    ]
    assert len(found) == 1, [(e.term, e.wave, e.contrast) for e in result.estimates]
    return found[0]


def check(result: Result, name: str) -> Check:
    return next(one for one in result.checks if one.name == name)


def asked(study: Study, **options: Any) -> Result:
    return compare_arms(study, "skill", **{"rerandomise": False, **options})


def drawn(
    seed: int = 1, n: int = 14, lost: float = 0.15, effect: float = 0.5
) -> dict[str, list[float]]:
    """Scores of n people in each arm before, after and later, some of them missing."""
    rng = np.random.default_rng(seed)
    level, course = rng.normal(4, 0.8, 2 * n), rng.normal(0, 0.3, 2 * n)
    values = level[:, None] + np.outer(course, [0, 1, 2]) + rng.normal(0, 0.5, (2 * n, 3))
    values[:n, 1:] += effect
    values[rng.random(values.shape) < lost] = np.nan
    return {name: list(values[:, t]) for t, name in enumerate(("before", "after", "later"))}


def study_of(items: dict[str, list[float]], **options: Any) -> Study:
    n = len(items["before"]) // 2
    options.setdefault("arm", ["programme"] * n + ["comparison"] * n)
    return make_study({"skill": items}, **options)


# Against R ----------------------------------------------------------------------------------


def agrees(found: Estimate, plain: Estimate, theirs: dict[str, float]) -> None:
    """clubSandwich's CR2, and the record: that times pbkrtest's over lme4's standard error."""
    # trust.md section 3
    assert found.value == plain.value == pytest.approx(theirs["estimate"], rel=1e-6)
    assert plain.se == pytest.approx(theirs["se"], rel=1e-6)
    assert found.df == plain.df == pytest.approx(theirs["df"], rel=1e-4)
    allowance = max(1.0, theirs["kr_se"] / theirs["model_se"])
    assert found.se == pytest.approx(theirs["se"] * allowance, rel=1e-6)


@pytest.mark.parametrize(
    "key, options",
    [
        ("alone", {}),
        ("alone_no_slope", {"slope": False}),
        ("sets", {"covariates": "age"}),
        ("sets_no_slope", {"covariates": "age", "slope": False}),
    ],
)
def test_agrees_with_r(key: str, options: dict[str, Any]) -> None:
    expected = json.loads((REFERENCE / "waves.json").read_text("utf-8"))[key]
    result = asked(drawn_study(key.split("_")[0]), **options)
    assert len([e for e in result.estimates if e.term == ""]) == len(expected["contrasts"])
    for name, theirs in expected["contrasts"].items():
        arm, _, months = name.partition("_at_")
        place = {"contrast": f"{arm} - comparison", "wave": f"m{months}"}
        found, own = one(result, **place), one(result, "kenward-roger", **place)
        agrees(found, one(result, "cr2", **place), theirs)
        assert own.value == found.value
        assert own.se == pytest.approx(theirs["kr_se"], rel=1e-6)
        assert own.df == pytest.approx(theirs["kr_df"], rel=1e-4)
        assert found.n_people == own.n_people == expected["people"]
    assert check(result, SLOPE).passed == ("no_slope" not in key)


def test_the_example_pilot_agrees_with_r_on_its_raw_files(root: Any) -> None:
    # R reads the exports by itself, so reading, scoring and dropping are compared as well
    expected = json.loads((REFERENCE / "waves.json").read_text("utf-8"))["pilot"]
    study = read_study(root / "data" / "synthetic" / "pilot")
    assert set(expected) == {o.name for o in study.design.outcomes if o.kirkpatrick > 1}
    for outcome, theirs in expected.items():
        result = compare_arms(study, outcome, rerandomise=False)
        for wave, name in (("month3", "programme_at_3"), ("month6", "programme_at_6")):
            found, given = one(result, wave=wave), theirs["contrasts"][name]
            plain = one(result, "cr2", wave=wave)
            agrees(found, plain, given)
            assert plain.p == pytest.approx(given["p"], rel=1e-4)
            own = one(result, "kenward-roger", wave=wave)
            assert (own.se, own.df) == pytest.approx((given["kr_se"], given["kr_df"]), rel=1e-4)
        assert found.n_people == theirs["people"]


# Who is in the model ------------------------------------------------------------------------


def test_everybody_with_an_answer_that_counts_is_behind_the_record() -> None:
    items = drawn(lost=0.0)
    items["before"][0] = items["after"][0] = np.nan  # one wave only: still in
    items["before"][1] = items["after"][1] = items["later"][1] = np.nan  # never answered
    items["later"][2] = np.nan
    result = asked(study_of(items))
    for wave in ("after", "later"):
        found = one(result, wave=wave)
        assert found.n_people == 27
        assert found.members == frozenset(f"s{i:03d}" for i in range(28) if i != 1)
        assert (found.n_clusters, found.n_pairs) == (27, 13)
        assert one(result, "kenward-roger", wave=wave).members == found.members
    # 3 means and 2 differences; the smallest group answered at "after": 12 of the programme
    assert (found.parameters, found.smallest_level) == (5, 12)
    assert one(result, "ancova", wave="later").n_people == 25
    gone = {(d.reason, d.people) for d in result.dropped}
    assert gone == {
        ("senior, all waves: no answer that counts", 1),
        ("senior, after, analysed by itself: no answer at the wave", 2),
        ("senior, later, analysed by itself: no answer at the wave", 2),
        ("senior, later, analysed by itself: no answer at baseline", 1),
    }


def test_the_table_counts_those_who_answered_at_the_wave() -> None:
    items = drawn(lost=0.0)
    items["before"][0] = items["later"][20] = np.nan
    result = asked(study_of(items))
    frame = result.table("waves").to_frame().set_index("wave")
    assert list(frame["people"]) == [14, 14]
    assert list(frame["comparison people"]) == [14, 13]
    assert frame["mean"]["after"] == pytest.approx(np.mean(items["after"][:14]), rel=1e-12)
    kept = [x for i, x in enumerate(items["later"]) if i >= 14 and i != 20]
    assert frame["comparison mean"]["later"] == pytest.approx(np.mean(kept), rel=1e-12)
    assert frame["adjusted difference"]["later"] == one(result, wave="later").value
    cells = result.table("waves").rows[1]
    assert len(cells[7].members) == 28


def test_answers_after_the_crossover_do_not_enter_and_earlier_ones_do() -> None:
    items = drawn(n=12, lost=0.0)
    crosses = [None] * 12 + [date(2025, 12, 1)] * 2 + [None] * 10
    options: dict[str, Any] = {"kind": "waitlist", "start": date(2025, 1, 1)}
    late = asked(study_of(items, crossover_date=crosses, **options))
    blank = {name: list(values) for name, values in items.items()}
    blank["later"][12] = blank["later"][13] = np.nan
    never = asked(study_of(blank, **options))
    for wave in ("after", "later"):
        first, second = one(late, wave=wave), one(never, wave=wave)
        assert (first.value, first.se, first.df) == (second.value, second.se, second.df)
        assert first.members == second.members
    rows = list(late.table("waves").to_frame()["comparison people"])
    assert rows == [12, 10]


def test_a_wave_lost_to_the_crossover_leaves_one_follow_up_and_its_covariance_analysis() -> None:
    items = drawn(n=12, lost=0.0)
    crosses = [None] * 12 + [date(2025, 9, 1)] * 12
    study = study_of(items, kind="waitlist", start=date(2025, 1, 1), crossover_date=crosses)
    result = asked(study)
    assert one(result).wave == "after"
    assert one(result).method.startswith("ANCOVA")
    assert "kenward-roger" not in {e.term for e in result.estimates}


def test_one_follow_up_that_is_asked_for_is_analysed_by_itself() -> None:
    study = study_of(drawn())
    alone = one(asked(study, waves="later"))
    beside = one(asked(study), "ancova", wave="later")
    assert (alone.value, alone.se, alone.p) == (beside.value, beside.se, beside.p)
    assert alone.n_people == beside.n_people


def test_reporting_one_arm_changes_no_number() -> None:
    study = drawn_study("alone")
    whole, part = asked(study), asked(study, programme="long")
    assert {e.contrast for e in part.estimates} == {"long - comparison"}
    for wave in ("m2", "m5", "m9"):
        assert one(part, wave=wave) == one(whole, wave=wave, contrast="long - comparison")


def test_a_person_without_a_covariate_is_counted() -> None:
    study = study_of(drawn(lost=0.0), features={"age": [np.nan, *range(27)]})
    result = asked(study, covariates="age")
    assert one(result, wave="after").n_people == 27
    assert ("senior, all waves: no covariate", 1) in {(d.reason, d.people) for d in result.dropped}


# What the record's neighbours rest on -------------------------------------------------------


def test_standardised_and_power_follow_the_record() -> None:
    declared = replace(SKILL, smallest_effect=0.3)
    result = asked(study_of(drawn(), outcomes=[declared]))
    for wave in ("after", "later"):
        found, size = one(result, wave=wave), one(result, "standardised", wave=wave)
        assert found.value is not None
        assert size.df == found.df
        assert size.n_people == found.n_people
        assert one(result, "smallest-detectable", wave=wave).n_people == found.n_people
    # SD of those analysed at the wave by itself; 1 - 3/(4n - 9)
    n = one(result, "ancova", wave="later").n_people
    items = drawn()
    known = ~np.isnan(np.array(items["before"]) + np.array(items["later"]))
    sides = [np.array(items["before"])[known & side] for side in (np.arange(28) < 14,
             np.arange(28) >= 14)]  # fmt: skip
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in sides)
    sd = np.sqrt(squares / (n - 2))
    assert size.value == pytest.approx((1 - 3 / (4 * n - 9)) * found.value / sd, rel=1e-12)


def test_few_clusters_withhold_as_before() -> None:
    nine = asked(study_of(drawn(n=9, lost=0.0)))
    assert all(e.p is None for e in nine.estimates)
    assert one(nine, wave="later").low is not None
    where = [f"d{i // 7}" for i in range(28)]
    study = study_of(drawn(lost=0.0), department=where, unit="department", paired=False)
    four = asked(study)
    assert one(four, wave="later").value is not None
    assert {e.se for e in four.estimates} == {None}


def test_without_a_slope_a_check_says_what_that_can_do() -> None:
    study = study_of(drawn())
    with_slope, without = asked(study), asked(study, slope=False)
    assert check(with_slope, SLOPE).passed
    failed = check(without, SLOPE)
    assert not failed.passed
    assert "13%" in failed.detail
    assert "as asked" in failed.detail
    assert one(with_slope, wave="later").se != one(without, wave="later").se
    assert "1 + months" in one(with_slope, wave="later").method
    assert "months" not in one(without, wave="later").method


def test_a_slope_that_the_data_cannot_tell_is_left_out_and_said() -> None:
    # two answers a person: level and course would leave the residual nothing of its own
    items = drawn(lost=0.0)
    for i in range(28):
        items[("before", "after", "later")[i % 3]][i] = np.nan
    failed = check(asked(study_of(items)), SLOPE)
    assert not failed.passed
    assert "cannot be told" in failed.detail


def test_arms_that_spread_differently_are_said() -> None:
    items = drawn(lost=0.0)
    assert check(asked(study_of(items)), "spread alike in all arms").passed
    for wave, values in items.items():
        middle = float(np.mean(values[:14]))
        items[wave] = [middle + 4 * (x - middle) for x in values[:14]] + values[14:]
    failed = check(asked(study_of(items)), "spread alike in all arms")
    assert not failed.passed
    assert "programme" in failed.detail


# Designs that it is not for -----------------------------------------------------------------


def test_arms_that_chance_did_not_form_keep_each_wave_by_itself() -> None:
    # equal means before the start cannot be assumed: the bracket's covariance analysis stays
    study = study_of(drawn(), kind="comparison")
    result = asked(study, baseline_reliability=0.7)
    for wave in ("after", "later"):
        assert one(result, wave=wave).method.startswith("ANCOVA")
        assert one(result, "reliability-corrected", wave=wave).value is not None
    terms = {e.term for e in result.estimates}
    assert not terms & {"ancova", "kenward-roger"}
    chance = asked(study_of(drawn()))
    assert one(result, wave="later").value == one(chance, "ancova", wave="later").value


def test_a_baseline_that_all_share_is_no_outcome() -> None:
    items = drawn(lost=0.0) | {"before": [3.0] * 28}
    result = asked(study_of(items))
    values = np.array([items["after"], items["later"]]).T
    gap = values[:14].mean(axis=0) - values[14:].mean(axis=0)
    # complete answers and a mean for each arm at each wave: the difference of means, whatever V
    assert one(result, wave="after").value == pytest.approx(gap[0], rel=1e-10)
    assert one(result, wave="later").value == pytest.approx(gap[1], rel=1e-10)
    assert not check(result, "baseline varies").passed


def test_scores_that_never_vary_have_a_value_but_no_test() -> None:
    items = {"before": [3.0] * 24, "after": [4.0] * 24, "later": [4.0] * 24}
    found = one(asked(study_of(items)), wave="later")
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert (found.se, found.low, found.p) == (None, None, None)


def test_a_model_that_cannot_be_fitted_is_refused_with_what_to_do() -> None:
    # 6 strata of one: 5 columns a wave, with 3 means and 2 differences 20 on 18 answers
    study = study_of(drawn(n=3, lost=0.0), stratum=[f"s{i}" for i in range(6)])
    with pytest.raises(FitError, match=r"all waves: .*waves="):
        asked(study)


def test_two_routes_that_disagree_stop_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(drawn())
    asked(study)
    right, factor = mixed.dense_mixed, mixed.dense_allowance

    def wrong(y: Any, x: Any, v: Any, cluster: Any) -> Any:
        return right(y * (1 + 1e-6), x, v, cluster)

    def other(*given: Any) -> float:
        return factor(*given) * (1 + 1e-6)

    for name, changed in (("dense_mixed", wrong), ("dense_allowance", other)):
        with monkeypatch.context() as patch:
            patch.setattr(mixed, name, changed)
            with pytest.raises(RoutesDisagreeError, match=r"two routes to one estimate give -?\d"):
                asked(study)


# Invariance ---------------------------------------------------------------------------------


def test_rows_and_units_change_nothing() -> None:
    items = drawn()
    n = len(items["before"])
    order = np.random.default_rng(3).permutation(n)
    arm = np.array(["programme"] * (n // 2) + ["comparison"] * (n // 2))
    wide = replace(SKILL, low=None, high=None)
    turned = {wave: list(1e4 + 50 * np.array(values)[order]) for wave, values in items.items()}
    first = asked(study_of(items, outcomes=[wide]))
    second = asked(study_of(turned, arm=list(arm[order]), outcomes=[wide]))
    for wave in ("after", "later"):
        a, b = one(first, wave=wave), one(second, wave=wave)
        assert None not in (a.value, a.se, a.low, a.high)
        # trust.md section 3
        assert (b.value, b.se) == pytest.approx((50 * a.value, 50 * a.se), rel=1e-8)
        assert b.df == pytest.approx(a.df, rel=1e-7)
        assert (b.low, b.high) == pytest.approx((50 * a.low, 50 * a.high), rel=1e-7)


@pytest.mark.parametrize("kind", ["randomised", "waitlist"])
def test_no_small_study_raises_a_warning_or_another_error(kind: str) -> None:
    # warnings are errors in this suite: whatever comes, an answer, a StudyError or a FitError
    rng = np.random.default_rng(19)
    answered = 0
    for _ in range(25):
        n = int(rng.integers(6, 16))
        scores = rng.integers(1, 6, (n, 3)).astype(float)
        scores[rng.random((n, 3)) < 0.25] = np.nan
        items = {w: list(scores[:, t]) for t, w in enumerate(("before", "after", "later"))}
        study = make_study(
            {"skill": items}, arm=list(rng.choice(["programme", "comparison"], n)), kind=kind,
            juniors=[f"j{g}" for g in rng.integers(0, n, n)],
            stratum=list(rng.choice(["x", "y"], n)),
        )  # fmt: skip
        try:
            result = asked(study)
        except (StudyError, FitError):
            continue
        answered += 1
        for estimate in result.estimates:
            numbers = (estimate.value, estimate.se, estimate.low, estimate.high, estimate.p)
            assert all(x is None or np.isfinite(x) for x in numbers)
    assert answered > 8
