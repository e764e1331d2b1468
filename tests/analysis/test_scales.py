"""Reliability against R's psych, naive arithmetic and planted defects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rmresearch.analysis.scales import reliability
from rmresearch.errors import StudyError
from rmresearch.result import Result
from rmresearch.study import Outcome, Study

from .programmes import failed, found, relabelled, row, rows, same, shuffled
from .studies import make_study

NAMES = ("i1", "i2", "i3", "i4", "i5")
SCALE = Outcome(
    "skill", "Skill", "senior", NAMES, low=1, high=7, reverse=frozenset({"i4"}), min_items=0.5
)
#: R's own numbers to 12 digits went through JSON
EXACT = 1e-9


@pytest.fixture(scope="module")
def given(by_r: Callable[[str], tuple[Any, Any]]) -> dict:
    return by_r("analysis2")[0]


@pytest.fixture(scope="module")
def expected(by_r: Callable[[str], tuple[Any, Any]]) -> dict:
    return by_r("analysis2")[1]


def scale_study(given: dict, **options: object) -> Study:
    """The sixty people of the reference, all of them without the programme."""
    items = {
        name: {wave: given["items"][wave][k] for wave in ("before", "after")}
        for k, name in enumerate(NAMES)
    }
    options = {"arm": ["comparison"] * 60, "outcomes": [SCALE], **options}
    return make_study(items, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def answer(given: dict) -> Result:
    return reliability(scale_study(given), "skill")


@pytest.mark.parametrize("wave", ["before", "after"])
def test_alpha_omega_and_items_as_psych_has_them(answer: Result, expected: dict, wave: str) -> None:
    truth = expected["scale"][wave]
    alpha = found(answer, term="alpha", wave=wave)
    assert alpha.n_people == truth["n"]  # complete rows, counted after the others are gone
    assert alpha.value == pytest.approx(truth["alpha"], abs=EXACT)
    assert (alpha.low, alpha.high) == pytest.approx(truth["feldt"], abs=EXACT)
    omega = found(answer, term="omega", wave=wave)
    # two optimisers of one likelihood: R's factanal stops at about 1e-6
    assert omega.value == pytest.approx(truth["omega"], abs=1e-5)
    assert omega.value == pytest.approx(truth["omega_psych"], abs=1e-5)
    assert omega.low < omega.value < omega.high
    items = rows(answer.table("items"), wave=wave)
    assert list(items["item"]) == list(NAMES)
    assert items["item-rest correlation"].to_numpy(float) == pytest.approx(truth["item_rest"])
    assert items["alpha without it"].to_numpy(float) == pytest.approx(truth["without"])


def test_who_answered_only_some_items_is_counted_out(answer: Result) -> None:
    # of 60, one answered nothing and two left out one item
    before = row(answer.table("reliability"), wave="before")
    assert (before["answered"], before["complete"], before["items"]) == (59, 57, 5)
    assert [(d.people, d.reason) for d in answer.dropped] == [
        (2, "skill, senior, before: answered some items only")
    ]


def test_retest_without_the_programme_as_r_has_it(answer: Result, expected: dict) -> None:
    truth = expected["retest"]
    r = found(answer, term="retest-r")
    assert (r.contrast, r.n_people) == ("after - before", truth["n"])
    assert r.value == pytest.approx(truth["r"], abs=EXACT)
    assert (r.low, r.high) == pytest.approx(truth["r_ci"], abs=EXACT)
    icc = found(answer, term="retest-icc")
    assert icc.value == pytest.approx(truth["icc"], abs=EXACT)
    # psych rounds its ANOVA's F quantiles no coarser than this
    assert (icc.low, icc.high) == pytest.approx(truth["icc_ci"], abs=1e-8)
    assert row(answer.table("retest"))["months between"] == 6


def test_retest_needs_people_without_the_programme(given: dict) -> None:
    for options in ({"arm": None}, {"arm": ["programme"] * 60}):
        result = reliability(scale_study(given, **options), "skill")
        assert len(failed(result, "retest")) == 1
        assert not [one for one in result.estimates if one.term.startswith("retest")]
        assert found(result, term="alpha", wave="after").value is not None


def test_crossed_over_people_are_no_retest(given: dict) -> None:
    crossing = [None] * 57 + ["2025-01-01"] * 3
    study = scale_study(given, crossover_date=crossing, start=pd.Timestamp("2025-01-01").date())
    assert found(reliability(study, "skill"), term="retest-r").n_people == 59 - 3


def test_a_crossover_that_cannot_be_dated_costs_the_retest_only(given: dict) -> None:
    study = scale_study(given, crossover_date=[None] * 59 + ["2025-01-01"])
    result = reliability(study, "skill")
    assert "nobody can say who had crossed over" in failed(result, "retest")[0]
    assert {one.term for one in result.estimates} == {"alpha", "omega"}


def test_one_item_has_only_a_retest() -> None:
    values = [float(1 + i % 7) for i in range(20)]
    later = [float(1 + (i + i // 5) % 7) for i in range(20)]
    study = make_study({"skill": {"before": values, "after": later}}, arm=["comparison"] * 20)
    result = reliability(study, "skill")
    assert "cannot be computed from one item" in failed(result, "several items")[0]
    assert {one.term for one in result.estimates} == {"retest-r", "retest-icc"}
    naive = np.corrcoef(values, later)[0, 1]
    assert found(result, term="retest-r").value == pytest.approx(naive)
    before = row(result.table("items"), wave="before")
    # 20 values run 1..7 in turn: three ones (0, 7, 14), two sevens (6, 13)
    assert (before["at floor"], before["at ceiling"]) == (3 / 20, 2 / 20)
    assert [r[9].numerator for r in result.table("items").rows][:1] == [3]


def test_an_item_that_runs_the_other_way_is_named(given: dict) -> None:
    study = scale_study(given, outcomes=[replace(SCALE, reverse=frozenset())])
    details = failed(reliability(study, "skill", wave="after"), "items run the same way")
    assert len(details) == 1
    assert "against the other items: i4" in details[0]
    declared = reliability(scale_study(given), "skill", wave="after")
    assert not failed(declared, "items run the same way")


def test_items_that_never_vary_are_not_said_to_go_together() -> None:
    items = {f"i{k}": {"before": [3.0] * 12, "after": [3.0] * 12} for k in (1, 2, 3, 4)}
    study = make_study(items, outcomes=[replace(SCALE, reverse=frozenset())])
    [said, *_] = failed(reliability(study, "skill", wave="after"), "items run the same way")
    assert "cannot be said: nothing varies" in said


def test_floor_and_ceiling_are_said_from_fifteen_percent() -> None:
    for crowded, fine in ((3, False), (2, True)):  # of 20: 15% and 10%
        values = [7.0] * crowded + [4.0] * (20 - crowded)
        result = reliability(make_study({"skill": {"before": values}}), "skill")
        check = next(c for c in result.checks if c.name == "floor and ceiling")
        assert check.passed is fine
        assert row(result.table("reliability"))["at ceiling"] == crowded / 20


def three_items(n: int, jump: float = 0.0) -> dict[str, dict[str, list[float]]]:
    """Three items whose third jumps between the waves, by hand-made noise."""
    rng = np.random.default_rng(4)
    base = rng.normal(4, 1, n)
    items: dict[str, dict[str, list[float]]] = {}
    for k, name in enumerate(("a", "b", "c")):
        moved = jump if k == 2 else 0.0
        items[name] = {
            "before": list(base + rng.normal(0, 0.5, n)),
            "after": list(base + 0.3 + moved + rng.normal(0, 0.5, n)),
        }
    return items


ABC = Outcome("skill", "Skill", "senior", ("a", "b", "c"))


@pytest.mark.parametrize("n, jump, moved", [(120, 0.5, True), (120, 0.0, False), (99, 0.5, None)])
def test_item_shifts_are_shown_and_tested_from_a_hundred_people(
    n: int, jump: float, moved: bool | None
) -> None:
    items = three_items(n, jump)
    result = reliability(make_study(items, outcomes=[ABC]), "skill")
    shown = row(result.table("item-shifts"), item="c")
    change = {k: np.array(v["after"]) - np.array(v["before"]) for k, v in items.items()}
    gap = change["c"] - (change["a"] + change["b"]) / 2
    assert shown["shift"] == pytest.approx(change["c"].mean())
    assert shown["shift of the others"] == pytest.approx((change["a"] + change["b"]).mean() / 2)
    assert shown["difference"] == pytest.approx(gap.mean())
    check = next(c for c in result.checks if c.name == "measurement invariance")
    if moved is None:
        assert shown["p (Holm)"] is None
        assert "not tested" in check.detail
        return
    # people alone: CR2 of a mean is the ordinary standard error
    half = stats.t.ppf(0.975, n - 1) * gap.std(ddof=1) / np.sqrt(n)
    assert (shown["low"], shown["high"]) == pytest.approx((gap.mean() - half, gap.mean() + half))
    assert check.passed is not moved
    gaps = [change[k] - sum(change[o] for o in "abc" if o != k) / 2 for k in "abc"]
    p = np.array([stats.ttest_1samp(one, 0).pvalue for one in gaps])
    # Holm by hand: the smallest of three times 3, the next times 2, never falling
    order = np.argsort(p)
    steps = np.minimum(np.maximum.accumulate(p[order] * [3, 2, 1]), 1)
    shifts = rows(result.table("item-shifts"))["p (Holm)"].to_numpy(float)
    assert shifts[order] == pytest.approx(steps, rel=1e-6)  # scipy's t tails
    assert ("c" in check.detail.split(": ")[-1]) is moved


def test_an_item_nobody_answered_leaves_no_alpha(given: dict) -> None:
    study = scale_study(given)
    measures = study.measures[study.measures["item"] != "i2"]
    result = reliability(replace(study, measures=measures), "skill", wave="after")
    assert not [one for one in result.estimates if one.term in {"alpha", "omega"}]
    assert "i2" in failed(result, "every item answered")[0]
    assert failed(result, "complete answers")
    assert row(result.table("reliability"))["complete"] == 0
    # the scores themselves stand on the four items that were answered
    assert row(result.table("reliability"))["mean"] is not None


def test_equal_answers_carry_no_reliability() -> None:
    items = {name: {"before": [4.0] * 12, "after": [4.0] * 12} for name in "abc"}
    result = reliability(make_study(items, outcomes=[ABC], arm=["comparison"] * 12), "skill")
    assert result.estimates == ()
    assert failed(result, "alpha")
    assert failed(result, "omega")
    assert "do not vary" in failed(result, "retest")[0]


def test_one_person_and_nobody() -> None:
    one = make_study({name: {"before": [4.0]} for name in "abc"}, outcomes=[ABC])
    result = reliability(one, "skill")
    assert result.estimates == ()
    assert row(result.table("reliability"))["complete"] == 1
    nobody = make_study({name: {"before": [None]} for name in "abc"}, outcomes=[ABC])
    result = reliability(nobody, "skill")
    assert (result.estimates, result.tables) == ((), ())
    assert failed(result, "answers")
    assert failed(reliability(one, "skill", wave="after"), "answers")
    with pytest.raises(StudyError, match="no wave"):
        reliability(one, "skill", wave="never")


def test_few_people_get_a_value_and_no_interval() -> None:
    items = {name: {"before": [1.0, 3, 4, 6, 7, 2 + k, 5]} for k, name in enumerate("abc")}
    items["b"]["before"] = [2.0, 3, 5, 6, 6, 1, 5]
    result = reliability(make_study(items, outcomes=[ABC]), "skill")
    alpha = found(result, term="alpha")
    assert alpha.value is not None
    assert (alpha.low, alpha.high) == (None, None)
    assert failed(result, "enough for an interval")


def test_people_who_share_a_cluster_make_alpha_look_sharper_than_it_is() -> None:
    items = three_items(40)
    juniors = [f"j{i // 2}" for i in range(40)]
    result = reliability(make_study(items, outcomes=[ABC], juniors=juniors), "skill")
    assert len(failed(result, "independent people")) == 2  # both waves
    alone = reliability(make_study(items, outcomes=[ABC]), "skill")
    assert not failed(alone, "independent people")


def test_several_raters_of_one_person_are_averaged_first(given: dict) -> None:
    study = scale_study(given)
    other = study.measures.assign(rater="r" + study.measures["rater"])
    high, low = (study.measures.assign(value=lambda m, s=s: m["value"] + s) for s in (0.5, -0.5))
    both = pd.concat([high, low.assign(rater=other["rater"])], ignore_index=True)
    result = reliability(replace(study, measures=both), "skill")
    same(result, reliability(study, "skill"))


def test_anonymous_answers_have_alpha_and_no_retest(given: dict) -> None:
    result = reliability(scale_study(given, linked=False), "skill")
    assert found(result, term="alpha", wave="after").value is not None
    assert failed(result, "person ids")
    assert {made.name for made in result.tables} == {"reliability", "items"}


def test_a_question_about_gain_is_never_subtracted(given: dict) -> None:
    study = scale_study(given, outcomes=[replace(SCALE, timing="gain")])
    result = reliability(study, "skill")
    assert failed(result, "same question at each wave")
    assert {made.name for made in result.tables} == {"reliability", "items"}


def test_order_and_names_change_nothing(given: dict, answer: Result) -> None:
    same(answer, reliability(shuffled(scale_study(given)), "skill"))
    study, names = relabelled(scale_study(given))
    same(answer, reliability(study, "skill"), names)


def test_roles_are_apart() -> None:
    items = three_items(30)
    roles = ["senior"] * 15 + ["junior"] * 15
    study = make_study(items, outcomes=[replace(ABC, role="all")], role=roles, paired=False)
    result = reliability(study, "skill", wave="before")
    halves = {
        role: found(result, term="alpha", role=role).n_people for role in ("senior", "junior")
    }
    assert halves == {"senior": 15, "junior": 15}
