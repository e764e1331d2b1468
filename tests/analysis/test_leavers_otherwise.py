"""What the lost could change: weights, bounds and tipping points by hand and by naive loops."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import special

from rmresearch.analysis import base
from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.base.compared import compared
from rmresearch.analysis.base.imputed import completed, imputed, pooled
from rmresearch.analysis.leavers import attrition
from rmresearch.numerics.robust import fit
from rmresearch.privacy import release
from rmresearch.study import Outcome, Study

from .programmes import failed, found, relabelled, row, rows, same, shuffled
from .studies import SKILL, make_study

CONTRAST = "programme - comparison"
CUT = 4.2


def losing(n: int = 24, gain: float = 1.2, seed: int = 1, **options: Any) -> Study:
    """``n`` seniors an arm; low scorers of the programme arm answer less often."""
    rng = np.random.default_rng(seed)
    arm = np.repeat(["programme", "comparison"], n)
    before = np.clip(rng.normal(4, 1, 2 * n), 1, 7).round(1)
    after = before + gain * (arm == "programme") + rng.normal(0, 0.8, 2 * n)
    after = np.clip(after, 1, 7).round(1)
    gone = rng.random(2 * n) < np.where((arm == "programme") & (before < CUT), 0.5, 0.15)
    after[gone] = np.nan
    items = {"skill": {"before": before.tolist(), "after": after.tolist()}}
    return make_study(items, **{"arm": arm.tolist(), "paired": False, **options})


def arrays(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arm (1 programme), before and after of the seniors, in study order."""
    group = base.people(study, "senior")
    wide = study.wide("skill")
    return (group.arm == "programme").astype(float), *(
        group.values(wide[name]) for name in ("before", "after")
    )


def coefficient(y: np.ndarray, *columns: np.ndarray, weight: np.ndarray | None = None) -> float:
    x = np.column_stack([np.ones(len(y)), *columns])
    w = np.ones(len(y)) if weight is None else np.sqrt(weight)
    return float(np.linalg.lstsq(w[:, None] * x, w * y, rcond=None)[0][1])


def test_answered_is_the_covariance_analysis_of_the_arms() -> None:
    study = losing(stratum=["north", "south", "north"] * 16)
    got = found(attrition(study, "skill"), term="answered")
    want = found(compare_arms(study, "skill", rerandomise=False), term="")
    for name in ("value", "se", "low", "high", "df", "p", "n_people", "contrast", "estimand"):
        one, other = getattr(got, name), getattr(want, name)
        # the same fit with its columns in another order: rounding
        assert one == (other if isinstance(other, str) else pytest.approx(other, rel=1e-10)), name


def test_weighted_by_another_route() -> None:
    study = losing(n=60)
    arm, before, after = arrays(study)
    kept = np.isfinite(after)
    z = (before - before.mean()) / before.std()
    gone = int((~kept).sum())
    assert gone >= 5 * 4  # enough for a slope of each arm
    x = np.column_stack([np.ones(120), arm, z, z * arm])
    beta = np.zeros(4)
    for _ in range(50):  # plain gradient steps of Newton, from the definition
        p = special.expit(x @ beta)
        beta = beta + np.linalg.solve((x.T * (p * (1 - p))) @ x, x.T @ (kept - p))
    rate = np.where(arm == 1, kept[arm == 1].mean(), kept[arm == 0].mean())
    weight = (rate / special.expit(x @ beta))[kept]
    result = attrition(study, "skill")
    got = found(result, term="weighted")
    assert got.value == pytest.approx(coefficient(after[kept], arm[kept], before[kept],
                                                  weight=weight), rel=1e-8)  # fmt: skip
    shown = row(result.table("otherwise"), answer="weighted")
    assert shown["effective n"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    assert f"{weight.max():.2f}" in next(
        check.detail for check in result.checks if check.name == "weights not extreme"
    )


def test_an_arm_in_which_everybody_answered_weighs_one() -> None:
    # by counting: of 12 low programme people 6 answered, of 12 high ones 10; rate 16 / 24
    low, high = 3.0, 5.0
    before = [low] * 12 + [high] * 12 + [low, high] * 12
    gone = [k < 6 for k in range(12)] + [k < 2 for k in range(12)] + [False] * 24
    rng = np.random.default_rng(8)
    after = [None if g else float(s) for g, s in zip(gone, rng.normal(4, 1, 48), strict=True)]
    arm = ["programme"] * 24 + ["comparison"] * 24
    study = two_waves(before, after, arm)
    kept = ~np.array(gone)
    weight = np.ones(48)
    weight[:12], weight[12:24] = (16 / 24) / (6 / 12), (16 / 24) / (10 / 12)
    flags, score, answer = arrays(study)
    want = coefficient(answer[kept], flags[kept], score[kept], weight=weight[kept])
    assert found(attrition(study, "skill"), term="weighted").value == pytest.approx(want, rel=1e-8)


def test_worst_case_is_the_worst_of_all_answers() -> None:
    study = losing(n=12, seed=3)
    arm, before, after = arrays(study)
    gaps = np.flatnonzero(np.isnan(after))
    assert 3 <= len(gaps) <= 9
    every = []
    for ends in product((1.0, 7.0), repeat=len(gaps)):
        filled = after.copy()
        filled[gaps] = ends
        every.append(coefficient(filled, arm, before))
    result = attrition(study, "skill")
    low, high = found(result, term="worst-lower"), found(result, term="worst-upper")
    assert (low.value, high.value) == pytest.approx((min(every), max(every)))
    assert low.low is not None
    assert high.high is not None
    assert low.low < low.value < high.value < high.high
    assert low.n_people == 24


def test_lee_bounds_by_hand() -> None:
    # everybody alike before; programme 10 of 10 answered, comparison 8 of 10: a fifth is surplus
    items = {
        "skill": {
            "before": [4.0] * 20,
            "after": [*map(float, [1, 2, 3, 3, 4, 4, 5, 5, 6, 7]), *[3.0] * 4, *[4.0] * 4,
                      None, None],
        }
    }  # fmt: skip
    study = make_study(items, arm=["programme"] * 10 + ["comparison"] * 10, paired=False)
    result = attrition(study, "skill")
    got = row(result.table("otherwise"), answer="Lee's bounds")
    # without the two highest: 27 / 8; without the two lowest: 37 / 8; the comparison has 3.5
    assert (got["difference"], got["up to"]) == pytest.approx((27 / 8 - 3.5, 37 / 8 - 3.5))
    assert got["low"] < got["difference"]
    assert got["high"] > got["up to"]
    one = found(result, term="lee-lower")
    assert "20.0% of the programme arm's answers trimmed" in one.method
    assert (one.high, found(result, term="lee-upper").low) == (None, None)


def test_lee_needs_chance() -> None:
    result = attrition(losing(kind="comparison"), "skill")
    assert "Lee's bounds" not in result.table("otherwise").to_frame()["answer"].tolist()
    assert not any(one.term.startswith("lee") for one in result.estimates)


def test_swapped_arms_turn_everything_round() -> None:
    study = losing()
    names = {"programme": "comparison", "comparison": "programme"}
    people = study.participants.assign(arm=study.participants["arm"].map(names))
    one, two = (attrition(s, "skill") for s in (study, replace(study, participants=people)))
    for a, b in [("answered", "answered"), ("weighted", "weighted"), ("lee-lower", "lee-upper"),
                 ("worst-lower", "worst-upper")]:  # fmt: skip
        left, right = found(one, term=a), found(two, term=b)
        assert left.value == pytest.approx(-right.value, rel=1e-9), a


def tip(study: Study, **options: Any) -> tuple[Any, Any]:
    result = attrition(study, "skill", **options)
    return found(result, term="tipping-point"), row(result.table("tipping"))


def test_tips_where_shifting_the_imputed_answers_tips_it() -> None:
    study = losing(gain=0.9)
    got, shown = tip(study)
    assert shown["reading"] == "the decision changes there"
    assert 0 < got.value < 6
    group = base.people(study, "senior")
    given = imputed(study, SKILL, group, imputations=50, seed=20_240_901)
    one = next(compared(study, SKILL, group, [study.design.wave("after")]))
    model = completed(one, given, study.design.baseline)
    assert model is not None
    moved = np.isnan(one.after) & one.programme

    def low(shift: float) -> float:
        shifted = replace(model, y=model.y - shift * moved)
        return pooled(shifted, one.people.cluster).interval()[0]

    assert low(got.value - 1e-6) > 0 > low(got.value + 1e-6)
    assert shown["difference"] == pytest.approx(pooled(model, one.people.cluster).estimate)


def test_where_less_is_better_worse_is_more() -> None:
    # the same study upside down, less being better: the same tipping point
    study = losing(gain=0.9)
    measures = study.measures.assign(value=8 - study.measures["value"])
    burden = replace(SKILL, direction=-1)
    turned = replace(study, measures=measures, design=replace(study.design, outcomes=(burden,)))
    one, two = tip(study)[0], tip(turned)[0]
    # imputations draw in the order of the scores, which is turned too: Monte Carlo error only
    assert two.value == pytest.approx(one.value, rel=0.25)


def test_nothing_tips_an_open_answer_or_a_strong_one() -> None:
    got, shown = tip(losing(gain=0.0))
    assert got.value is None
    assert shown["reading"].startswith("not applicable: the interval of those who answered")
    after = [6.0 - k % 2 if k < 12 else None if k < 16 else 2.0 + k % 2 for k in range(24)]
    got, shown = tip(two_waves(SCORES, after, ARMS))  # nobody of the programme arm is missing
    assert (got.value, shown["reading"]) == (None, "none within the scale")
    assert "none within the scale" in got.method


def test_grid_of_both_arms() -> None:
    result = attrition(losing(), "skill")
    grid = result.table("tipping-grid").to_frame()
    assert len(grid) == 16
    assert sorted(set(grid["programme worse by"])) == [0.0, 0.75, 1.5, 3.0]
    start = grid[(grid["programme worse by"] == 0) & (grid["comparison worse by"] == 0)].iloc[0]
    assert start["difference"] == pytest.approx(row(result.table("tipping"))["difference"])
    ours = grid[grid["comparison worse by"] == 0]["difference"].tolist()
    assert ours == sorted(ours, reverse=True)  # the worse the programme's lost, the smaller
    theirs = grid[grid["programme worse by"] == 0]["difference"].tolist()
    assert theirs == sorted(theirs)
    sides = np.where(grid["low"] > 0, "above 0", np.where(grid["high"] < 0, "below 0", "holds 0"))
    assert grid["interval"].tolist() == sides.tolist()


def test_a_single_group_by_hand() -> None:
    before = [2.0, 3, 4, 5, 3, 4, 2, 5, 4, 3, 4, 4]
    after: list[float | None] = [3.0, 4, 5, 6, 5, 4, 4, 6, 6, 4, None, None]
    study = make_study({"skill": {"before": before, "after": after}}, paired=False)
    result = attrition(study, "skill")
    change = [b - a for a, b in zip(before, after, strict=True) if b is not None]
    got = found(result, term="answered")
    assert (got.contrast, got.value) == ("after - before", pytest.approx(np.mean(change)))
    low, high = found(result, term="worst-lower"), found(result, term="worst-upper")
    # both of those missing had 4 before: from 1 to 7 each
    assert low.value == pytest.approx((sum(change) - 6) / 12)
    assert high.value == pytest.approx((sum(change) + 6) / 12)
    assert not any(one.term.startswith("lee") for one in result.estimates)
    assert found(result, term="tipping-point").contrast == "after - before"
    assert [t.name for t in result.tables if "grid" in t.name] == []


def test_order_and_names_do_not_matter() -> None:
    study = losing(n=15, juniors=[f"j{k // 2}" for k in range(30)], unit="set")
    one = attrition(study, "skill")
    same(one, attrition(shuffled(study), "skill"))
    other, renamed = relabelled(study)
    same(one, attrition(other, "skill"), renamed)


def test_effects_can_be_left_out() -> None:
    result = attrition(losing(), "skill", effects=False)
    assert not {"otherwise", "tipping", "tipping-grid"} & {made.name for made in result.tables}
    assert not any(one.term in {"answered", "tipping-point"} for one in result.estimates)


def test_what_leaves_is_known_as_differences() -> None:
    study = losing()
    outcome = Outcome("skill", "Digital skill", "senior", ("skill", "more"), low=1, high=7)
    study = replace(study, design=replace(study.design, outcomes=(outcome,)))
    let_out = release({"attrition:skill": attrition(study, "skill")}, study)
    terms = {one.term: one for one in let_out.estimates if one.contrast == CONTRAST}
    for term in ("answered", "weighted", "lee-lower", "lee-upper", "worst-lower", "worst-upper"):
        value = terms[term].value
        assert value is not None
        assert round(value, 2) == value, term  # contrasts on a short scale: two decimals


@pytest.mark.parametrize("options", [{"level": 1.0}, {"imputations": 1}])
def test_wrong_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"level|imputations"):
        attrition(losing(), "skill", **options)


# -- data that cannot answer: labelled partial answers, never a silent number ----------------------


def two_waves(before: list[Any], after: list[Any], arm: list[str], **options: Any) -> Study:
    items = {"skill": {"before": before, "after": after}}
    return make_study(items, arm=arm, **{"paired": False, **options})


ARMS = ["programme"] * 12 + ["comparison"] * 12
SCORES = [float(1 + k % 7) for k in range(24)]


def test_nobody_missing() -> None:
    result = attrition(two_waves(SCORES, SCORES[::-1], ARMS), "skill")
    assert "otherwise" not in {made.name for made in result.tables}
    check = next(one for one in result.checks if one.name == "somebody is missing")
    assert check.passed
    assert "everybody answered" in check.detail


def test_too_few_missing_to_weigh_by() -> None:
    after = [None, *SCORES[1:]]
    result = attrition(two_waves(SCORES, after, ARMS), "skill")
    assert "weighted" not in result.table("otherwise").to_frame()["answer"].tolist()
    assert "1 did not answer" in failed(result, "answers to weigh by")[0]


def test_perfect_separation_of_those_who_answer() -> None:
    after = [None if score < 4 else score for score in SCORES]
    result = attrition(two_waves(SCORES, after, ARMS), "skill")
    assert "told without an error" in failed(result, "answers to weigh by")[0]
    assert found(result, term="answered").value is not None


@pytest.mark.parametrize("lost", [1, 2])
def test_an_arm_of_which_hardly_anybody_answers(lost: int) -> None:
    after: list[Any] = [None] * (13 - lost) + SCORES[13 - lost :]
    result = attrition(two_waves(SCORES, after, ARMS), "skill")
    assert "otherwise" not in {made.name for made in result.tables}
    assert "fewer than 2 people" in failed(result, "people who answered")[0]
    assert failed(result, "answers to impute from")


def test_no_variance_at_all() -> None:
    after = [None if k % 4 == 0 else 4.0 for k in range(24)]
    result = attrition(two_waves([4.0] * 24, after, ARMS), "skill")
    got = found(result, term="answered")
    assert (got.value, got.se, got.low, got.p) == (pytest.approx(0.0, abs=1e-12), None, None, None)
    assert row(result.table("tipping"))["reading"].startswith("not applicable")


@pytest.mark.parametrize("gain", [0.0, 0.3])
def test_scores_that_the_baseline_explains_have_no_error(gain: float) -> None:
    rng = np.random.default_rng(5)
    arm = np.repeat(["programme", "comparison"], 16)
    before = rng.uniform(1, 5, 32).round(1)
    after = before + gain * (arm == "programme")
    after[rng.random(32) < np.where(arm == "programme", 0.3, 0.1)] = np.nan
    items = {"skill": {"before": before.tolist(), "after": after.tolist()}}
    answer = attrition(make_study(items, arm=arm.tolist(), paired=False), "skill")
    for term in ("lee-lower", "lee-upper"):
        one = found(answer, term=term)
        assert one.value == pytest.approx(gain, abs=1e-9)  # rounding of a least squares fit
        assert (one.se, one.low, one.high) == (None, None, None)


def test_an_arm_without_people_is_said() -> None:
    study = two_waves(SCORES, [*SCORES[:-3], None, None, None], ["programme"] * 24)
    [said] = failed(attrition(study, "skill"), "people in both arms")
    assert "no difference that could be otherwise" in said


def test_three_pairs() -> None:
    arm = ["programme"] * 3 + ["comparison"] * 3
    result = attrition(two_waves([1.0, 2, 3, 4, 5, 6], [2.0, 3, None, 4, 5, 6], arm), "skill")
    got = found(result, term="answered")
    assert got.value is not None
    assert (got.se, got.low, got.p) == (None, None, None)
    assert failed(result, "answers to impute from")


def test_one_person_an_arm() -> None:
    result = attrition(two_waves([1.0, 2], [None, 2.0], ["programme", "comparison"]), "skill")
    assert failed(result, "people who answered")


def test_an_amount_without_ends_has_no_worst_case() -> None:
    study = losing()
    amount = replace(SKILL, kind="amount", low=None, high=None)
    study = replace(study, design=replace(study.design, outcomes=(amount,)))
    result = attrition(study, "skill")
    assert not any(one.term.startswith(("worst", "tipping")) for one in result.estimates)
    assert "no least and largest score" in failed(result, "scale with two ends")[0]


def test_nobody_asked_before_the_start() -> None:
    items = {"skill": {"after": [None if k % 5 == 0 else SCORES[k] for k in range(24)]}}
    result = attrition(make_study(items, arm=ARMS, paired=False), "skill")
    assert "nobody answered before" in failed(result, "answers to weigh by")[0]
    assert rows(result.table("otherwise"))["answer"].tolist() == [
        "answered", "Lee's bounds", "worst case",
    ]  # fmt: skip


def test_a_stratum_that_is_an_arm() -> None:
    strata = ["x"] * 12 + ["y"] * 12
    after = [None if k % 6 == 0 else SCORES[k] for k in range(24)]
    result = attrition(two_waves(SCORES[::-1], after, ARMS, stratum=strata), "skill")
    assert failed(result, "model can be fitted")
    assert not any(one.term == "answered" for one in result.estimates)


def test_the_fit_of_record_is_least_squares() -> None:
    study = losing()
    arm, before, after = arrays(study)
    kept = np.isfinite(after)
    x = np.column_stack([np.ones(int(kept.sum())), arm[kept], before[kept]])
    want = fit(after[kept], x, np.arange(int(kept.sum()))).contrast([0, 1, 0])
    assert found(attrition(study, "skill"), term="answered").se == pytest.approx(float(want.se))
