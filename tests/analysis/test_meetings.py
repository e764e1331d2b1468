"""Meetings described: by hand, by naive loops, and the Kenya figure as published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rmresearch.analysis.meetings import engagement
from rmresearch.errors import StudyError
from rmresearch.study import Study

from .programmes import (
    failed,
    found,
    relabelled,
    row,
    rows,
    same,
    shuffled,
    with_design,
    with_meetings,
    with_pairs,
)
from .studies import TWO_ARMS, make_study

START = date(2025, 1, 1)
STARTED, REPORTED = "pairs that started", "pairs that reported"


def pairs_of(n: int, **options: object) -> Study:
    return make_study({"skill": {"before": [1.0] * n}}, start=START, **options)  # type: ignore[arg-type]


def by_wave(n: int, reports: dict[str, dict[int, bool]], **options: object) -> Study:
    """A log by wave: {wave: {pair: met}}."""
    rows = [
        {"pair": f"p{pair:03d}", "wave": wave, "held": met}
        for wave, of in reports.items()
        for pair, met in of.items()
    ]
    return with_meetings(pairs_of(n, **options), rows)


def wilson(k: float, n: float) -> tuple[float, float]:
    """The score interval, solved from its definition: (p - x)^2 = z^2 x (1 - x) / n."""
    z2, p = stats.norm.ppf(0.975) ** 2, k / n
    roots = np.roots([1 + z2 / n, -(2 * p + z2 / n), p * p])
    return tuple(sorted(float(root.real) for root in roots))  # type: ignore[return-value]


def test_by_wave_with_both_denominators() -> None:
    # 12 pairs started; 10 reported at "after" (6 met), 4 at "later" (1 met)
    reports = {
        "after": {k: k < 6 for k in range(10)},
        "later": {k: k == 0 for k in range(4)},
    }
    result = engagement(by_wave(12, reports))
    for wave, reported, met in (("after", 10, 6), ("later", 4, 1)):
        got = row(result.table("by-wave"), wave=wave)
        assert (got["started"], got["reported"], got["met"]) == (12, reported, met)
        assert got["share of reported"] == met / reported
        assert got["share of started"] == met / 12
        share = found(result, wave=wave, estimand=STARTED)
        assert (share.value, share.n_pairs, share.n_people) == (met / 12, 12, 24)
        assert (share.low, share.high) == pytest.approx(wilson(met, 12))
    assert found(result, wave="later", estimand=REPORTED).low is None  # four pairs: no interval


def test_a_log_by_wave_counts_waves_and_no_plan() -> None:
    reports = {"after": dict.fromkeys(range(5), True), "later": {0: True, 1: False}}
    result = engagement(with_design(by_wave(6, reports), planned_meetings=6))
    count = found(result, term="intervals-with-meeting", estimand=STARTED)
    assert count.value == pytest.approx((2 + 4) / 6)
    assert "not how often" in failed(result, "planned meetings")[0]
    assert failed(result, "dates of meetings")
    assert "cadence" not in {made.name for made in result.tables}
    assert "1 of 6 pairs" in failed(result, "every pair reports")[0]
    assert not [one for one in result.estimates if one.term == "meetings-per-pair"]


def test_several_rows_a_wave_are_meetings() -> None:
    rows = [{"pair": "p000", "wave": "after"}] * 3 + [{"pair": "p001", "wave": "after"}]
    result = engagement(with_meetings(pairs_of(2), rows))
    assert found(result, term="meetings-per-pair", estimand=STARTED).value == 2.0


def dated(n: int = 12) -> Study:
    """Pair k meets every 30 days, k times, for 30 + k minutes; pair 0 never but says so."""
    log = [{"pair": "p000", "date": START + timedelta(10), "held": False}]
    for k in range(1, n):
        for meeting in range(k):
            day = START + timedelta(5 + 30 * meeting)
            log.append({"pair": f"p{k:03d}", "date": day, "minutes": 30.0 + k})
    study = with_meetings(pairs_of(n), log)
    study = with_pairs(study, start=[START] * n)
    return with_design(study, planned_meetings=8, end=date(2025, 12, 31))


def test_overall_numbers_of_a_dated_log() -> None:
    result = engagement(dated())
    held = np.arange(12)
    values = {
        "ever-met": 11 / 12,
        "meetings-per-pair": held.mean(),
        "share-of-plan": (held / 8).mean(),
        "plan-reached": 4 / 12,  # pairs 8, 9, 10, 11
        "minutes-per-pair": (held * (30.0 + held)).mean(),
    }
    for term, value in values.items():
        assert found(result, term=term, estimand=STARTED).value == pytest.approx(value)
    mean = found(result, term="meetings-per-pair", estimand=STARTED)
    half = stats.t.ppf(0.975, 11) * held.std(ddof=1) / np.sqrt(12)
    assert (mean.low, mean.high) == pytest.approx((held.mean() - half, held.mean() + half))
    minutes = found(result, term="minutes-per-meeting")
    assert (minutes.value, minutes.n_pairs) == (pytest.approx(30 + np.arange(1, 12).mean()), 11)
    assert not failed(result, "minutes of meetings")


def test_distribution_by_band() -> None:
    table = engagement(dated(14)).table("distribution").to_frame()
    # held 0, 1, ..., 13: none 1; 1-2 two; 3-5 three; 6-11 six; 12 or more two
    assert list(table["pairs"]) == [1, 2, 3, 6, 2]
    assert table["share of started"].sum() == pytest.approx(1)


def test_cadence_by_month_against_a_naive_loop() -> None:
    study = dated()
    # pair 11 stopped on day 100; pair 3 started 60 days later than the others
    study = with_pairs(
        study,
        start=[START] * 3 + [START + timedelta(60)] + [START] * 8,
        end=[None] * 11 + [START + timedelta(100)],
        reason=[None] * 11 + ["no time"],
    )
    table = engagement(study).table("cadence").to_frame().set_index("month")
    # the data end with the last meeting (pair 11's eleventh, and long before the declared end)
    until, month = START + timedelta(5 + 300), 30.4375
    log = study.meetings[study.meetings["held"]]
    for k in range(1, 12):
        followed, running, met, meetings, going_on = 0, 0, 0, 0, 0
        for pair in study.pairs.itertuples():
            begin = pair.start.date()
            last = pair.end.date() if pd.notna(pair.end) else until
            if (until - begin).days < (k - 1) * month:
                continue
            followed += 1
            days = [(d.date() - begin).days for d in log.loc[log["pair"] == pair.pair, "date"]]
            going_on += any(day >= (k - 1) * month for day in days)
            if (last - begin).days < (k - 1) * month:
                continue
            running += 1
            now = [day for day in days if (k - 1) * month <= day < k * month]
            met += bool(now)
            meetings += len(now)
        got = table.loc[k]
        assert (got["followed"], got["running"], got["met"]) == (followed, running, met)
        assert got["still meeting"] == going_on
        assert running > 0
        assert got["meetings a running pair"] == pytest.approx(meetings / running)
        assert got["share of followed"] == pytest.approx(going_on / followed)


def test_dates_fall_into_the_interval_that_ends_with_a_wave() -> None:
    # "after" lies 6 months after the start: day 183 = round(6 x 30.4375); "later" day 365
    days = {"p000": 183, "p001": 184, "p002": 365, "p003": 366}
    log = [{"pair": pair, "date": START + timedelta(day)} for pair, day in days.items()]
    result = engagement(with_meetings(pairs_of(4), log))
    assert row(result.table("by-wave"), wave="after")["met"] == 1
    assert row(result.table("by-wave"), wave="later")["met"] == 2
    # a dated log: whoever has a row at any time reports
    assert set(result.table("by-wave").to_frame()["reported"]) == {4}


def test_unknown_minutes_are_said_and_never_summed() -> None:
    log = [
        {"pair": "p000", "date": START, "minutes": 60.0},
        {"pair": "p000", "date": START + timedelta(1), "minutes": np.nan},
        {"pair": "p001", "date": START, "minutes": 30.0},
    ]
    result = engagement(with_meetings(pairs_of(2), log))
    assert found(result, term="minutes-per-meeting").value == 45.0
    assert not [one for one in result.estimates if one.term == "minutes-per-pair"]
    assert "1 of 3 meetings" in failed(result, "minutes of meetings")[0]


def test_only_programme_pairs_that_started_count() -> None:
    arm = ["programme"] * 3 + ["comparison"]
    study = pairs_of(4, arm=arm, juniors=["a", "b", "c", "d"])
    study = with_pairs(study, start=[START, START, None, START])
    log = [{"pair": f"p{k:03d}", "date": START + timedelta(3)} for k in range(4)]
    result = engagement(with_meetings(study, log))
    share = found(result, term="ever-met", estimand=STARTED)
    assert (share.group, share.n_pairs, share.value) == ("programme", 2, 1.0)
    assert share.members == {"s000", "s001", "a", "b"}
    assert {(d.reason, d.people, d.rows) for d in result.dropped} == {
        ("pair in no programme arm", 2, 1),
        ("pair that never started", 2, 1),
        ("log row of another pair", 0, 2),
    }


def test_pairs_in_one_set_widen_the_interval() -> None:
    # 12 pairs in 6 sets of two; a set meets or does not: the effective n is half or less
    juniors = [f"j{k // 2}" for k in range(12)]
    reports = {"after": {k: k < 6 for k in range(12)}}
    together = engagement(by_wave(12, reports, juniors=juniors))
    apart = engagement(by_wave(12, reports))
    wide, narrow = (found(r, wave="after", estimand=STARTED) for r in (together, apart))
    assert (wide.n_clusters, narrow.n_clusters) == (6, 12)
    assert wide.value == narrow.value == 0.5
    # design effect 2 x 6/5 by hand (sets of two that always agree)
    assert (wide.low, wide.high) == pytest.approx(wilson(0.5 * 5, 5))


def test_nobody_met() -> None:
    result = engagement(by_wave(10, {"after": dict.fromkeys(range(10), False)}))
    share = found(result, term="ever-met", estimand=STARTED)
    assert share.value == 0.0
    assert (share.low, share.high) == pytest.approx(wilson(0, 10), abs=1e-7)
    assert row(result.table("distribution"), meetings="none")["pairs"] == 10
    assert "minutes-per-meeting" not in {one.term for one in result.estimates}


def test_one_pair_and_no_log() -> None:
    result = engagement(by_wave(1, {"after": {0: True}}))
    share = found(result, term="ever-met", estimand=STARTED)
    assert (share.value, share.low) == (1.0, None)
    assert failed(result, "enough for an interval")
    with pytest.raises(StudyError, match="no meeting is logged"):
        engagement(pairs_of(3))
    with pytest.raises(StudyError, match="no pair in a programme arm"):
        engagement(pairs_of(3, paired=False))


def test_order_and_names_change_nothing() -> None:
    study = dated()
    result = engagement(study)
    same(result, engagement(shuffled(study)))
    other, names = relabelled(study)
    same(result, engagement(other), names)


def test_kenya_still_meeting(kenya: Callable[[], Study], shared: Path) -> None:
    result = engagement(kenya())
    # the paper: 45.7% still meeting at month 12 (48 of the 105 who answered; 124 had a mentor)
    twelve = row(result.table("by-wave"), wave="m12")
    assert (twelve["started"], twelve["reported"], twelve["met"]) == (124, 105, 48)
    assert round(100 * twelve["share of reported"], 1) == 45.7
    assert found(result, wave="m12", estimand=STARTED).value == 48 / 124
    file = shared / "real" / "bdj_mentors_rct" / "BDJ_Dandora_Data.dta"
    raw = pd.read_stata(file, convert_categoricals=False)
    raw = raw[(raw["treat2"] == 4) & raw["meet"].notna()]
    naive = raw.groupby("wave")["meet"].agg(["size", "sum"]).to_numpy(int)
    shown = rows(result.table("by-wave"))
    assert shown[["reported", "met"]].to_numpy(int).tolist() == naive.tolist()
    assert "class" in failed(result, "pairs in each programme arm")[0]


def test_arms_come_as_declared_and_a_silent_one_has_no_number() -> None:
    rival = replace(TWO_ARMS[0], name="rival")
    study = pairs_of(6, arm=["rival", "programme"] * 3, arms=(*TWO_ARMS, rival))
    log = [{"pair": f"p{k:03d}", "wave": "after"} for k in (1, 3, 5)]
    for one in (with_meetings(study, log), shuffled(with_meetings(study, log))):
        result = engagement(one)
        assert list(result.table("by-wave").to_frame()["arm"]) == ["programme", "rival"]
        silent = row(result.table("by-wave"), arm="rival")
        assert silent["reported"] == 0
        assert pd.isna(silent["share of reported"])
        assert silent["share of started"] == 0.0
        terms = {(e.group, e.estimand) for e in result.estimates}
        assert terms == {("programme", STARTED), ("programme", REPORTED), ("rival", STARTED)}
