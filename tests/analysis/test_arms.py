"""compare_arms against statsmodels, R and naive loops, and what it refuses."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.arms import compare_arms
from rmresearch.errors import FitError, StudyError
from rmresearch.numerics.robust import fit
from rmresearch.result import Estimate, Result
from rmresearch.study import Arm, Study

from . import naive
from .studies import SKILL, TWO_ARMS, make_study
from .test_change import REFERENCE, reference_study

CONTRAST = "programme - comparison"


def one(result: Result, term: str = "", **key: str) -> Estimate:
    found = [
        e
        for e in result.estimates
        if e.term == term and all(getattr(e, name) == value for name, value in key.items())
    ]
    assert len(found) == 1, [(e.term, e.wave, e.contrast) for e in result.estimates]
    return found[0]


def checks(result: Result) -> dict[str, bool]:
    return {check.name: check.passed for check in result.checks}


def drawn(seed: int = 1, n: int = 16, effect: float = 0.5) -> tuple[Any, Any, list[str]]:
    """Scores before and after of n people in each arm."""
    rng = np.random.default_rng(seed)
    before = rng.normal(4, 1, 2 * n)
    after = 1.5 + 0.6 * before + rng.normal(0, 0.8, 2 * n)
    after[:n] += effect
    return before, after, ["programme"] * n + ["comparison"] * n


def study_of(before: Any, after: Any, arm: Any, **options: Any) -> Study:
    return make_study({"skill": {"before": before, "after": after}}, arm=arm, **options)


def frame_of(before: Any, after: Any, arm: Any, **columns: Any) -> pd.DataFrame:
    first = (np.asarray(arm) == "programme").astype(float)
    return pd.DataFrame({"before": before, "after": after, "arm": first, **columns})


def statsmodels_hc2(formula: str, frame: pd.DataFrame) -> tuple[float, float]:
    import statsmodels.formula.api as smf

    found = smf.ols(formula, frame).fit(cov_type="HC2")
    return float(found.params["arm"]), float(found.bse["arm"])


# The record and its sensitivities -----------------------------------------------------------


def test_record_and_sensitivities_agree_with_statsmodels() -> None:
    # everybody stands alone, so CR2 is HC2, which statsmodels has; double precision on 32 rows
    before, after, arm = drawn()
    result = compare_arms(study_of(before, after, arm), "skill", rerandomise=False)
    frame = frame_of(before, after, arm)
    frame["c"] = frame["before"] - frame["before"].mean()
    frame["change"] = frame["after"] - frame["before"]
    formulas = {
        "": "after ~ arm + before",
        "post-only": "after ~ arm",
        "change-score": "change ~ arm",
        "lin-adjusted": "after ~ arm * c",
    }
    for term, formula in formulas.items():
        found = one(result, term, contrast=CONTRAST)
        assert (found.value, found.se) == pytest.approx(statsmodels_hc2(formula, frame), rel=1e-10)
    record = one(result)
    assert (record.n_people, record.n_pairs, record.n_clusters) == (32, 16, 32)
    assert record.estimand == "everyone assigned, as assigned"
    assert record.members == frozenset(f"s{i:03d}" for i in range(32))
    assert (record.parameters, record.smallest_level) == (3, 16)


@pytest.mark.parametrize(
    "term, key",
    [
        ("", "ancova"),
        ("post-only", "post_only"),
        ("change-score", "change_score"),
        ("lin-adjusted", "lin"),
    ],
)
def test_clusters_strata_and_three_arms_agree_with_r(term: str, key: str) -> None:
    expected = json.loads((REFERENCE / "arms.json").read_text("utf-8"))[key]
    result = compare_arms(reference_study(), "skill", rerandomise=False)
    for arm in ("long", "short"):
        value, se, df, p = expected[f"arm{arm}"]
        found = one(result, term, contrast=f"{arm} - comparison")
        assert (found.value, found.se) == pytest.approx((value, se), rel=1e-8)  # trust.md section 3
        assert (found.df, found.p) == pytest.approx((df, p), rel=1e-4)


def test_classical_errors_agree_with_r() -> None:
    expected = json.loads((REFERENCE / "arms.json").read_text("utf-8"))["classical"]
    result = compare_arms(reference_study(), "skill", rerandomise=False)
    for arm in ("long", "short"):
        found = one(result, "classical", contrast=f"{arm} - comparison")
        value, se, _, p = expected[f"arm{arm}"]
        assert (found.value, found.se, found.p) == pytest.approx((value, se, p), rel=1e-8)


def test_reporting_one_arm_changes_no_number() -> None:
    whole = compare_arms(reference_study(), "skill", rerandomise=False)
    part = compare_arms(reference_study(), "skill", rerandomise=False, programme="long")
    assert {e.contrast for e in part.estimates} == {"long - comparison"}
    assert one(part) == one(whole, contrast="long - comparison")


def test_declared_covariates_enter_as_numbers_and_levels() -> None:
    before, after, arm = drawn(n=20)
    rng = np.random.default_rng(5)
    age, site = rng.normal(40, 9, 40), rng.choice(["a", "b", "c"], 40)
    study = study_of(before, after, arm, features={"age": age}, department=list(site))
    found = one(compare_arms(study, "skill", covariates=["age", "department"], rerandomise=False))
    frame = frame_of(before, after, arm, age=age, site=site)
    expected = statsmodels_hc2("after ~ arm + before + age + C(site)", frame)
    assert (found.value, found.se) == pytest.approx(expected, rel=1e-9)
    assert found.smallest_level == min(np.unique(site, return_counts=True)[1].min(), 20)


def test_a_covariate_that_is_missing_drops_the_person_and_says_so() -> None:
    before, after, arm = drawn(n=12)
    age = [np.nan, *range(23)]
    study = study_of(before, after, arm, features={"age": age})
    result = compare_arms(study, "skill", covariates=["age"], rerandomise=False)
    assert one(result).n_people == 23
    assert [(d.reason, d.people) for d in result.dropped] == [("senior, after: no covariate", 1)]


def test_a_level_that_nobody_analysed_belongs_to_costs_no_parameter() -> None:
    # the most frequent stratum loses everybody: the two others still have one reference level
    before, after, arm = drawn(n=16)
    stratum = np.tile(["x", "x", "y", "z"], 8)
    after[stratum == "x"] = np.nan
    study = study_of(before, after, arm, stratum=list(stratum))
    found = one(compare_arms(study, "skill", rerandomise=False))
    kept = stratum != "x"
    frame = frame_of(before[kept], after[kept], np.array(arm)[kept], s=stratum[kept])
    expected = statsmodels_hc2("after ~ arm + before + C(s)", frame)
    assert (found.value, found.se) == pytest.approx(expected, rel=1e-10)
    assert found.parameters == 4


def test_a_name_may_stand_for_a_list_of_one() -> None:
    before, after, arm = drawn(n=12)
    study = study_of(before, after, arm, features={"age": range(24)})
    options: dict[str, Any] = {"rerandomise": False}
    one_name = compare_arms(study, "skill", covariates="age", waves="after", **options)
    listed = compare_arms(study, "skill", covariates=["age"], waves=["after"], **options)
    assert one_name == listed


def test_standardised_by_hand() -> None:
    before, after, arm = drawn()
    result = compare_arms(study_of(before, after, arm), "skill", rerandomise=False)
    record, size = one(result), one(result, "standardised")
    sd = np.sqrt((before[:16].var(ddof=1) + before[16:].var(ddof=1)) / 2)
    assert record.value is not None
    assert size.value == pytest.approx((1 - 3 / (4 * 32 - 9)) * record.value / sd, rel=1e-12)
    assert size.df == record.df


def test_win_probability_counts_every_pair_of_people() -> None:
    before, after, arm = drawn()
    after = np.round(after)
    wins = [(a > b) + (a == b) / 2 for a in after[:16] for b in after[16:]]
    result = compare_arms(study_of(before, after, arm), "skill", rerandomise=False)
    assert one(result, "win-probability").value == pytest.approx(np.mean(wins), rel=1e-12)


def test_baseline_difference_on_both_sets() -> None:
    before, after, arm = drawn()
    after[:3] = np.nan
    result = compare_arms(study_of(before, after, arm), "skill", rerandomise=False)
    for wave, first in (("after", before[3:16]), ("before", before[:16])):
        n, rest = len(first) + 16, before[16:]
        squares = ((first - first.mean()) ** 2).sum() + ((rest - rest.mean()) ** 2).sum()
        sd = np.sqrt(squares / (n - 2))
        g = (1 - 3 / (4 * n - 9)) * (first.mean() - rest.mean()) / sd
        found = one(result, "baseline-difference", wave=wave)
        assert found.value == pytest.approx(g, rel=1e-12)
        assert found.n_people == n
    frame = result.table("baseline").to_frame()
    assert list(frame["sample"]) == ["everyone assigned"] * 2 + ["analysed at after"] * 2
    assert list(frame["people"]) == [16, 16, 16, 13]


def test_baseline_difference_of_a_yes_no_answer() -> None:
    yes = replace(SKILL, kind="binary", low=0, high=1)
    before = [1.0] * 8 + [0.0] * 8 + [1.0] * 4 + [0.0] * 12
    after = [1.0, 0.0] * 16
    arm = ["programme"] * 16 + ["comparison"] * 16
    study = study_of(before, after, arm, outcomes=[yes])
    found = one(compare_arms(study, yes, rerandomise=False), "baseline-difference", wave="after")
    # logits of 8/16 and 4/16 differ by ln 3; 1 - 3/(4 x 32 - 9)
    assert found.value == pytest.approx(np.log(3) / 1.65 * (1 - 3 / 119), rel=1e-12)


def test_tables_say_who_was_counted() -> None:
    before, after, arm = drawn()
    after[0], before[20] = np.nan, np.nan
    result = compare_arms(study_of(before, after, arm), "skill", rerandomise=False)
    row = result.table("waves").to_frame().iloc[0]
    assert (row["people"], row["comparison people"]) == (15, 15)
    assert row["mean"] == pytest.approx(np.nanmean(after[:16]), rel=1e-12)
    assert row["adjusted difference"] == one(result).value
    assert {(d.reason, d.people) for d in result.dropped} == {
        ("senior, after: no answer at the wave", 1),
        ("senior, after: no answer at baseline", 1),
    }
    cells = result.table("waves").rows[0]
    assert len(cells[7].members) == 30
    assert cells[7].kind == "contrast"


def test_completers_are_labelled_not_comparable() -> None:
    before, after, arm = drawn()
    study = study_of(before, after, arm)
    ended = [date(2025, 3, 1) if i < 4 else None for i in range(16)]
    pairs = study.pairs.assign(end=pd.to_datetime(pd.Series(ended)))
    result = compare_arms(replace(study, pairs=pairs), "skill", rerandomise=False)
    found = one(result, "completers")
    frame = frame_of(before, after, arm).iloc[4:]
    expected = statsmodels_hc2("after ~ arm + before", frame)
    assert (found.value, found.se) == pytest.approx(expected, rel=1e-10)
    assert "not comparable" in found.estimand
    assert found.n_people == 28
    untouched = compare_arms(study, "skill", rerandomise=False)
    assert "completers" not in {e.term for e in untouched.estimates}


# Rule E6 and the cluster rule ---------------------------------------------------------------


@pytest.mark.parametrize("n, p", [(10, True), (9, False)])
def test_fewer_than_ten_clusters_in_an_arm_get_no_p(n: int, p: bool) -> None:
    before, after, arm = drawn(n=n)
    declared = replace(SKILL, smallest_effect=0.2)
    result = compare_arms(study_of(before, after, arm, outcomes=[declared]), "skill")
    assert any(e.p is not None for e in result.estimates) == p
    assert one(result).low is not None
    assert one(result, "smallest-detectable").value is not None
    ratio = one(result, "exaggeration").value
    assert ratio is not None
    assert ratio > 1.5
    assert not checks(result)["precise enough to trust its size"]


def departments(k: int, n: int = 8) -> tuple[Any, Any, list[str], list[str]]:
    """k departments of n people, half of them in each arm."""
    before, after, arm = drawn(n=k * n // 2)
    return before, after, arm, [f"d{i // n}" for i in range(k * n)]


def test_four_departments_leave_the_value_and_the_exact_test() -> None:
    before, after, arm, where = departments(4)
    study = study_of(before, after, arm, department=where, unit="department", paired=False)
    result = compare_arms(study, "skill")
    record = one(result)
    assert record.value is not None
    assert {e.se for e in result.estimates} == {None}
    assert {e.p for e in result.estimates} == {None}
    assert not checks(result)["cluster rule"]
    assert checks(result)["several units in each arm"]
    # two departments against two: six arrangements, the least two-sided p is 2/6
    assert one(result, "rerandomisation-smallest").value == pytest.approx(1 / 3, rel=1e-12)
    assert not checks(result)["re-randomisation test"]


def test_one_department_an_arm_is_confounded() -> None:
    before, after, arm, where = departments(2)
    study = study_of(before, after, arm, department=where, unit="department", paired=False)
    result = compare_arms(study, "skill", rerandomise=False)
    assert not checks(result)["several units in each arm"]
    assert one(result).value is not None


def test_eight_departments_agree_with_a_naive_cr2_loop() -> None:
    before, after, arm, where = departments(8)
    study = study_of(before, after, arm, department=where, unit="department", paired=False)
    found = one(compare_arms(study, "skill", rerandomise=False))
    x = np.column_stack([np.ones(64), np.array(arm) == "programme", before]).astype(float)
    value, se, df = naive.cr2(after, x, np.array(where), 1)
    # two double-precision routes on 64 rows
    assert (found.value, found.se, found.df) == pytest.approx((value, se, df), rel=1e-8)
    assert (found.p, found.n_clusters) == (None, 8)


# Re-randomisation ---------------------------------------------------------------------------


def test_rerandomisation_agrees_with_trying_every_assignment() -> None:
    # ten people in each arm, two of each in five strata: C(4, 2)^5 = 7,776 assignments
    before, after, arm = drawn(seed=3, n=10, effect=0.4)
    stratum = np.tile(np.repeat(np.arange(5), 2), 2)
    study = study_of(before, after, arm, stratum=[f"s{s}" for s in stratum])
    result = compare_arms(study, "skill")
    treated = np.zeros((7_776, 20))
    choices = itertools.product(itertools.combinations(range(4), 2), repeat=5)
    for row, chosen in zip(treated, choices, strict=True):
        for s, inside in enumerate(chosen):
            row[np.flatnonzero(stratum == s)[list(inside)]] = 1.0
    others = np.column_stack([before, *(stratum == s for s in range(5))]).astype(float)
    x = np.concatenate([treated[..., None], np.broadcast_to(others, (7_776, 20, 6))], axis=-1)
    sizes = np.abs(fit(after, x, vcov="CR1").contrast([1, 0, 0, 0, 0, 0, 0]).t)
    ours = np.flatnonzero((treated == (np.array(arm) == "programme")).all(axis=1))
    expected = np.mean(sizes >= sizes[ours[0]] * (1 - 1e-9))
    found = one(result, "rerandomisation")
    assert found.value == found.p == pytest.approx(expected, rel=1e-12)
    assert 2 / 7_776 < expected < 1  # neither end, where a wrong test could agree
    # an arrangement and its mirror image are equally extreme
    assert one(result, "rerandomisation-smallest").value == pytest.approx(2 / 7_776, rel=1e-12)


@pytest.mark.parametrize("n", [5, 9])
def test_with_few_clusters_the_rerandomisation_gives_no_p_value(n: int) -> None:
    # 5 against 5 are tried out, 9 against 9 (48,620) too; 9 people an arm allow an interval (E6)
    result = compare_arms(study_of(*drawn(seed=3, n=n, effect=1.0)), "skill")
    found = one(result, "rerandomisation")
    assert (found.value, found.p) == (None, None)
    assert one(result, "rerandomisation-smallest").value == pytest.approx(
        2 / math.comb(2 * n, n), rel=1e-12
    )
    said = [found.method, *(c.detail for c in result.checks)]
    assert not any("Monte Carlo" in text for text in said)  # which would tell the p-value


def test_rerandomisation_stays_within_strata() -> None:
    before, after, arm = drawn(n=4)
    study = study_of(before, after, arm, stratum=["x", "x", "y", "y"] * 2)
    # each stratum of four people has C(4, 2) = 6 arrangements
    method = one(compare_arms(study, "skill"), "rerandomisation").method
    assert "all 36 arrangements of 8 units" in method


def test_the_seed_decides_the_draws_and_zero_is_a_seed() -> None:
    before, after, arm = drawn(effect=0.2)
    study = study_of(before, after, arm)
    first, again, other = (
        one(compare_arms(study, "skill", seed=seed), "rerandomisation").value for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_arms_inside_one_unit_cannot_be_rerandomised() -> None:
    before, after, arm = drawn(n=12)
    where = ["a", "b", "c"] * 8
    study = study_of(before, after, arm, department=where, unit="department", paired=False)
    result = compare_arms(study, "skill")
    assert "rerandomisation" not in {e.term for e in result.estimates}
    detail = next(c.detail for c in result.checks if c.name == "re-randomisation test")
    assert "unit of assignment" in detail


# Arms that were not randomised --------------------------------------------------------------

ITEMS = replace(SKILL, items=("a", "b", "c"), low=None, high=None)


def bracket_data(seed: int = 2, n: int = 40, gap: float = 0.6) -> tuple[Any, Any, Any, Any]:
    """Items before and after of two groups whose true scores differ by ``gap`` before."""
    rng = np.random.default_rng(seed)
    arm = np.repeat([1.0, 0.0], n)
    true = rng.normal(0, 1, 2 * n) + gap * arm
    later = 0.8 * true + 0.5 * arm + rng.normal(0, 0.5, 2 * n)
    before = true[:, None] + rng.normal(0, 0.9, (2 * n, 3))
    after = later[:, None] + rng.normal(0, 0.9, (2 * n, 3))
    return arm, before, after, np.where(arm == 1, "programme", "comparison")


def bracket_study(before: Any, after: Any, names: Any, **options: Any) -> Study:
    items = {item: {"before": list(before[:, j]), "after": list(after[:, j])}
             for j, item in enumerate("abc")}  # fmt: skip
    options.setdefault("outcomes", [ITEMS])
    return make_study(items, arm=list(names), kind="comparison", **options)


def test_bracket_shows_three_answers() -> None:
    arm, before, after, names = bracket_data()
    result = compare_arms(bracket_study(before, after, names), "skill")
    x, y = before.mean(axis=1), after.mean(axis=1)
    frame = pd.DataFrame({"change": y - x, "arm": arm})
    did = one(result, "difference-in-differences")
    expected = statsmodels_hc2("change ~ arm", frame)
    assert (did.value, did.se) == pytest.approx(expected, rel=1e-10)
    none = np.empty((80, 0))
    value = naive.corrected(y, x, arm, none, naive.alpha(before, arm))
    rows = np.arange(80)
    left_out = [
        naive.corrected(y[k], x[k], arm[k], none[k], naive.alpha(before[k], arm[k]))
        for k in (rows != i for i in rows)
    ]
    corrected = one(result, "reliability-corrected")
    # moments are downdated in double precision: 1e-8 is what trust.md asks of two routes
    assert (corrected.value, corrected.se) == pytest.approx(
        (value, naive.jackknife(left_out)), rel=1e-8
    )
    assert "rerandomisation" not in {e.term for e in result.estimates}
    assert "change-score" not in {e.term for e in result.estimates}


def test_bracket_with_covariates_and_clusters() -> None:
    arm, before, after, names = bracket_data()
    z = np.random.default_rng(9).normal(0, 1, 80) + before[:, 0] / 2
    group = np.arange(80) // 2
    study = bracket_study(before, after, names, juniors=[f"j{g}" for g in group], features={"z": z})
    found = one(compare_arms(study, "skill", covariates=["z"]), "reliability-corrected")
    x, y = before.mean(axis=1), after.mean(axis=1)

    def recipe(keep: Any) -> float:
        known = naive.alpha(before[keep], arm[keep])
        return naive.corrected(y[keep], x[keep], arm[keep], z[keep, None], known)

    left_out = [recipe(group != g) for g in range(40)]
    assert (found.value, found.se) == pytest.approx(
        (recipe(group >= 0), naive.jackknife(left_out)), rel=1e-8
    )


@pytest.mark.parametrize("effect, agrees", [(3.0, True), (0.0, False)])
def test_bracket_agrees_only_if_all_three_say_the_same(effect: float, agrees: bool) -> None:
    # groups 1 apart before, no effect: ANCOVA keeps about .8 x (1 - alpha) = .17 of that, the
    # difference in differences (.8 - 1) x 1 = -.2; either is three standard errors at n = 400
    arm, before, after, names = bracket_data(n=400, gap=1.0)
    after = after + (effect - 0.5) * arm[:, None]
    result = compare_arms(bracket_study(before, after, names), "skill")
    three = [one(result, t) for t in ("", "difference-in-differences", "reliability-corrected")]
    signs = {(e.low > 0) - (e.high < 0) for e in three if e.low is not None and e.high is not None}
    assert (len(signs) == 1) == agrees
    assert checks(result)["bracket agrees"] == agrees


def test_a_single_item_needs_its_reliability_for_the_bracket() -> None:
    arm, before, after, names = bracket_data()
    study = study_of(before[:, 0], after[:, 0], names, kind="comparison")
    result = compare_arms(study, "skill")
    assert one(result, "reliability-corrected").value is None
    assert not checks(result)["bracket agrees"]
    given = compare_arms(study, "skill", baseline_reliability=0.5)
    expected = naive.corrected(after[:, 0], before[:, 0], arm, np.empty((80, 0)), 0.5)
    assert one(given, "reliability-corrected").value == pytest.approx(expected, rel=1e-9)


def test_noise_that_could_be_everything_gives_no_corrected_answer() -> None:
    _, before, after, names = bracket_data()
    before = np.random.default_rng(1).normal(0, 1, before.shape)  # items that share nothing
    before[:, 1] = -before[:, 0]
    result = compare_arms(bracket_study(before, after, names), "skill")
    assert one(result, "reliability-corrected").value is None
    assert not checks(result)["bracket agrees"]


# Waiting lists ------------------------------------------------------------------------------


def waitlist(crossover: Any, later: Any = None) -> Study:
    before, after, arm = drawn(n=12)
    items = {"before": before, "after": after, "later": after if later is None else later}
    return make_study(
        {"skill": items}, arm=arm, kind="waitlist", start=date(2025, 1, 1),
        crossover_date=[None] * 12 + list(crossover),
    )  # fmt: skip


def test_waves_after_the_crossover_do_not_count() -> None:
    result = compare_arms(waitlist([date(2025, 9, 1)] * 12), "skill", rerandomise=False)
    assert {e.wave for e in result.estimates if e.term == ""} == {"after"}
    assert any("already crossed over" in d.reason and d.people == 12 for d in result.dropped)
    assert not checks(result)["people in both arms"]


def test_no_wave_before_the_crossover_is_refused() -> None:
    with pytest.raises(StudyError, match="crossed over"):
        compare_arms(waitlist([date(2025, 3, 1)] * 12), "skill")


def test_only_those_who_have_crossed_over_leave() -> None:
    some = [date(2025, 3, 1)] * 2 + [None] * 10
    found = one(compare_arms(waitlist(some), "skill", waves=["after"], rerandomise=False))
    assert found.n_people == 22


# What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, asked, message",
    [
        (
            {"arms": (Arm("programme", "P", True), Arm("comparison", "C", True))},
            {},
            "programme = f",
        ),
        ({"linked": False}, {}, "no person ids"),
        ({}, {"covariates": ["agee"]}, "no covariate agee"),
        ({}, {"waves": ["before"]}, "baseline wave is no outcome"),
        ({}, {"waves": ["later"]}, "cannot be compared at later"),
        ({}, {"programme": ["comparison"]}, "is the comparison arm"),
        ({}, {"programme": ["programm"]}, "Did you mean 'programme'"),
        ({"outcomes": [replace(SKILL, timing="gain")]}, {}, "timing = 'gain'"),
        ({"outcomes": [replace(SKILL, role="junior")]}, {}, "no answer|no answers"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    options: dict[str, Any], asked: dict[str, Any], message: str
) -> None:
    before, after, arm = drawn(n=6)
    with pytest.raises(StudyError, match=message):
        compare_arms(study_of(before, after, arm, **options), "skill", **asked)


def test_a_single_group_is_refused() -> None:
    study = make_study({"skill": {"before": [1.0, 2, 3], "after": [2.0, 2, 3]}})
    with pytest.raises(StudyError, match="no comparison arm"):
        compare_arms(study, "skill")


@pytest.mark.parametrize(
    "before, after",
    [
        ([1.0, 2, 3, 4], [np.nan, np.nan, 3, 4]),  # nobody of one arm answered after
        ([1.0, 2, 3, np.nan], [2.0, 2, 3, 4]),  # one person left in the comparison arm
    ],
)
def test_an_arm_with_nobody_is_refused(before: Any, after: Any) -> None:
    arm = ["programme"] * 2 + ["comparison"] * 2
    with pytest.raises(StudyError, match="fewer than 2"):
        compare_arms(study_of(before, after, arm), "skill")


@pytest.mark.parametrize(
    "items", [{"after": [1.0, 2]}, {"before": [1.0, 2]}, {"before": [None] * 2}]
)
def test_missing_waves_are_refused(items: Any) -> None:
    study = make_study({"skill": items}, arm=["programme", "comparison"])
    with pytest.raises(StudyError, match="no answers"):
        compare_arms(study, "skill")


def test_as_many_coefficients_as_people_is_a_fit_error() -> None:
    arm = ["programme"] * 2 + ["comparison"] * 2
    study = study_of([1.0, 2, 3, 5], [2.0, 2, 3, 4], arm, features={"age": [1.0, 4, 2, 9]})
    with pytest.raises(FitError, match="nothing is left"):
        compare_arms(study, "skill", covariates=["age"])


def test_a_stratum_for_each_pair_is_refused_with_what_to_do() -> None:
    before, after, arm = drawn(n=12)
    study = study_of(before, after, arm, stratum=[f"site {i}" for i in range(24)])
    with pytest.raises(FitError, match="24 people analysed are spread over 24 strata") as caught:
        compare_arms(study, "skill")
    assert len(str(caught.value)) < 1_000, "the columns are not all listed"


def test_an_exaggeration_beyond_use_is_not_spelt_out() -> None:
    before, after, arm = drawn(n=12)
    tiny = replace(SKILL, smallest_effect=1e-6)
    result = compare_arms(study_of(before, after, arm, outcomes=(tiny,)), "skill")
    said = [c.detail for c in result.checks if c.name == "precise enough to trust its size"]
    assert said
    assert all("more than 100 times too large" in one for one in said)


@pytest.mark.parametrize("kind", ["randomised", "comparison"])
def test_a_baseline_that_all_share_is_left_out_and_said(kind: str) -> None:
    # without a baseline the model is two means: HC2 is the unpooled variance of their difference
    _, after, arm = drawn(n=12)
    result = compare_arms(study_of([3.0] * 24, after, arm, kind=kind), "skill")
    ours, theirs = after[:12], after[12:]
    se = np.sqrt(ours.var(ddof=1) / 12 + theirs.var(ddof=1) / 12)
    found = one(result)
    # two routes through double precision, on 24 rows
    assert found.value == pytest.approx(ours.mean() - theirs.mean(), rel=1e-10)
    assert found.se == pytest.approx(se, rel=1e-10)
    assert found.parameters == 2
    assert "all alike before" in found.method
    assert checks(result)["baseline varies"] is False
    assert one(result, "baseline-difference", wave="after").value == 0.0
    post = one(result, "post-only")
    assert (post.value, post.se) == pytest.approx((found.value, found.se), rel=1e-12)


def test_yes_or_no_that_nobody_had_before_is_compared() -> None:
    arm = ["programme"] * 12 + ["comparison"] * 12
    after = [1.0] * 9 + [0.0] * 3 + [1.0] * 4 + [0.0] * 8
    yes = replace(SKILL, kind="binary", low=0, high=1)
    result = compare_arms(study_of([0.0] * 24, after, arm, outcomes=(yes,)), "skill")
    assert one(result).value == pytest.approx(9 / 12 - 4 / 12, abs=1e-12)  # double precision
    assert one(result, "baseline-difference", wave="after").value == 0.0


def test_outcomes_that_do_not_vary_have_a_value_but_no_test() -> None:
    before, _, arm = drawn(n=12)
    result = compare_arms(study_of(before, [3.0] * 24, arm), "skill")
    found = one(result)
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert (found.se, found.low, found.p) == (None, None, None)


@pytest.mark.parametrize("asked", [{"level": 95}, {"baseline_reliability": 1.2}])
def test_arguments_out_of_range_are_value_errors(asked: dict[str, Any]) -> None:
    before, after, arm = drawn(n=6)
    with pytest.raises(ValueError, match=next(iter(asked))):
        compare_arms(study_of(before, after, arm), "skill", **asked)


@pytest.mark.parametrize("kind", ["randomised", "comparison", "waitlist"])
def test_no_small_study_raises_a_warning_or_another_error(kind: str) -> None:
    # warnings are errors in this suite: whatever comes, an answer, a StudyError or a FitError
    rng = np.random.default_rng(13)
    answered = 0
    for _ in range(25):
        n = int(rng.integers(4, 15))
        before, after = rng.integers(1, 6, (2, n)).astype(float)
        after[rng.random(n) < 0.2] = np.nan
        arm = rng.choice(["programme", "comparison"], n)
        juniors = [f"j{g}" for g in rng.integers(0, n, n)]
        stratum = list(rng.choice(["x", "y"], n))
        study = study_of(before, after, list(arm), kind=kind, juniors=juniors, stratum=stratum)
        try:
            result = compare_arms(study, "skill", baseline_reliability=0.7)
        except (StudyError, FitError):
            continue
        answered += 1
        for estimate in result.estimates:
            numbers = (estimate.value, estimate.se, estimate.low, estimate.high, estimate.p)
            assert all(x is None or np.isfinite(x) for x in numbers)
    assert answered > 12


def test_a_second_comparison_arm_is_not_mixed_into_the_first() -> None:
    before, after, arm = drawn(n=12)
    arms = (*TWO_ARMS, Arm("other", "Other", False))
    study = study_of(
        [*before, 1, 2], [*after, 7, 7], [*arm, "other", "other"], arms=arms, paired=False
    )
    result = compare_arms(study, "skill", rerandomise=False)
    alone = compare_arms(study_of(before, after, arm, paired=False), "skill", rerandomise=False)
    assert one(result).value == one(alone).value
    assert ("senior: in a second comparison arm", 2) in {
        (d.reason, d.people) for d in result.dropped
    }


def test_people_without_an_arm_are_counted() -> None:
    before, after, arm = drawn(n=12)
    study = study_of(before, after, [None, *arm[1:]])
    result = compare_arms(study, "skill", rerandomise=False)
    assert result.dropped[0].reason == "senior: no arm recorded"
    assert one(result).n_people == 23


# The null world -----------------------------------------------------------------------------


def test_size_under_the_null_in_small_paired_arms() -> None:
    # 12 sets of two people an arm (ICC .3), 300 studies: 5% nominal. 99.9% of binomial draws at
    # .05 lie in 3..30, and the gate is that band
    rng = np.random.default_rng(77)
    rejected = 0
    arm = ["programme"] * 24 + ["comparison"] * 24
    juniors = [f"j{i // 2}" for i in range(48)]
    for _ in range(300):
        shared = np.repeat(rng.normal(0, np.sqrt(0.3), 24), 2)
        before = shared + rng.normal(0, np.sqrt(0.7), 48)
        after = 0.5 * before + shared + rng.normal(0, np.sqrt(0.7), 48)
        x = np.column_stack([np.ones(48), np.array(arm) == "programme", before]).astype(float)
        p = float(fit(after, x, np.arange(48) // 2).contrast([0, 1, 0]).p)
        rejected += p < 0.05
    assert 3 <= rejected <= 30
    # the analysis returns exactly that p for the last of them
    study = study_of(before, after, arm, juniors=juniors)
    assert one(compare_arms(study, "skill", rerandomise=False)).p == pytest.approx(p, rel=1e-9)
