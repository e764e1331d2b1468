"""The constrained longitudinal model against R, dense arithmetic and formulas by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.dense_route import dense_allowance
from rmresearch.numerics.lmm.robust import robust
from rmresearch.numerics.longitudinal import ArmsFit, fit_arms, grid, random_terms

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "longitudinal"
ARMS = {
    "alone": ("comparison", "long", "short"),
    "sets": ("comparison", "programme"),
}
COVARIATE = {"alone": "stratum", "sets": "age"}


def drawn(study: str) -> dict[str, Any]:
    """The arguments of fit_arms for a study of drawn.csv."""
    with open(REFERENCE / "drawn.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["study"] == study]
    people = list(dict.fromkeys(row["person"] for row in rows))
    months = sorted({float(row["months"]) for row in rows})
    about = {row["person"]: row for row in rows}
    y = np.full((len(people), len(months)), np.nan)
    for row in rows:
        y[people.index(row["person"]), months.index(float(row["months"]))] = float(row["value"])
    sets = list(dict.fromkeys(row["set"] for row in rows))
    own = [about[person] for person in people]
    covariate = [
        float(row["age"]) if study == "sets" else float(row["stratum"] == "west") for row in own
    ]
    return {
        "y": y,
        "arm": np.array([ARMS[study].index(row["arm"]) for row in own]),
        "sets": np.array([sets.index(row["set"]) for row in own]),
        "months": months,
        "covariates": [np.array(covariate)[:, None]] * len(months),
    }


def small(seed: int = 3, people: int = 12, waves: int = 3) -> dict[str, Any]:
    """A study without missing answers: half of the people in each arm, each alone."""
    rng = np.random.default_rng(seed)
    y = rng.normal(0, 1, (people, 1)) + rng.normal(0, 1, (people, waves))
    y += np.outer(rng.normal(0, 0.4, people), np.arange(waves))
    arm = np.arange(people) % 2
    months = 3.0 * np.arange(waves)
    return {"y": y, "arm": arm, "sets": np.arange(people), "months": months}


def covariance(found: ArmsFit) -> Any:
    """V of the rows, written out."""
    v = float(found.model.sigma2) * np.eye(found.y.size)
    for term, d in zip(found.terms, found.model.covariances, strict=True):
        group, z = np.asarray(term.group), np.asarray(term.z)
        v = v + (z @ d @ z.T) * (group[:, None] == group)
    return v


def deviance(y: Any, x: Any, v: Any) -> float:
    """-2 x the restricted log-likelihood, by its definition."""
    w = np.linalg.inv(v)
    inner = x.T @ w @ x
    left = y - x @ np.linalg.solve(inner, x.T @ w @ y)
    free = len(y) - x.shape[1]
    return float(
        free * np.log(2 * np.pi)
        + np.linalg.slogdet(v)[1]
        + np.linalg.slogdet(inner)[1]
        + left @ w @ left
    )


# Against R ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["alone", "alone_no_slope", "sets", "sets_no_slope"])
def test_agrees_with_r(key: str) -> None:
    expected = json.loads((REFERENCE / "waves.json").read_text("utf-8"))[key]
    study = key.split("_")[0]
    given = drawn(study)
    found = fit_arms(**given, slope="no_slope" not in key)
    assert found.model.n == expected["n"]
    assert found.model.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    sandwich = robust(found.model, found.y, found.x, found.cluster)
    assert len(expected["contrasts"]) == len(found.grid.columns)
    for name, theirs in expected["contrasts"].items():
        arm, _, months = name.partition("_at_")
        place = ARMS[study].index(arm), given["months"].index(float(months))
        weights = found.weights(*place)
        ours = sandwich.contrast(weights)
        # trust.md section 3: estimates and SE to 1e-6 relative, df to 1e-4
        assert ours.estimate == pytest.approx(theirs["estimate"], rel=1e-6)
        assert ours.se == pytest.approx(theirs["se"], rel=1e-6)
        assert ours.df == pytest.approx(theirs["df"], rel=1e-4)
        assert ours.p == pytest.approx(theirs["p"], rel=1e-4)
        model = found.model.contrast(weights)
        # lmerTest differentiates numerically: its df hold to about 1e-3
        assert (model.se, model.df) == pytest.approx(
            (theirs["model_se"], theirs["model_df"]), rel=1e-3
        )
        adjusted = found.model.kenward_roger(weights)
        assert adjusted.se == pytest.approx(theirs["kr_se"], rel=1e-6)
        assert adjusted.df == pytest.approx(theirs["kr_df"], rel=1e-4)
    residual = next(row["value"] for row in expected["variances"] if row["group"] == "Residual")
    assert found.model.sigma2 == pytest.approx(residual, rel=1e-6)


# By hand and by dense arithmetic ------------------------------------------------------------


def test_one_follow_up_is_the_difference_less_what_the_baseline_explains() -> None:
    # complete answers at two waves, V compound symmetric with correlation r: generalised least
    # squares with one mean before the start is (gap after) - r (gap before)
    given = small(waves=2)
    found = fit_arms(**given)
    assert not found.slope
    between, within = float(found.model.covariances[0][0, 0]), float(found.model.sigma2)
    r = between / (between + within)
    one = given["arm"] == 1
    gaps = given["y"][one].mean(axis=0) - given["y"][~one].mean(axis=0)
    value = found.model.contrast(found.weights(1, 1)).estimate
    assert value == pytest.approx(gaps[1] - r * gaps[0], rel=1e-10)


@pytest.mark.parametrize("study", ["alone", "sets"])
def test_estimates_are_dense_least_squares_at_a_minimum_of_the_criterion(study: str) -> None:
    found = fit_arms(**drawn(study))
    v = covariance(found)
    w = np.linalg.inv(v)
    inner = np.linalg.inv(found.x.T @ w @ found.x)
    coef = inner @ found.x.T @ w @ found.y
    assert found.model.coef == pytest.approx(coef, rel=1e-8, abs=1e-8)
    assert found.model.vcov == pytest.approx(inner, rel=1e-7, abs=1e-10)
    best = deviance(found.y, found.x, v)
    assert found.model.criterion == pytest.approx(best, abs=1e-8)
    rng = np.random.default_rng(5)
    for step in (1e-1, 1e-2):
        for _ in range(10):
            other = float(found.model.sigma2) * np.exp(rng.normal(0, step)) * np.eye(found.y.size)
            for term, d in zip(found.terms, found.model.covariances, strict=True):
                root = np.linalg.cholesky(d + 1e-12 * np.eye(len(d)))
                root = root + rng.normal(0, step, root.shape) * np.sqrt(np.diagonal(d).max())
                z, group = np.asarray(term.z), np.asarray(term.group)
                other = other + (z @ root @ root.T @ z.T) * (group[:, None] == group)
            assert deviance(found.y, found.x, other) >= best - 1e-8


def test_whoever_answered_once_counts() -> None:
    # by the first wave alone a person still says what the shared mean is
    given = drawn("alone")
    whole = fit_arms(**given)
    y = given["y"].copy()
    only = (np.isfinite(y).sum(axis=1) == 1) & np.isfinite(y[:, 0])
    assert only.any()
    y[only] = np.nan
    fewer = fit_arms(**{**given, "y": y})
    assert fewer.model.n == whole.model.n - only.sum()
    assert fewer.model.coef[0] != pytest.approx(whole.model.coef[0], rel=1e-6)


# Weights that were estimated ---------------------------------------------------------------


@pytest.mark.parametrize("study", ["alone", "sets"])
def test_the_record_is_cr2_with_what_kenward_and_roger_add(study: str) -> None:
    expected = json.loads((REFERENCE / "waves.json").read_text("utf-8"))[study]
    given = drawn(study)
    found = fit_arms(**given)
    v, parts = covariance(found), derivatives(found)
    for name, theirs in expected["contrasts"].items():
        arm, _, months = name.partition("_at_")
        place = ARMS[study].index(arm), given["months"].index(float(months))
        weights = found.weights(*place)
        ratio = theirs["kr_se"] / theirs["model_se"]
        record = found.record([weights])[0]
        assert record.se == pytest.approx(theirs["se"] * max(ratio, 1.0), rel=1e-6)
        assert record.df == pytest.approx(theirs["df"], rel=1e-4)
        again = dense_allowance(found.x, v, parts, found.cluster, weights)
        own, adjusted = found.model.contrast(weights), found.model.kenward_roger(weights)
        assert again == pytest.approx(max(1.0, (adjusted.se / own.se) ** 2), rel=1e-8)


def derivatives(found: ArmsFit) -> list[Any]:
    """Of V in its variances and covariances, the residual's first."""
    parts = [np.eye(found.y.size)]
    for term in found.terms:
        group, z = np.asarray(term.group), np.asarray(term.z)
        same = (group[:, None] == group).astype(float)
        for i in range(z.shape[1]):
            for j in range(i, z.shape[1]):
                one = np.outer(z[:, i], z[:, j])
                parts.append(same * (one if i == j else one + one.T))
    return parts


@pytest.mark.parametrize("paired", [False, True])
def test_replicates_that_lack_answers_have_the_errors_of_their_own_rows(paired: bool) -> None:
    rng = np.random.default_rng(12)
    given = small(people=16, waves=4)
    y = given["y"] + rng.normal(0, 0.5, (5, 16, 4))
    y[rng.random(y.shape) < 0.2] = np.nan
    given["sets"] = np.arange(16) // 2 if paired else given["sets"]
    whole = fit_arms(**{**given, "arm": np.arange(16) // 2 % 2, "y": y})
    rows = [whole.weights(1, 3), whole.weights(1, 1) - whole.weights(1, 2)]
    batched = whole.model.kenward_roger_each(rows), whole.record(rows)
    for r in range(5):
        alone = fit_arms(**{**given, "arm": np.arange(16) // 2 % 2, "y": y[r]})
        single = alone.model.kenward_roger_each(rows), alone.record(rows)
        for many, one in zip(sum(batched, ()), sum(single, ()), strict=True):
            ours = (many.estimate[r], many.se[r], many.df[r])
            # the same sums in another order; a search ends within 1e-8 of the minimum
            assert ours == pytest.approx((one.estimate, one.se, one.df), rel=1e-7)


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_the_record_holds_its_size_with_eight_people_an_arm(lost: float) -> None:
    # four waves, each person with a course of their own; 3,000 studies without a difference: the
    # 99.9% binomial band of .05 is .037-.063. CR2 that takes the weights as known leaves it
    rng = np.random.default_rng(31)
    studies, n, waves = 3_000, 16, 4
    y = 0.7 * rng.normal(size=(studies, n, 1)) + 0.7 * rng.normal(size=(studies, n, waves))
    y = y + 0.3 * rng.normal(size=(studies, n, 1)) * np.arange(waves)
    gone = rng.random(y.shape) < lost * np.arange(waves) / (waves - 1)
    y[np.maximum.accumulate(gone, axis=-1)] = np.nan
    found = fit_arms(y, np.arange(n) % 2, np.arange(n), np.arange(waves))
    p = np.asarray(found.record([found.weights(1, 3)])[0].p)
    known = np.isfinite(p)
    assert known.mean() > 0.98
    assert 0.037 <= (p[known] < 0.05).mean() <= 0.063


# The fixed part -----------------------------------------------------------------------------


def test_columns_by_hand() -> None:
    answered = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]], bool)
    arm = np.array([0, 0, 1, 1])
    age = np.array([[30.0], [40], [50], [60]])
    found = grid(arm, answered, [age] * 3, names=(["t0", "t1", "t2"], ["c", "a"]))
    assert found.names == (
        "t0", "t1", "t2", "a at t1", "a at t2",
        "covariate 1 at t0", "covariate 1 at t1", "covariate 1 at t2",
    )  # fmt: skip
    x = found.x.reshape(4, 3, 8)
    assert x[3].tolist() == [
        [1, 0, 0, 0, 0, 60, 0, 0],
        [0, 1, 0, 1, 0, 0, 60, 0],
        [0, 0, 1, 0, 1, 0, 0, 60],
    ]
    assert x[0, 1].tolist() == [0, 1, 0, 0, 0, 0, 30, 0]
    assert found.weights(1, 2).tolist() == [0, 0, 0, 0, 1, 0, 0, 0]


def test_a_wave_without_the_comparison_has_no_difference() -> None:
    answered = np.array([[1, 1, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]], bool)
    found = grid(np.array([0, 0, 1, 1]), answered)
    assert found.names == ("0", "1", "2", "1 at 1")
    with pytest.raises(ValueError, match="arm 1 at wave 2"):
        found.weights(1, 2)


def test_without_a_baseline_arms_differ_from_the_first_wave_on() -> None:
    given = small()
    found = fit_arms(**given, baseline=False)
    assert found.grid.names == ("0", "1", "2", "1 at 0", "1 at 1", "1 at 2")
    # every cell has its own mean then: the difference is that of the means, complete answers
    one = given["arm"] == 1
    gap = given["y"][one].mean(axis=0) - given["y"][~one].mean(axis=0)
    ours = [float(found.model.contrast(found.weights(1, t)).estimate) for t in range(3)]
    assert ours == pytest.approx(gap.tolist(), rel=1e-10)


def test_a_covariate_that_is_the_same_for_all_at_a_wave_is_left_out_there() -> None:
    given = small()
    z = np.zeros((12, 1))
    z[0] = 1.0
    y = given["y"].copy()
    y[0, 2] = np.nan
    found = fit_arms(**{**given, "y": y}, covariates=[z] * 3)
    assert [name for name in found.grid.names if "covariate" in name] == [
        "covariate 1 at 0", "covariate 1 at 1",
    ]  # fmt: skip


# The random part ----------------------------------------------------------------------------


def test_random_part_by_rule() -> None:
    person, months = np.repeat(np.arange(4), 3), np.tile([0.0, 3, 6], 4)
    alone = random_terms(person, person, months)
    assert [np.asarray(t.z).shape for t in alone] == [(12, 2)]
    shared = random_terms(person, person // 2, months)
    assert [np.asarray(t.z).shape for t in shared] == [(12, 1), (12, 2)]
    assert np.asarray(shared[1].group).tolist() == (person // 2).tolist()
    flat = random_terms(person, person // 2, None)
    assert [np.asarray(t.z).shape for t in flat] == [(12, 1), (12, 1)]


@pytest.mark.parametrize("months", [[0.0, 6, 6], [0.0, 6]])
def test_two_times_tell_no_slope(months: list[float]) -> None:
    found = fit_arms(**{**small(waves=len(months)), "months": months})
    assert not found.slope
    assert "3 distinct times" in found.no_slope


def test_a_slope_that_the_rows_cannot_tell_is_left_out_and_said() -> None:
    # 12 people x (level, course) on 24 rows: the residual has nothing of its own
    given = small()
    y = given["y"].copy()
    y[np.arange(12), np.arange(12) % 3] = np.nan
    found = fit_arms(**{**given, "y": y})
    assert not found.slope
    assert "cannot be told" in found.no_slope
    assert found.model.converged
    assert fit_arms(**{**given, "y": y}, slope=False).no_slope == ""


def test_a_slope_of_which_the_fixed_part_leaves_nothing_is_left_out_and_said() -> None:
    """Marks of all sets but one, later: how sets differ there is absorbed, so no slope is seen."""
    y = np.random.default_rng(5).normal(size=(12, 3))
    sets = np.repeat(np.arange(6), 2)
    marks = (sets[:, None] == [1, 2, 3, 4]).astype(float)  # with the arms: all of six sets
    nothing = np.zeros((12, 4))
    arm = (sets == 5).astype(int)
    found = fit_arms(y, arm, sets, [0, 3, 6], covariates=[nothing, marks, marks])
    assert not found.slope
    assert "cannot be told apart" in found.no_slope


# Invariance ---------------------------------------------------------------------------------


@pytest.mark.parametrize("study", ["alone", "sets"])
def test_units_order_and_names_change_nothing(study: str) -> None:
    given = drawn(study)
    order = np.random.default_rng(2).permutation(len(given["y"]))
    other = {
        "y": 1e6 + 10.0 * given["y"][order],
        "arm": given["arm"][order],
        "sets": 1_000 - 7 * given["sets"][order],
        "months": 2_000 + np.array(given["months"]) / 12,
        "covariates": [column[order] * 1e-6 + 3 for column in given["covariates"]],
    }
    first, second = fit_arms(**given), fit_arms(**other)
    for place in first.grid.columns:
        one, two = (
            robust(f.model, f.y, f.x, f.cluster).contrast(f.weights(*place))
            for f in (first, second)
        )
        # trust.md section 3; the values are differences of numbers near 1e6
        assert two.estimate / 10 == pytest.approx(float(one.estimate), rel=1e-8, abs=1e-8)
        assert two.se / 10 == pytest.approx(float(one.se), rel=1e-8)
        assert two.df == pytest.approx(float(one.df), rel=1e-6)


def test_replicates_are_fitted_as_if_alone() -> None:
    given = small()
    y = np.stack([given["y"], 2 * given["y"] + 1, given["y"] ** 2])
    whole = fit_arms(**{**given, "y": y})
    for r in range(3):
        single = fit_arms(**{**given, "y": y[r]})
        assert whole.model.coef[r] == pytest.approx(single.model.coef, rel=1e-10, abs=1e-10)
        assert whole.model.vcov[r] == pytest.approx(single.model.vcov, rel=1e-8, abs=1e-12)


def test_replicates_that_lack_answers_of_their_own_are_fitted_as_if_alone() -> None:
    given = small()
    rng = np.random.default_rng(8)
    y = np.stack([given["y"]] * 4) + rng.standard_normal((4, *np.shape(given["y"])))
    y[1:, 3:, 1:][rng.random(y[1:, 3:, 1:].shape) < 0.25] = np.nan
    whole = fit_arms(**{**given, "y": y})
    judged = robust(whole.model, whole.y, whole.x, whole.cluster, present=whole.present)
    for r in range(4):
        single = fit_arms(**{**given, "y": y[r]})
        alone = robust(single.model, single.y, single.x, single.cluster)
        weights = single.weights(1, 2)
        many, one = judged.contrast(whole.weights(1, 2)), alone.contrast(weights)
        for name in ("estimate", "se", "df"):
            # the search stops within 1e-10 of the optimum, whose neighbours differ by less
            assert getattr(many, name)[r] == pytest.approx(getattr(one, name), rel=1e-7), name


# What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"arm": np.ones(12, int)}, "0 being the comparison"),
        ({"months": [0.0, 3]}, "one a wave"),
        ({"sets": np.arange(11)}, "people, waves"),
    ],
)
def test_wrong_arguments(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_arms(**{**small(), **changed})


def test_infinite_answers_and_repeated_columns_are_fit_errors() -> None:
    given = small()
    with pytest.raises(FitError, match="finite"):
        fit_arms(**{**given, "y": np.where(given["y"] > 1, np.inf, given["y"])})
    arm = given["arm"][:, None].astype(float)
    with pytest.raises(FitError, match="covariate 1 at 1"):
        fit_arms(**given, covariates=[arm] * 3)
