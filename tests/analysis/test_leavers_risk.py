"""Pairs that ended early: Cox regression of what was known before, and its refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rmresearch.analysis.leavers import attrition
from rmresearch.numerics.cox import cox
from rmresearch.study import Arm, Study

from .programmes import failed, found, relabelled, row, same, shuffled, with_design, with_pairs
from .studies import make_study

START = date(2025, 1, 1)
DAYS = 30.4375


def pairs_of(
    time: Sequence[float], event: Sequence[int], before: Sequence[float], **options: Any
) -> Study:
    """A single group of pairs, each followed ``time`` months from one start; before: baseline."""
    n = len(time)
    study = make_study({"skill": {"before": list(before), "after": [4.0] * n}}, **options)
    ends = [START + timedelta(days=round(t * DAYS)) for t in time]
    study = with_pairs(
        study,
        start=[START] * n,
        end=ends,
        reason=["busy" if e else "planned" for e in event],
    )
    return with_design(study, start=START)


def with_gap(study: Study, gaps: Sequence[float]) -> Study:
    """Levels so that each pair's senior stands so far above the junior."""
    level = {f"s{k:03d}": 10 + gap for k, gap in enumerate(gaps)}
    level |= {f"j{k:03d}": 10.0 for k in range(len(gaps))}
    people = study.participants
    return replace(study, participants=people.assign(level=people["person"].map(level)))


def test_as_coxph_says_it(by_r: Callable[[str], tuple[Any, Any]]) -> None:
    given, want = (part["cox"] for part in by_r("attrition"))
    # the pairs of a site share a junior, so that they are one cluster
    juniors = [f"j{site}" for site in given["site"]]
    study = pairs_of(given["time"], given["event"], given["skill"], juniors=juniors)
    level = dict(zip(study.pairs["senior"], given["gap"], strict=True))
    people = study.participants
    people = people.assign(level=people["person"].map(level).astype(float).fillna(0.0))
    result = attrition(replace(study, participants=people), "skill", effects=False)
    df = 20 - 2
    for k, (name, column) in enumerate(
        [("level gap", given["gap"]), ("Digital skill before, senior", given["skill"])]
    ):
        sd = np.std(column)
        one = found(result, term="hazard-ratio", group=name)
        # the reference is for one unit, the estimate for one SD of the pairs
        assert np.log(one.value) == pytest.approx(want["coef"][k] * sd, rel=1e-8)
        half = stats.t(df).ppf(0.975) * want["se"][k] * sd
        ends = np.log([one.low, one.high])
        assert ends == pytest.approx([want["coef"][k] * sd - half, want["coef"][k] * sd + half])
        t = want["coef"][k] / want["se"][k]
        assert one.p == pytest.approx(2 * stats.t(df).sf(abs(t)))
        shown = row(result.table("pair-risk"), characteristic=name)
        assert (shown["pairs"], shown["ended early"]) == (80, sum(given["event"]))
        assert (shown["hazard ratio"], shown["low"]) == (one.value, one.low)
    check = next(one for one in result.checks if one.name == "proportional hazards")
    assert check.passed
    assert f"level gap p = {want['zph'][0]:.2f}" in check.detail
    assert f"all: {want['zph'][2]:.2f}" in check.detail


def many(n: int = 60) -> Study:
    rng = np.random.default_rng(1)
    time, event = rng.integers(1, 12, n).astype(float), (rng.random(n) < 0.6).astype(int)
    return with_gap(
        pairs_of(time.tolist(), event.tolist(), rng.normal(4, 1, n).round(1).tolist()),
        rng.integers(0, 4, n).tolist(),
    )


def test_planned_ends_are_no_events_and_unknown_baselines_no_rows() -> None:
    study = many()
    measures = study.measures[~study.measures["person"].isin(["s000", "s001"])]
    result = attrition(replace(study, measures=measures), "skill", effects=False)
    reasons = study.pairs["reason"].to_numpy()[2:]
    shown = row(result.table("pair-risk"), characteristic="level gap")
    assert (shown["pairs"], shown["ended early"]) == (58, int((reasons == "busy").sum()))


def test_order_and_names_do_not_matter() -> None:
    study = many()
    one = attrition(study, "skill", effects=False)
    assert one.table("pair-risk").rows
    same(one, attrition(shuffled(study), "skill", effects=False))
    other, renamed = relabelled(study)
    same(one, attrition(other, "skill", effects=False), renamed)


def test_several_programmes_are_told_apart() -> None:
    n = 60
    rng = np.random.default_rng(4)
    arm = ["programme"] * 30 + ["rival"] * 30
    arms = (Arm("programme", "Programme", True), Arm("rival", "Rival", True))
    time = rng.integers(1, 12, n).astype(float)
    event = (rng.random(n) < 0.7).astype(int)
    study = pairs_of(
        time.tolist(), event.tolist(), [4.0] * n, arm=arm, arms=arms, kind="comparison"
    )
    got = found(attrition(study, "skill", effects=False), term="hazard-ratio", group="arm rival")
    days = np.round(time * DAYS) / DAYS
    want = cox(days, event, (np.arange(n) >= 30)[:, None].astype(float)).coef[0]
    assert np.log(got.value) == pytest.approx(want, rel=1e-9)


def test_too_few_early_ends_are_refused_in_words() -> None:
    n = 24
    study = with_gap(
        pairs_of([3.0] * 4 + [6.0] * 20, [1] * 4 + [0] * 20, [float(k % 5) for k in range(n)]),
        [k % 3 for k in range(n)],
    )
    result = attrition(study, "skill", effects=False)
    assert "pair-risk" not in {made.name for made in result.tables}
    said = failed(result, "early ends enough for a model")[0]
    assert said.startswith("4 of 24 pairs ended early. A model with 2 characteristics")
    assert "so 20; none is fitted" in said


def test_nothing_that_differs_before_the_start() -> None:
    study = pairs_of([3.0] * 12, [1, 0] * 6, [4.0] * 12)
    said = failed(attrition(study, "skill", effects=False), "early ends enough for a model")[0]
    assert "differs between pairs" in said


def test_early_ends_that_are_told_without_an_error() -> None:
    # the higher the baseline, the sooner the end, and nobody low ends early
    n = 30
    time = [float(k + 1) for k in range(15)] + [20.0] * 15
    study = pairs_of(time, [1] * 15 + [0] * 15, [float(30 - k) for k in range(n)])
    said = failed(attrition(study, "skill", effects=False), "early ends enough for a model")[0]
    assert "without an error" in said


def test_few_clusters_keep_the_value_and_lose_the_interval() -> None:
    study = many()
    department = pd.Series([f"d{k % 4}" for k in range(len(study.participants))])
    people = study.participants.assign(department=department.astype("str"))
    result = attrition(
        with_design(replace(study, participants=people), unit="department"), "skill", effects=False
    )
    one = found(result, term="hazard-ratio", group="level gap")
    assert one.value > 0
    assert (one.low, one.high, one.p, one.se) == (None, None, None, None)
