"""Declared groups: by hand, by least squares, by R (metafor), and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rmresearch.analysis.subgroups import subgroups
from rmresearch.errors import FitError, StudyError
from rmresearch.numerics.pooling import pooled
from rmresearch.numerics.robust import fit
from rmresearch.privacy import release
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome, Study

from .studies import make_study

SKILL = Outcome("skill", "Digital skill", "senior", ("a", "b"), low=1, high=7, smallest_effect=0.5)


@pytest.fixture(scope="module")
def frozen(by_r: Callable[[str], tuple[Any, Any]]) -> tuple[Any, Any]:
    return by_r("dyads")


def study_of(
    n: int,
    groups: list[str | None],
    gain: dict[str, float],
    *,
    kind: str = "randomised",
    seed: int = 5,
    **columns: Any,
) -> Study:
    """n people, alternately in the programme, each group with a gain of its own there."""
    rng = np.random.default_rng(seed)
    true = rng.normal(4, 1, n)
    treated = np.arange(n) % 2 == 0
    more = np.array([gain.get(g or "", 0.0) for g in groups])
    more = more if kind == "single-group" else more * treated
    items = {
        item: {
            "before": list(true + 0.4 * rng.normal(size=n)),
            "after": list(true + more + 0.4 * rng.normal(size=n)),
        }
        for item in "ab"
    }
    arm = None if kind == "single-group" else ["programme" if t else "comparison" for t in treated]
    return make_study(items, arm=arm, kind=kind, outcomes=[SKILL], paired=False,
                      department=groups, **columns)  # fmt: skip


def of(result: Result, term: str, group: str) -> Estimate:
    got = [e for e in result.estimates if (e.term, e.group) == (term, group)]
    assert len(got) == 1, [(e.term, e.group) for e in result.estimates]
    return got[0]


def arrays(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Arm, department, score before and after."""
    table, wide = study.participants, study.wide("skill")
    return (
        (table["arm"] == "programme").to_numpy(),
        table["department"].to_numpy(object),
        wide["before"].to_numpy(),
        wide["after"].to_numpy(),
    )


def test_two_groups_are_one_least_squares_with_an_interaction() -> None:
    groups = ["east" if i < 30 else "west" for i in range(60)]
    study = study_of(60, list(groups), {"east": 0.2, "west": 1.4})
    result = subgroups(study, "skill", by="department")
    treated, place, before, after = arrays(study)
    west = place == "west"
    x = np.column_stack([np.ones(60), treated, west, treated & west, before]).astype(float)
    again = fit(after, x, np.arange(60))
    east, both = again.contrast([0, 1, 0, 0, 0]), again.contrast([0, 1, 0, 1, 0])
    for name, wanted in (("east", east), ("west", both)):
        one = of(result, "subgroup", f"department = {name}")
        got = (one.value, one.se, one.df, one.p)
        assert got == pytest.approx((wanted.estimate, wanted.se, wanted.df, wanted.p))
        assert one.n_people == 30
        assert len(one.members) == 30
    apart, wanted = of(result, "interaction", "department"), again.contrast([0, 0, 0, 1, 0])
    assert (apart.value, apart.se, apart.p) == pytest.approx((wanted.estimate, wanted.se, wanted.p))
    test = of(result, "interaction-test", "department")
    assert (test.value, test.p) == pytest.approx((wanted.t**2, wanted.p))
    assert not [e for e in result.estimates if e.term == "subgroup-pooled"]
    assert any(c.name == "groups formed by chance" and not c.passed for c in result.checks)


def test_three_groups_are_tested_jointly_and_pooled(frozen: tuple[Any, Any]) -> None:
    groups = ["abc"[i % 3] for i in range(96)]
    study = study_of(96, list(groups), {"a": 0.1, "b": 0.6, "c": 1.6})
    # odd and even alternate with the arm; three groups with six people in turn
    result = subgroups(study, "skill", by="department")
    treated, place, before, after = arrays(study)
    marks = (place[:, None] == np.array(list("abc"), object)).astype(float)
    x = np.column_stack([marks * treated[:, None], marks, before])
    again = fit(after, x, np.arange(96))
    wald = again.wald([[-1, 1, 0, 0, 0, 0, 0], [-1, 0, 1, 0, 0, 0, 0]])
    test = of(result, "interaction-test", "department")
    assert (test.value, test.df, test.p) == pytest.approx((wald.f, wald.df_den, wald.p))
    plain = fit(after, x, vcov="classical")
    drawn = pooled(plain.coef[:3], plain.vcov[:3, :3])
    for k, name in enumerate("abc"):
        own = of(result, "subgroup", f"department = {name}")
        one = of(result, "subgroup-pooled", f"department = {name}")
        assert one.value == pytest.approx(drawn.values[k])
        half = stats.t.ppf(0.975, 96 - 7) * drawn.errors[k]
        assert one.high == pytest.approx(drawn.values[k] + half)
        mean = drawn.mean
        assert abs((one.value or 0) - mean) <= abs((own.value or 0) - mean)
    assert of(result, "between-groups-sd", "department").value == pytest.approx(drawn.tau2**0.5)


def test_pooling_agrees_with_metafor(frozen: tuple[Any, Any]) -> None:
    given, said = frozen
    groups = given["groups"]
    joint = pooled(groups["estimate"], groups["covariance"])
    # rma.mv stops its search at 1e-10 of the criterion, about 1e-5 of the variance
    wanted = said["pooled"]
    assert (joint.tau2, joint.mean, joint.se) == pytest.approx(
        (wanted["tau2"], wanted["mean"], wanted["se"]), rel=1e-5
    )
    alone = pooled(groups["estimate"], np.diag(np.diag(groups["covariance"])))
    wanted = said["alone"]
    assert alone.tau2 == pytest.approx(wanted["tau2"], rel=1e-8)
    assert alone.values == pytest.approx(wanted["shrunk"], rel=1e-8)
    assert alone.plain == pytest.approx(wanted["shrunk_se"], rel=1e-8)
    assert (alone.errors > alone.plain).all()


def test_eight_schools_are_alike_as_published() -> None:
    # Gelman and others, Bayesian Data Analysis, section 5.5: pooled 7.7 (4.1), and chance alone
    # explains the differences, so the variance's estimate is 0 and nothing is left of them
    y, se = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    found = pooled(y, np.diag(np.square(se)))
    assert found.tau2 == 0.0
    assert (round(found.mean, 1), round(found.se, 1)) == (7.7, 4.1)
    assert found.values == pytest.approx([found.mean] * 8)


def test_intervals_allow_for_a_variance_that_few_groups_hardly_tell() -> None:
    rng = np.random.default_rng(3)
    held = {"plain": 0.0, "errors": 0.0}
    for _ in range(120):
        true = rng.normal(0, 0.6, 4)
        found = pooled(true + 0.5 * rng.normal(size=4), 0.25 * np.eye(4))
        for name in held:
            held[name] += float((np.abs(found.values - true) <= 1.96 * getattr(found, name)).mean())
    # 120 draws, their shares with an SD of about .12: .95 less 3.3 standard errors of .011
    assert held["errors"] / 120 > 0.914
    assert held["plain"] < held["errors"]


def test_far_groups_keep_their_own_values() -> None:
    found = pooled([0.0, 100.0, 200.0], 0.01 * np.eye(3))
    assert found.values == pytest.approx([0, 100, 200], abs=1e-3)
    assert found.tau2 == pytest.approx(100.0**2 - 0.01)  # sample variance less the errors'
    with pytest.raises(FitError, match="needs 3"):
        pooled([1.0, 2.0], np.eye(2))
    with pytest.raises(FitError, match="not positive definite"):
        pooled([1.0, 2.0, 3.0], np.zeros((3, 3)))


def test_a_number_is_a_slope_and_two_numbers_are_groups() -> None:
    rng = np.random.default_rng(1)
    age = rng.normal(size=50)
    study = study_of(50, ["x"] * 50, {"x": 0.5}, features={"age": age})
    result = subgroups(study, "skill", by="age")
    treated, _, before, after = arrays(study)
    z = age - age.mean()
    x = np.column_stack([np.ones(50), treated, z, treated * z, before])
    wanted = fit(after, x, np.arange(50)).contrast([0, 0, 0, 1, 0])
    one = of(result, "interaction", "age")
    assert (one.value, one.se) == pytest.approx((wanted.estimate, wanted.se))
    two = study_of(50, ["x"] * 50, {"x": 0.5}, features={"age": [1.0, 1.0, 2.0, 2.0, 1.0] * 10})
    found = subgroups(two, "skill", by="age")
    assert [e.group for e in found.estimates if e.term == "subgroup"] == ["age = 1", "age = 2"]


def test_one_group_of_people_is_split_by_its_change() -> None:
    groups = ["east", "west"] * 20
    study = study_of(40, list(groups), {"east": 0.2, "west": 1.0}, kind="single-group")
    result = subgroups(study, "skill", by="department")
    _, place, before, after = arrays_of_change(study)
    for name in ("east", "west"):
        change = (after - before)[place == name]
        one = of(result, "subgroup", f"department = {name}")
        assert one.value == pytest.approx(change.mean())
        assert one.se == pytest.approx(change.std(ddof=1) / np.sqrt(20))
    # two means with variances of their own: Welch's t
    test = of(result, "interaction", "department")
    welch = stats.ttest_ind(*((after - before)[place == g] for g in ("west", "east")),
                            equal_var=False)  # fmt: skip
    assert (test.value or 0) / (test.se or 1) == pytest.approx(welch.statistic)


def arrays_of_change(study: Study) -> tuple[None, np.ndarray, np.ndarray, np.ndarray]:
    table, wide = study.participants, study.wide("skill")
    place = table["department"].to_numpy(object)
    return None, place, wide["before"].to_numpy(), wide["after"].to_numpy()


def test_moderators_asked_together_are_corrected_by_holm() -> None:
    age = list(np.random.default_rng(3).normal(size=60))
    groups = ["east", "west", "west", "east"] * 15
    study = study_of(60, list(groups), {"west": 0.9}, features={"age": age})
    both = subgroups(study, "skill", by=["department", "age"])
    single = [
        of(subgroups(study, "skill", by=name), "interaction-test", name).p or 0
        for name in ("department", "age")
    ]
    got = [of(both, "interaction-test", name).p for name in ("department", "age")]
    low, high = sorted(single)
    expected = {low: min(1, 2 * low), high: max(min(1, 2 * low), high)}
    assert got == pytest.approx([expected[p] for p in single])
    assert "Holm over 2" in of(both, "interaction-test", "age").method


def test_small_groups_are_left_out_counted_or_shown_without_an_interval() -> None:
    groups = ["big"] * 40 + ["mid"] * 8 + ["one"]
    study = study_of(49, list(groups), {"big": 0.5})
    result = subgroups(study, "skill", by="department")
    assert {e.group for e in result.estimates if e.term == "subgroup"} == {
        "department = big", "department = mid",
    }  # fmt: skip
    assert any("fewer than 2 in an arm" in d.reason and d.people == 1 for d in result.dropped)
    mid = of(result, "subgroup", "department = mid")
    assert mid.value is not None
    assert (mid.low, mid.p) == (None, None)
    assert of(result, "interaction-test", "department").p is None
    out = release({"s": result}, study)
    shown = {e.group: e.hidden for e in out.estimates if e.term == "subgroup"}
    assert shown == {"department = big": False, "department = mid": True}
    text = out.to_json()
    assert str(mid.value)[:6] not in text


def test_strata_that_the_groups_tell_do_not_alias() -> None:
    groups = ["east", "west", "west", "east"] * 12
    study = study_of(48, list(groups), {"west": 0.9}, stratum=list(groups))
    bare = study_of(48, list(groups), {"west": 0.9})
    one, other = (subgroups(s, "skill", by="department") for s in (study, bare))
    assert [e.value for e in one.estimates] == pytest.approx([e.value for e in other.estimates])


def test_scores_that_arms_and_groups_explain_are_not_tested() -> None:
    n = 24
    items = {"a": {"before": [1.0, 2, 3] * 8, "after": [5.0, 2] * 12}}
    outcome = replace(SKILL, items=("a",))
    study = make_study(items, arm=["programme", "comparison"] * 12, outcomes=[outcome],
                       paired=False, department=["A"] * 12 + ["B"] * 12)  # fmt: skip
    found = subgroups(study, "skill", by="department")
    test = next(one for one in found.estimates if one.term == "interaction-test")
    assert (test.value, test.df, test.p, test.n_people) == (None, None, None, n)


def test_refusals() -> None:
    study = study_of(60, ["east", "west", "west", "east"] * 15, {})
    with pytest.raises(StudyError, match="no covariate shoe"):
        subgroups(study, "skill", by="shoe")
    with pytest.raises(StudyError, match="no moderator is named"):
        subgroups(study, "skill", by=())
    with pytest.raises(StudyError, match="1 group with 2 people or more"):
        subgroups(study_of(30, ["all"] * 30, {}), "skill", by="department")
    with pytest.raises(StudyError, match="0 group"):
        subgroups(study_of(30, [f"d{i}" for i in range(30)], {}), "skill", by="department")
    with pytest.raises(StudyError, match="fewer than 2 people in an arm"):
        subgroups(study_of(2, ["east", "west"], {}), "skill", by="department")
    with pytest.raises(StudyError, match="not later"):
        subgroups(study, "skill", by="department", wave="later")
    gain = replace(study.design, outcomes=(replace(SKILL, timing="gain"),))
    with pytest.raises(StudyError, match="same words"):
        subgroups(replace(study, design=gain), "skill", by="department")
    with pytest.raises(StudyError, match="no person ids"):
        subgroups(replace(study, design=replace(study.design, linked=False)), "skill", by="level")
    only = study.measures[study.measures["wave"] == "before"]
    with pytest.raises(StudyError, match="needs answers in before and later"):
        subgroups(replace(study, measures=only), "skill", by="department")
    alike = replace(study, measures=study.measures.assign(value=4.0))
    with pytest.raises(FitError, match="same score"):
        subgroups(alike, "skill", by="department")
    constant = study_of(40, ["x"] * 40, {}, features={"age": [3.0] * 40})
    with pytest.raises(StudyError, match="1 group"):
        subgroups(constant, "skill", by="age")


def test_row_order_and_relabelled_groups_do_not_matter() -> None:
    groups = ["abc"[i % 3] for i in range(66)]
    study = study_of(66, list(groups), {"a": 0.5})
    record = subgroups(study, "skill", by="department")
    mixed = replace(
        study,
        participants=study.participants.sample(frac=1, random_state=1, ignore_index=True),
        measures=study.measures.sample(frac=1, random_state=3, ignore_index=True),
    )
    other = subgroups(mixed, "skill", by="department")
    got = {e.key: e for e in other.estimates}
    for one in record.estimates:
        for name in ("value", "se", "low", "high", "df", "p"):
            a, b = getattr(one, name), getattr(got[one.key], name)
            assert (a is None) == (b is None)
            if a is not None:
                assert b == pytest.approx(a, abs=1e-8)
    names = study.participants.assign(
        department=study.participants["department"].map({"a": "z", "b": "y", "c": "x"})
    )
    turned = subgroups(replace(study, participants=names), "skill", by="department")
    for old, new in zip("abc", "zyx", strict=True):
        a, b = (of(r, "subgroup-pooled", f"department = {n}") for r, n in
                ((record, old), (turned, new)))  # fmt: skip
        assert (a.value, a.low) == pytest.approx((b.value, b.low), abs=1e-8)
