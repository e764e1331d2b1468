"""pre_post against hand calculations, naive loops, scipy and R."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rmresearch.analysis.base import fit as base_fit
from rmresearch.analysis.change import pre_post
from rmresearch.errors import FitError, StudyError
from rmresearch.result import Estimate, Result
from rmresearch.study import Arm, Outcome, Study, Wave

from . import naive
from .studies import SKILL, WAVES, make_study

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "analysis"
BEFORE = [3.0, 4, 2, 5, 3, 4, 2, 3, 4, 5]
CHANGES = [1.0, 0, 2, 1, 1, 0, 2, 1, 1, 1]
AFTER = [b + c for b, c in zip(BEFORE, CHANGES, strict=True)]


def study_of(before: Any, after: Any, **options: Any) -> Study:
    return make_study({"skill": {"before": before, "after": after}}, **options)


def one(result: Result, term: str = "", group: str = "") -> Estimate:
    found = [e for e in result.estimates if e.term == term and e.group == group]
    assert len(found) == 1, [e.key for e in result.estimates]
    return found[0]


def checks(result: Result) -> dict[str, bool]:
    return {check.name: check.passed for check in result.checks}


def test_mean_change_by_hand() -> None:
    # ten people, changes of mean 1 and sum of squares 4: SE = sqrt(4/9/10) = .21082, df 9,
    # t(.975, 9) = 2.262157 (Student's table)
    result = pre_post(study_of(BEFORE, AFTER), "skill")
    found = one(result)
    assert found.value == pytest.approx(1.0, rel=1e-12)
    assert found.se == pytest.approx(np.sqrt(4 / 90), rel=1e-12)
    assert found.df == pytest.approx(9.0, rel=1e-9)
    assert found.low == pytest.approx(1 - 2.262157 * 0.2108185, abs=1e-6)  # the table's digits
    assert (found.contrast, found.wave, found.role) == ("after - before", "after", "senior")
    assert (found.n_people, found.n_pairs, found.n_clusters) == (10, 10, 10)
    assert found.members == frozenset(f"s{i:03d}" for i in range(10))
    assert result.dropped == ()


def test_record_agrees_with_a_naive_cr2_loop() -> None:
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(12), [1, 2, 3, 1, 2, 1, 4, 2, 1, 1, 3, 2])
    before = rng.normal(4, 1, len(cluster))
    after = before + rng.normal(0.3, 1, len(cluster)) + rng.normal(0, 1, 12)[cluster]
    study = study_of(before, after, juniors=[f"j{g}" for g in cluster])
    found = one(pre_post(study, "skill"))
    value, se, df = naive.cr2(after - before, np.ones((len(cluster), 1)), cluster, 0)
    # both routes are double precision on 23 rows
    assert (found.value, found.se, found.df) == pytest.approx((value, se, df), rel=1e-9)
    assert (found.n_people, found.n_pairs, found.n_clusters) == (23, 23, 12)


def reference_study() -> Study:
    with open(REFERENCE / "arms.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    arms = tuple(Arm(n, n, n != "comparison") for n in ("comparison", "long", "short"))
    return study_of(
        [float(r["before"]) for r in rows],
        [float(r["after"]) for r in rows],
        ids=[r["person"] for r in rows],
        juniors=[f"j{r['cluster']}" for r in rows],
        arm=[r["arm"] for r in rows],
        stratum=[r["stratum"] for r in rows],
        arms=arms,
        unit="set",
    )


def test_each_arm_agrees_with_club_sandwich() -> None:
    expected = json.loads((REFERENCE / "arms.json").read_text("utf-8"))["change"]
    result = pre_post(reference_study(), "skill")
    for arm, (value, se, df, p) in expected.items():
        found = one(result, group=arm)
        assert (found.value, found.se) == pytest.approx((value, se), rel=1e-8)  # trust.md section 3
        assert (found.df, found.p) == pytest.approx((df, p), rel=1e-4)
    assert {e.group for e in pre_post(reference_study(), "skill", arm="long").estimates} == {"long"}


def test_paired_t_and_wilcoxon_agree_with_scipy() -> None:
    # pingouin hands on to scipy; its interval is rounded to two decimals, ours must not be
    result = pre_post(study_of(BEFORE, AFTER), "skill", level=0.9)
    t = stats.ttest_rel(AFTER, BEFORE)
    found = one(result, "paired-t")
    low, high = t.confidence_interval(0.9)
    assert (found.p, found.df) == pytest.approx((t.pvalue, t.df), rel=1e-10)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-10)
    w = one(result, "wilcoxon")
    assert w.p == pytest.approx(stats.wilcoxon(AFTER, BEFORE, correction=True).pvalue, rel=1e-12)
    assert w.value == pytest.approx(1.0)  # nobody went down


def test_wild_bootstrap_stands_beside_ten_clusters() -> None:
    found = one(pre_post(study_of(BEFORE, AFTER), "skill"), "wild-bootstrap")
    # by hand: signs of Webb's six points on the changes themselves (the null: mean 0), CR1 t;
    # both p have Monte Carlo error, .0025 at most at 9,999 and 20,000 draws for p near .02
    rng = np.random.default_rng(1)
    change = np.array(CHANGES)
    webb = np.sqrt([0.5, 1, 1.5, 0.5, 1, 1.5]) * np.array([1, 1, 1, -1, -1, -1])
    drawn = change * rng.choice(webb, size=(20_000, 10))

    def t(values: Any) -> Any:
        mean = values.mean(axis=-1)
        return np.abs(mean) / (values - mean[..., None]).std(axis=-1, ddof=1) * np.sqrt(10)

    expected = np.mean(t(drawn) >= t(change) * (1 - 1e-9))
    assert found.p == pytest.approx(expected, abs=5 * np.sqrt(expected / 9_999 + expected / 20_000))
    twelve = pre_post(study_of([*BEFORE, 3, 4], [*AFTER, 4, 4]), "skill")
    assert "wild-bootstrap" not in {e.term for e in twelve.estimates}


def test_standardised_change_by_hand() -> None:
    # SD before of these ten: mean 3.5, sum of squares 10.5, SD = sqrt(10.5 / 9) = 1.080123;
    # J = 1 - 3 / (4 x 9 - 1) for an SD on 9 df
    found = one(pre_post(study_of(BEFORE, AFTER), "skill"), "standardised")
    g = (1 - 3 / 35) / np.sqrt(10.5 / 9)
    assert found.value == pytest.approx(g, rel=1e-12)
    assert found.se == pytest.approx(np.sqrt(g**2 * (4 / 90) + g**2 / 18), rel=1e-12)


def test_win_probability_counts_ties_half() -> None:
    # eight of ten went up, two stayed: (8 + 1) / 10
    assert one(pre_post(study_of(BEFORE, AFTER), "skill"), "win-probability").value == 0.9
    amount = replace(SKILL, kind="amount")
    terms = {e.term for e in pre_post(study_of(BEFORE, AFTER, outcomes=[amount]), amount).estimates}
    assert "win-probability" not in terms


def test_expected_regression_with_all_that_it_needs() -> None:
    # (1 - .6)(4.5 - 3.5) = .4 of the observed 1.0
    result = pre_post(study_of(BEFORE, AFTER), "skill", untreated_retest=0.6, pool_mean=4.5)
    assert one(result, "expected-regression").value == pytest.approx(0.4, rel=1e-12)
    row = result.table("expected_regression").to_frame().iloc[0]
    assert row["left over"] == pytest.approx(0.6, rel=1e-12)
    assert checks(result)["expected regression to the mean"]


def test_expected_regression_without_r_is_a_table() -> None:
    result = pre_post(study_of(BEFORE, AFTER), "skill", pool_mean=4.5)
    assert one(result, "expected-regression").value is None
    frame = result.table("expected_regression").to_frame()
    assert list(frame["retest correlation"]) == [0.4, 0.6, 0.8]
    assert list(frame["expected change"]) == pytest.approx([0.6, 0.4, 0.2], rel=1e-12)


@pytest.mark.parametrize("retest", [None, 0.6])
def test_expected_regression_without_the_pool_cannot_be_computed(retest: float | None) -> None:
    result = pre_post(study_of(BEFORE, AFTER), "skill", untreated_retest=retest)
    assert one(result, "expected-regression").value is None
    assert result.table("expected_regression").to_frame()["expected change"].isna().all()
    detail = next(c for c in result.checks if c.name == "expected regression to the mean")
    assert not detail.passed
    assert "cannot be computed" in detail.detail


SCALE = Outcome("skill", "Skill", "senior", ("a", "b", "c"), low=1, high=5, reverse=frozenset("c"))


def scale_study(n: int = 12, **options: Any) -> tuple[Study, Any, Any]:
    rng = np.random.default_rng(8)
    true = rng.normal(3, 1, n)
    made = [np.clip(np.round(true[:, None] + shift + rng.normal(0, 0.7, (n, 3))), 1, 5)
            for shift in (0, 0.5)]  # fmt: skip
    coded = [np.column_stack([m[:, 0], m[:, 1], 6 - m[:, 2]]) for m in made]
    items = {
        item: {"before": list(coded[0][:, j]), "after": list(coded[1][:, j])}
        for j, item in enumerate("abc")
    }
    return make_study(items, outcomes=[SCALE], **options), made[0], made[1]


def test_reliable_change_of_a_scale() -> None:
    study, before, after = scale_study()
    result = pre_post(study, "skill")
    reliability = naive.alpha(before, np.zeros(12))
    scores = before.mean(axis=1)
    # Jacobson and Truax 1991: 1.96 x sqrt(2) x SD x sqrt(1 - alpha); 1.959964 = normal .975
    limit = 1.959964 * np.sqrt(2) * scores.std(ddof=1) * np.sqrt(1 - reliability)
    change = after.mean(axis=1) - scores
    row = result.table("reliable_change").to_frame().iloc[0]
    assert row["reliability"] == pytest.approx(reliability, rel=1e-10)
    assert row["threshold"] == pytest.approx(limit, rel=1e-6)  # seven digits of 1.959964
    assert one(result, "reliably-improved").value == np.mean(change > limit)
    assert one(result, "reliably-worsened").value == np.mean(change < -limit)
    cells = dict(
        zip(
            result.table("reliable_change").columns,
            result.table("reliable_change").rows[0],
            strict=True,
        )
    )
    assert cells["improved"].numerator == int((change > limit).sum())
    # alpha as an upper bound of r stands in the other table
    shown = result.table("expected_regression").to_frame()
    assert shown["retest correlation"].iloc[-1] == pytest.approx(reliability, rel=1e-10)
    assert "upper bound" in shown["where from"].iloc[-1]


def test_improvement_follows_the_desired_direction() -> None:
    before, after = [3.0] * 6 + [2.0] * 6, [1.0] * 6 + [2.0] * 6
    outcome = replace(SKILL, direction=-1)
    study = study_of(before, after, outcomes=[outcome])
    # SD before = .5222 and r = .9: threshold .458, so six fell reliably, which is what is wanted
    result = pre_post(study, "skill", untreated_retest=0.9)
    assert one(result, "reliably-improved").value == 0.5
    assert one(result, "reliably-worsened").value == 0.0


def test_a_single_item_without_retest_has_no_reliable_change() -> None:
    result = pre_post(study_of(BEFORE, AFTER), "skill")
    assert not checks(result)["reliable change"]
    assert "reliably-improved" not in {e.term for e in result.estimates}


def test_smallest_detectable_and_exaggeration_only_with_a_declared_effect() -> None:
    declared = replace(SKILL, smallest_effect=0.3)
    result = pre_post(study_of(BEFORE, AFTER, outcomes=[declared]), "skill")
    # (t.975 + t.80) x SE on 9 df = (2.262157 + .883404) x .2108185
    assert one(result, "smallest-detectable").value == pytest.approx(0.663143, abs=2e-6)
    ratio = one(result, "exaggeration").value
    assert ratio is not None
    assert checks(result)["precise enough to trust its size"] == (ratio < 1.5)
    terms = {e.term for e in pre_post(study_of(BEFORE, AFTER), "skill").estimates}
    assert "exaggeration" not in terms


def test_who_is_dropped_is_counted_by_reason() -> None:
    before = [*BEFORE, None, 3, None]
    after = [*AFTER, 4, None, None]
    result = pre_post(study_of(before, after), "skill")
    assert one(result).n_people == 10
    assert {(d.reason, d.people) for d in result.dropped} == {
        ("senior: no answer at before", 1),
        ("senior: no answer at after", 1),
        ("senior: no answer at either wave", 1),
    }


@pytest.mark.parametrize("n, p, interval", [(10, True, True), (9, False, False)])
def test_few_people_get_no_p_value(n: int, p: bool, interval: bool) -> None:
    # rule E6 (10 clusters) and S1 (10 people for an interval)
    result = pre_post(study_of(BEFORE[:n], AFTER[:n]), "skill")
    for term in ("", "paired-t"):
        assert (one(result, term).p is not None) == p
        assert (one(result, term).low is not None) == interval
    assert (one(result, "wilcoxon").p is not None) == p
    assert one(result).se is not None
    assert checks(result)["enough clusters for p"] == p


def test_few_clusters_keep_the_interval_but_no_p() -> None:
    juniors = [f"j{i // 2}" for i in range(18)]
    study = study_of((BEFORE * 2)[:18], (AFTER * 2)[:18], juniors=juniors)
    found = one(pre_post(study, "skill"))
    assert (found.n_clusters, found.p) == (9, None)
    assert found.low is not None


def test_one_large_cluster_leaves_only_the_value() -> None:
    juniors = ["all"] * 4 + [f"j{i}" for i in range(6)]
    result = pre_post(study_of(BEFORE, AFTER, juniors=juniors), "skill")
    assert one(result).value == pytest.approx(1.0)
    assert {e.p for e in result.estimates} == {None}
    assert {e.low for e in result.estimates} == {None}
    assert not checks(result)["cluster rule"]


def test_the_last_follow_up_with_answers_is_the_default() -> None:
    both = {"before": BEFORE, "after": AFTER, "later": [None] * 10}
    assert one(pre_post(make_study({"skill": both}), "skill")).wave == "after"
    three = {**both, "later": AFTER}
    assert one(pre_post(make_study({"skill": three}), "skill")).wave == "later"
    chosen = pre_post(make_study({"skill": three}), "skill", wave="later", baseline="after")
    assert one(chosen).contrast == "later - after"
    assert one(chosen).value == 0.0


def test_equal_changes_are_not_tested() -> None:
    after = [b + 1 for b in BEFORE]
    result = pre_post(study_of(BEFORE, after), "skill")
    found = one(result)
    assert (found.value, found.se, found.low, found.p) == (1.0, None, None, None)
    assert not checks(result)["changes vary"]
    assert "paired-t" not in {e.term for e in result.estimates}


def test_scores_that_do_not_vary_before_have_no_standardised_change() -> None:
    result = pre_post(study_of([3.0] * 10, AFTER), "skill", untreated_retest=0.5)
    assert one(result, "standardised").value is None
    assert not checks(result)["reliable change"]


def test_arms_apart_and_waitlist_labelled() -> None:
    arm = ["programme"] * 10 + ["comparison"] * 10
    late = [None] * 10 + [date(2025, 5, 1)] * 3 + [None] * 7
    study = study_of(
        BEFORE * 2, AFTER + BEFORE, arm=arm, kind="waitlist", start=date(2025, 1, 1),
        crossover_date=late,
    )  # fmt: skip
    result = pre_post(study, "skill")
    assert one(result, group="programme").value == pytest.approx(1.0)
    assert one(result, group="comparison").value == 0.0
    crossed = [c for c in result.checks if c.name == "before crossover"]
    assert len(crossed) == 1
    assert "comparison: 3 of 10" in crossed[0].detail
    assert not crossed[0].passed


def test_roles_apart() -> None:
    everyone = Outcome("trust", "Trust", "all", ("trust",), low=1, high=7)
    roles = ["senior"] * 10 + ["junior"] * 10
    study = make_study(
        {"trust": {"before": BEFORE * 2, "after": AFTER + BEFORE}},
        outcomes=[everyone], role=roles, paired=False,
    )  # fmt: skip
    found = {e.role: e.value for e in pre_post(study, "trust").estimates if e.term == ""}
    assert found == {"senior": pytest.approx(1.0), "junior": 0.0}


def unlinked_study(n1: int, n2: int) -> tuple[Study, Any, Any]:
    rng = np.random.default_rng(3)
    before, after = rng.normal(4, 1, n1), rng.normal(4.5, 2, n2)
    study = study_of([*before, *[None] * n2], [*[None] * n1, *after], paired=False, linked=False)
    return study, before, after


def test_unlinked_waves_are_independent_samples() -> None:
    study, before, after = unlinked_study(14, 11)
    result = pre_post(study, "skill")
    found = one(result)
    assert found.value == pytest.approx(after.mean() - before.mean(), rel=1e-12)
    # HC2 of two means is Welch's standard error
    a, b = before.var(ddof=1) / 14, after.var(ddof=1) / 11
    assert found.se == pytest.approx(np.sqrt(a + b), rel=1e-12)
    # Bell-McCaffrey df under equal variances: (1/n1 + 1/n2)^2 / sum 1/(n^2 (n - 1))
    df = (1 / 14 + 1 / 11) ** 2 / (1 / (14**2 * 13) + 1 / (11**2 * 10))
    assert found.df == pytest.approx(df, rel=1e-9)
    assert found.estimand == "those who answered each wave, not linked"
    assert not checks(result)["answers linked to people"]
    assert {e.term for e in result.estimates} == {
        "", "standardised", "smallest-detectable", "win-probability",
    }  # fmt: skip
    wins = [float(b > a) for a in before for b in after]  # no ties among drawn numbers
    assert one(result, "win-probability").value == pytest.approx(np.mean(wins), rel=1e-12)
    row = result.table("change").to_frame().iloc[0]
    assert (row["people before"], row["people after"]) == (14, 11)


def test_unlinked_with_few_people_has_no_p() -> None:
    study, _, _ = unlinked_study(14, 9)
    found = one(pre_post(study, "skill"))
    assert found.p is None
    assert found.low is not None
    with pytest.raises(StudyError, match="fewer than 2"):
        pre_post(unlinked_study(14, 1)[0], "skill")


GAIN = Outcome("gain", "Perceived gain", "senior", ("gain",), low=1, high=7, timing="gain")
ABILITY = replace(SKILL, name="ability", items=("ability",), related="gain")


@pytest.mark.parametrize("asked", ["ability", "gain"])
def test_ability_before_and_gain_after_are_never_subtracted(asked: str) -> None:
    study = make_study(
        {"ability": {"before": BEFORE}, "gain": {"after": AFTER}}, outcomes=[ABILITY, GAIN]
    )
    with pytest.raises(StudyError, match="two different scales are never subtracted") as caught:
        pre_post(study, asked)
    assert "ability" in str(caught.value)
    assert "gain" in str(caught.value)


def test_a_retrospective_question_is_refused() -> None:
    study = study_of(BEFORE, AFTER, outcomes=[replace(SKILL, timing="retrospective")])
    with pytest.raises(StudyError, match="in retrospect"):
        pre_post(study, "skill")


@pytest.mark.parametrize(
    "items, options, message",
    [
        ({"before": BEFORE}, {}, "wave before only"),
        ({"before": [None] * 10}, {}, "in no wave"),
        ({"after": AFTER, "later": AFTER}, {}, "needs them in before"),
        ({"before": BEFORE, "after": AFTER}, {"wave": "later"}, "answers in before, after"),
        ({"before": BEFORE, "after": AFTER}, {"wave": "before"}, "must come later"),
        ({"before": BEFORE, "after": AFTER}, {"wave": "aftr"}, "Did you mean 'after'"),
        ({"before": BEFORE, "after": AFTER}, {"arm": "x"}, "no arm 'x'"),
        ({"before": [1.0, None], "after": [None, 2.0]}, {}, "fewer than 2"),
        ({"before": [1.0], "after": [2.0]}, {}, "fewer than 2"),
    ],
)
def test_what_the_data_cannot_answer_is_refused(
    items: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        pre_post(make_study({"skill": items}), "skill", **options)


def test_one_arm_too_small_does_not_silence_the_other() -> None:
    arm = ["programme"] * 10 + ["comparison"]
    study = study_of([*BEFORE, 3], [*AFTER, 4], arm=arm)
    result = pre_post(study, "skill")
    assert {e.group for e in result.estimates} == {"programme"}
    assert any(c.name == "people with both waves" and not c.passed for c in result.checks)


def test_two_routes_that_disagree_stop_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: Any) -> Any:
        return SimpleNamespace(contrast=lambda _: base_fit.Student(1.0 + 1e-7, 0.21, 9.0))

    monkeypatch.setattr(base_fit, "dense", wrong)
    with pytest.raises(FitError, match="two routes"):
        pre_post(study_of(BEFORE, AFTER), "skill")


@pytest.mark.parametrize("asked", [{"level": 95}, {"level": 0.0}, {"untreated_retest": 1.5}])
def test_arguments_out_of_range_are_value_errors(asked: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(asked))):
        pre_post(study_of(BEFORE, AFTER), "skill", **asked)  # type: ignore[arg-type]


def test_no_small_study_raises_a_warning_or_another_error() -> None:
    # warnings are errors in this suite: whatever comes, an answer or a StudyError
    rng = np.random.default_rng(11)
    for _ in range(60):
        n = int(rng.integers(2, 13))
        before, after = rng.integers(1, 4, (2, n)).astype(float)
        after[rng.random(n) < 0.2] = np.nan
        juniors = [f"j{g}" for g in rng.integers(0, n, n)]
        try:
            result = pre_post(study_of(before, after, juniors=juniors), "skill")
        except StudyError:
            continue
        for estimate in result.estimates:
            numbers = (estimate.value, estimate.se, estimate.low, estimate.high, estimate.p)
            assert all(x is None or np.isfinite(x) for x in numbers)


def test_the_call_says_what_was_asked() -> None:
    result = pre_post(study_of(BEFORE, AFTER), "skill", untreated_retest=0.5)
    asked = dict(result.call.arguments)
    assert result.call.function == "pre_post"
    assert (asked["wave"], asked["baseline"], asked["untreated_retest"]) == (
        "after",
        "before",
        "0.5",
    )


def test_waves_out_of_order_months_do_not_matter() -> None:
    # the declared order of waves decides, and a second baseline wave is no follow-up
    waves = (*WAVES[:1], replace(WAVES[1], baseline=True), Wave("later", "Later", 12))
    items = {"before": BEFORE, "after": AFTER, "later": AFTER}
    found = one(pre_post(make_study({"skill": items}, waves=waves), "skill"))
    assert found.contrast == "later - before"


def test_the_codebook_can_say_what_regression_to_the_mean_needs() -> None:
    # (1 - r)(mu - x) by hand: x = 2, mu = 3, r = .6 -> .4 x 1 = .4
    before = [1.0, 2.0, 3.0] * 4
    outcome = replace(SKILL, pool_mean=3.0, untreated_retest=0.6)
    items = {"skill": {"before": before, "after": [x + 1 for x in before[:-1]] + [5.0]}}
    found = {e.term: e for e in pre_post(make_study(items, outcomes=[outcome]), "skill").estimates}
    assert found["expected-regression"].value == pytest.approx(0.4)
    told = pre_post(make_study(items, outcomes=[outcome]), "skill", pool_mean=2.0).estimates
    expected = next(e for e in told if e.term == "expected-regression")
    assert expected.value == pytest.approx(0.0)  # the argument comes before the codebook
