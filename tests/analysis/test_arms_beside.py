"""What stands beside an arm comparison: complier effect, overlap weights, mixed errors, bootstrap.

R's answers are those of tests/reference/beside (estimatr, lmerTest, clubSandwich).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.arms import compare_arms
from rmresearch.numerics.wild import wild_bootstrap
from rmresearch.result import Estimate, Result
from rmresearch.study import Study

from .programmes import failed, with_meetings, with_pairs
from .studies import make_study

HERE = Path(__file__).resolve().parents[1] / "reference" / "beside"


def one(result: Result, term: str) -> Estimate:
    (hit,) = [e for e in result.estimates if e.term == term]
    return hit


def frozen(kind: str) -> tuple[Study, pd.DataFrame]:
    """The drawn people; everybody of a set shares a junior, and those who met have a meeting."""
    data = pd.read_csv(HERE / "arms.csv")
    study = make_study(
        {"skill": {"before": list(data["before"]), "after": list(data["after"])}},
        arm=list(data["arm"]),
        juniors=[f"j{g}" for g in data["set"]],
        unit="set",
        kind=kind,
        features={"years": list(data["years"])},
    )
    met = [pair for pair, did in zip(study.pairs["pair"], data["met"], strict=True) if did]
    return with_meetings(study, [{"pair": pair, "wave": "after"} for pair in met]), data


@pytest.mark.parametrize(
    "kind, term, key",
    [
        ("randomised", "complier", "complier"),
        ("randomised", "kenward-roger", "kenward_roger"),
        ("comparison", "overlap-weighted", "overlap"),
    ],
)
def test_agrees_with_r(kind: str, term: str, key: str) -> None:
    study, _ = frozen(kind)
    found = one(compare_arms(study, "skill", covariates="years", rerandomise=False), term)
    theirs = json.loads((HERE / "output.json").read_text())[key]
    # closed forms agree to rounding; Kenward and Roger's hang on lme4's optimum (trust.md: 1e-6,
    # 1e-4 for df)
    mixed = term == "kenward-roger"
    for got, wanted, tolerance in zip(
        (found.value, found.se, found.df, found.p),
        theirs,
        (1e-6, 1e-6, 1e-4, 1e-4) if mixed else (1e-9, 1e-9, 1e-8, 1e-8),
        strict=True,
    ):
        assert got == pytest.approx(wanted, rel=tolerance)


def test_overlap_weights_compare_weighted_means() -> None:
    """Weighted to exact balance, the adjusted difference is the difference of weighted means."""
    study, _ = frozen("comparison")
    found = one(compare_arms(study, "skill", covariates="years"), "overlap-weighted")
    theirs = json.loads((HERE / "output.json").read_text())["weighted_means"]
    assert found.value == pytest.approx(theirs, rel=1e-9)


def test_complier_is_the_difference_as_assigned_over_the_share_that_took_part() -> None:
    study, data = frozen("randomised")
    alike = data.assign(before=4.0)  # nothing to adjust for: Wald's ratio by hand
    measures = study.measures.copy()
    measures.loc[measures["wave"] == "before", "value"] = 4.0
    found = one(compare_arms(replace(study, measures=measures), "skill"), "complier")
    inside = alike["arm"] == "programme"
    gap = alike["after"][inside].mean() - alike["after"][~inside].mean()
    assert found.value == pytest.approx(gap / alike["met"][inside].mean())
    assert found.estimand == "those who take part if assigned to the programme"


def paired(starts: list[str | None], n: int = 14) -> Study:
    rng = np.random.default_rng(5)
    before = rng.normal(4, 1, 2 * n)
    after = before + np.repeat([0.5, 0.0], n) + rng.normal(0, 0.5, 2 * n)
    study = make_study(
        {"skill": {"before": list(before), "after": list(after)}},
        arm=["programme"] * n + ["comparison"] * n,
    )
    return with_pairs(study, start=[None if s is None else pd.Timestamp(s) for s in starts])


def test_everybody_took_part_so_nothing_more_is_said() -> None:
    result = compare_arms(paired(["2025-01-01"] * 14), "skill", rerandomise=False)
    assert "complier" not in {e.term for e in result.estimates}
    assert not failed(result, "programme taken up")


def test_too_few_who_took_part_give_no_complier_difference() -> None:
    result = compare_arms(paired(["2025-01-01"] * 2 + [None] * 12), "skill", rerandomise=False)
    assert "complier" not in {e.term for e in result.estimates}
    assert "2 of 14 in the programme arm took part" in failed(result, "programme taken up")[0]


def test_without_pairs_nobody_knows_who_took_part() -> None:
    study = replace(paired([None] * 14), pairs=paired([None] * 14).pairs.iloc[:0])
    result = compare_arms(study, "skill", rerandomise=False)
    assert "nobody knows who took part" in failed(result, "programme taken up")[0]


def test_arms_without_overlap_say_so() -> None:
    rng = np.random.default_rng(6)
    before = np.concatenate([rng.uniform(1, 3, 14), rng.uniform(4, 6, 14)])
    study = make_study(
        {"skill": {"before": list(before), "after": list(before + rng.normal(0, 1, 28))}},
        arm=["programme"] * 14 + ["comparison"] * 14,
        kind="comparison",
    )
    result = compare_arms(study, "skill", baseline_reliability=0.9)
    assert "no overlap" in failed(result, "overlap of arms")[0]
    assert "overlap-weighted" not in {e.term for e in result.estimates}


@pytest.mark.parametrize("n, shown", [(9, False), (10, True), (11, True), (12, False)])
def test_the_wild_bootstrap_stands_beside_arms_of_ten_or_eleven_clusters(
    n: int, shown: bool
) -> None:
    rng = np.random.default_rng(7)
    before = rng.normal(4, 1, 2 * n)
    after = before + np.repeat([0.4, 0.0], n) + rng.normal(0, 0.6, 2 * n)
    study = make_study(
        {"skill": {"before": list(before), "after": list(after)}},
        arm=["programme"] * n + ["comparison"] * n,
    )
    result = compare_arms(study, "skill", rerandomise=False)
    found = [e for e in result.estimates if e.term == "wild-bootstrap"]
    assert bool(found) == shown
    if shown:
        x = np.column_stack([np.ones(2 * n), np.repeat([1.0, 0.0], n), before])
        other = wild_bootstrap(
            after, x, np.arange(2 * n), [0.0, 1.0, 0.0], rng=np.random.default_rng(1)
        )
        # other draws of the same test: four Monte Carlo errors of each
        assert found[0].p == pytest.approx(other.p, abs=6 * other.mc_error)
        assert found[0].se is None


def test_no_mixed_errors_where_clusters_hold_one_person_each() -> None:
    result = compare_arms(paired(["2025-01-01"] * 14), "skill", rerandomise=False)
    assert "kenward-roger" not in {e.term for e in result.estimates}


@pytest.mark.parametrize("kind", ["randomised", "comparison"])
def test_few_clusters_withhold_errors_here_too(kind: str) -> None:
    study, _ = frozen(kind)
    kept: Any = study.participants["person"].isin([f"s{i:03d}" for i in range(10)])
    small = replace(study, measures=study.measures[study.measures["person"].isin(
        study.participants["person"][kept])])  # fmt: skip
    result = compare_arms(small, "skill", rerandomise=False)
    for term in ("complier", "overlap-weighted", "kenward-roger"):
        for found in [e for e in result.estimates if e.term == term]:
            assert found.p is None
