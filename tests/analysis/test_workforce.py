"""Events and counts arm against arm: hand counts, R, what must not change, and bad input."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.workforce import workforce_outcomes
from rmresearch.errors import StudyError
from rmresearch.numerics.binary import risk_difference
from rmresearch.privacy import release
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome, Study
from rmresearch.world.cohort import simulate
from rmresearch.world.scenario import Scenario

from .studies import make_study, table

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "workforce" / "output.json").read_text("utf-8")
)
GIVEN = json.loads(
    (Path(__file__).parents[1] / "reference" / "workforce" / "input.json").read_text("utf-8")
)
START = date(2025, 1, 1)  # "after" (6 months) is 2025-07-03, "later" (12) 2026-01-01
USE = Outcome("tool_use", "Use of tools", "senior", ("tool_use",), "amount", source="record")
AGREES = Outcome("agrees", "Agrees", "senior", ("agrees",), "binary", 0.0, 1.0)


def happening(
    n: int,
    records: Sequence[tuple[int, str, str]] = (),
    *,
    arm: Sequence[str] | None = None,
    outcomes: Sequence[Outcome] = (USE, AGREES),
    **changes: Any,
) -> Study:
    """n seniors, the first half in the programme; records are (person, date, kind)."""
    arm = arm or ["programme"] * (n // 2) + ["comparison"] * (n - n // 2)
    answers = {"agrees": {"before": [0.0] * n, "after": [1.0] * n, "later": [0.0] * n}}
    answers |= changes.pop("items", {})
    juniors = changes.pop("juniors", [None] * n)
    study = make_study(answers, arm=arm, outcomes=outcomes, start=START, juniors=juniors, **changes)
    rows = {
        "person": [f"s{person:03d}" for person, *_ in records],
        "date": [pd.Timestamp(day) for _, day, *_ in records],
        "kind": [kind for _, _, kind, *_ in records],
        "value": [row[3] if len(row) > 3 else 1.0 for row in records],
    }
    return replace(study, records=table("records", rows))


def pick(result: Result, term: str = "", wave: str = "after", group: str = "") -> Estimate:
    (found,) = [
        e for e in result.estimates if e.term == term and e.wave == wave and e.group == group
    ]
    return found


def failed(result: Result) -> set[str]:
    return {check.name for check in result.checks if not check.passed}


def test_events_count_from_the_start_to_the_wave() -> None:
    study = happening(
        40,
        [
            (0, "2025-01-01", "promoted"),  # on the first day
            (1, "2025-07-03", "promoted"),  # on the wave's day
            (2, "2025-07-04", "promoted"),  # a day later: by the next wave only
            (3, "2024-12-31", "promoted"),  # before the start: not the programme's
            (1, "2025-09-01", "promoted"),  # twice counts once
            (20, "2025-03-01", "promoted"),
            (21, "2025-03-01", "left"),
        ],
    )
    found = workforce_outcomes(study, "promoted")
    rows = found.table("events").to_frame().set_index(["arm", "wave"])
    assert rows.loc[("programme", "after"), "events"] == 2
    assert rows.loc[("programme", "later"), "events"] == 3
    assert rows.loc[("comparison", "after"), "events"] == 1
    assert pick(found).value == pytest.approx(2 / 20 - 1 / 20, abs=1e-15)
    wanted = risk_difference([1] * 2 + [0] * 18 + [1] + [0] * 19, [True] * 20 + [False] * 20)
    assert (pick(found).low, pick(found).high) == (wanted.low, wanted.high)
    assert pick(found).p is None
    assert pick(found, "share", group="programme").value == pytest.approx(0.1)
    assert pick(found).members == {f"s{i:03d}" for i in range(40)}


def test_rate_where_somebody_left() -> None:
    """Events over years, by hand: 3 promoted on day 50, one left on day 80, all others 183 days."""
    records = [(i, "2025-02-20", "promoted") for i in (0, 1, 2)]
    found = workforce_outcomes(happening(40, [*records, (20, "2025-03-22", "left")]), "promoted")
    assert "followed for the same time" in failed(found)
    year = 365.25
    programme = 3 / ((3 * 50 + 17 * 183) / year)
    rate = pick(found, "rate-difference")
    assert rate.value == pytest.approx(programme - 0.0, rel=1e-12)
    assert rate.low is None  # no event in an arm: its interval by least squares would be too narrow
    assert pick(found).low is not None


def test_same_follow_up_needs_no_rate() -> None:
    found = workforce_outcomes(happening(40, [(0, "2025-02-20", "left")]), "left")
    assert "followed for the same time" not in failed(found)
    assert not [e for e in found.estimates if e.term == "rate-difference"]


def test_no_event_in_an_arm_has_an_interval() -> None:
    found = pick(workforce_outcomes(happening(40, [(25, "2025-03-01", "left")]), "left"))
    assert found.value == pytest.approx(-0.05)
    assert found.low is not None
    assert found.high is not None
    assert found.low < -0.05 < 0 < found.high


def test_number_needed_only_where_the_interval_excludes_0() -> None:
    few = workforce_outcomes(happening(40, [(0, "2025-02-01", "promoted")]), "promoted")
    assert not [e for e in few.estimates if e.term == "number-needed"]
    detail = next(c.detail for c in few.checks if c.name == "number needed to mentor")
    assert "includes 0" in detail
    many = workforce_outcomes(
        happening(40, [(i, "2025-02-01", "promoted") for i in range(12)]), "promoted"
    )
    record, needed = pick(many), pick(many, "number-needed")
    assert record.low is not None
    assert record.high is not None
    assert needed.value == pytest.approx(1 / 0.6)
    assert (needed.low, needed.high) == (
        pytest.approx(1 / record.high),
        pytest.approx(1 / record.low),
    )
    assert "one event more" in needed.method
    leaving = happening(40, [(i, "2025-02-01", "left") for i in range(12)])
    assert "which is worse" in pick(workforce_outcomes(leaving, "left"), "number-needed").method


def test_separation_is_finite_and_labelled() -> None:
    study = happening(40, [(i, "2025-02-01", "promoted") for i in range(20)])
    found = workforce_outcomes(study, "promoted", odds_ratio=True)
    ratio = pick(found, "odds-ratio")
    # half a person more a cell: (20.5 / .5)^2
    assert ratio.value == pytest.approx(41**2, rel=1e-6)
    assert ratio.low is not None
    assert ratio.high is not None
    assert 1 < ratio.low < ratio.high < np.inf
    assert "events and non-events in each arm" in failed(found)


def test_odds_of_clustered_people_have_no_interval() -> None:
    juniors = [f"j{i // 2:03d}" for i in range(40)]
    study = happening(40, [(i, "2025-02-01", "promoted") for i in (0, 2, 25)], juniors=juniors)
    found = workforce_outcomes(study, "promoted", odds_ratio=True)
    seniors = [e for e in found.estimates if e.role == "senior" and e.wave == "after"]
    (ratio,) = [e for e in seniors if e.term == "odds-ratio"]
    (record,) = [e for e in seniors if e.term == ""]
    assert ratio.value is not None
    assert (ratio.low, ratio.p) == (None, None)
    assert record.n_clusters == 20
    assert record.low is not None
    assert "people stand alone" in failed(found)


def clustered(kind: str) -> Study:
    """R's drawn people as seniors who share juniors, with a count or an event each."""
    given = GIVEN["clustered"]
    n = len(given["cluster"])
    arm = ["programme" if one else "comparison" for one in given["treated"]]
    days = [(START + pd.Timedelta(days=30)).isoformat()] * n
    if kind == "count":
        records = [(i, days[i], "tool_use", float(given["count"][i])) for i in range(n)]
    else:
        records = [(i, days[i], "promoted") for i in range(n) if given["happened"][i]]
    juniors = [f"j{g:03d}" for g in given["cluster"]]
    return happening(n, records, arm=arm, juniors=juniors)  # type: ignore[arg-type]


def test_counts_agree_with_clubsandwich() -> None:
    # CR2 in exact arithmetic on both sides: 1e-8 relative
    found = pick(workforce_outcomes(clustered("count"), USE))
    wanted = REFERENCE["count"]
    assert found.n_clusters == 16
    for name in ("value", "se", "df"):
        assert getattr(found, name) == pytest.approx(wanted[name], rel=1e-8), name


def test_linear_agrees_with_clubsandwich() -> None:
    found = workforce_outcomes(clustered("event"), "promoted")
    (linear,) = [
        e for e in found.estimates if (e.term, e.wave, e.role) == ("linear", "after", "senior")
    ]
    for name in ("value", "se", "df"):
        assert getattr(linear, name) == pytest.approx(REFERENCE["share"][name], rel=1e-8), name


def test_rate_agrees_with_a_weighted_fit() -> None:
    """R: event / root(t) ~ root(t) + arm root(t), CR2 by clubSandwich: the fit behind the rate.

    The same years enter the kernel here as they entered R; 1e-8 relative.
    """
    from rmresearch.numerics.robust import fit

    given = {name: np.array(values, float) for name, values in GIVEN["clustered"].items()}
    root = np.sqrt(given["years"])
    x = np.column_stack([root, root * given["treated"]])
    found = fit(given["happened"] / root, x, given["cluster"].astype(int)).contrast([0, 1])
    for name, got in (("value", found.estimate), ("se", found.se), ("df", found.df)):
        assert got == pytest.approx(REFERENCE["rate"][name], rel=1e-8), name


def counting(programme: Sequence[float], comparison: Sequence[float], **changes: Any) -> Study:
    values = [*programme, *comparison]
    records = [(i, "2025-03-01", "tool_use", value) for i, value in enumerate(values)]
    arm = ["programme"] * len(programme) + ["comparison"] * len(comparison)
    return happening(len(values), records, arm=arm, **changes)  # type: ignore[arg-type]


def test_ratio_by_hand() -> None:
    """Means 6 and 3; with people alone and two groups CR2's variances are s^2 / n each."""
    rng = np.random.default_rng(3)
    a, b = rng.poisson(6, 30).astype(float), rng.poisson(3, 30).astype(float)
    found = workforce_outcomes(counting(a, b), USE)
    ratio = pick(found, "rate-ratio")
    assert ratio.value == pytest.approx(a.mean() / b.mean())
    va, vb = a.var(ddof=1) / 30, b.var(ddof=1) / 30
    # the ends solve (a - r b)^2 = t^2 (va + r^2 vb) with the t that the result names
    from scipy import stats

    assert ratio.df is not None
    t = stats.t.ppf(0.975, ratio.df)
    for end in (ratio.low, ratio.high):
        assert end is not None
        assert (a.mean() - end * b.mean()) ** 2 == pytest.approx(t**2 * (va + end**2 * vb))


def test_counts_of_nothing() -> None:
    zero = workforce_outcomes(counting([0.0] * 20, np.arange(20.0)), USE)
    ratio = pick(zero, "rate-ratio")
    assert ratio.value == 0.0
    assert ratio.low == 0.0  # a rate below zero does not exist
    none = workforce_outcomes(counting(np.arange(20.0), [0.0] * 20), USE)
    assert pick(none, "rate-ratio").value is None
    assert "rate ratio" in failed(none)
    assert pick(none).low is not None
    alike = workforce_outcomes(counting([2.0] * 20, [2.0] * 20), USE)
    assert (pick(alike).value, pick(alike).se, pick(alike).p) == (0.0, None, None)


def test_counts_are_adjusted_for_the_time_before() -> None:
    rng = np.random.default_rng(9)
    before = rng.poisson(5, 40).astype(float)
    after = before + rng.poisson(2, 40) + np.repeat([2.0, 0.0], 20)
    records = [(i, "2024-12-01", "tool_use", v) for i, v in enumerate(before)]
    records += [(i, "2025-03-01", "tool_use", v) for i, v in enumerate(after)]
    found = workforce_outcomes(happening(40, records), USE)  # type: ignore[arg-type]
    x = np.column_stack([np.ones(40), np.repeat([1.0, 0.0], 20), before])
    assert pick(found).value == pytest.approx(np.linalg.lstsq(x, after, rcond=None)[0][1])
    plain = pick(found, "post-only")
    assert plain.value == pytest.approx(after[:20].mean() - after[20:].mean())
    later = [e for e in found.estimates if e.wave == "later"]
    assert later == []  # the records do not reach it


def test_no_record_is_no_zero() -> None:
    study = counting(np.arange(1.0, 21), np.arange(20.0))
    rows = study.records[study.records["person"] != "s003"]
    found = workforce_outcomes(replace(study, records=rows), USE)
    assert pick(found).n_people == 39
    assert [(d.reason, d.people) for d in found.dropped] == [
        ("senior, after: no record before the wave", 1)
    ]


def test_a_survey_asks_yes_or_no() -> None:
    n = 40
    yes = [1.0] * 15 + [0.0] * 5 + [1.0] * 5 + [0.0] * 14 + [None]
    study = happening(n, items={"agrees": {"before": [0.0] * n, "after": yes}})
    found = workforce_outcomes(study, "agrees")
    assert pick(found).value == pytest.approx(15 / 20 - 5 / 19)
    assert sum(d.people for d in found.dropped) == 1
    (row,) = [r for r in found.table("events").rows if r[1].value == "programme"]
    assert [cell.kind for cell in row[3:6]] == ["administrative", "count", "proportion"]


def test_crossed_over_and_gone_before_the_start_do_not_count() -> None:
    crossing = [None] * 20 + ["2025-06-01"] * 2 + [None] * 18
    study = happening(
        40,
        [(5, "2024-11-01", "left"), (6, "2025-02-01", "left")],
        crossover_date=crossing,
    )
    found = workforce_outcomes(study, "left")
    assert pick(found).n_people == 37
    assert {d.reason: d.people for d in found.dropped if "after" in d.reason} == {
        "senior, after: already crossed over": 2,
        "senior, after: left before the start": 1,
    }


def test_swapped_arms_change_the_sign_and_row_order_nothing() -> None:
    records = [(i, "2025-02-01", "promoted") for i in (0, 1, 2, 20)]
    study = happening(40, records)
    found = pick(workforce_outcomes(study, "promoted"))
    swapped = pick(
        workforce_outcomes(
            happening(40, records, arm=["comparison"] * 20 + ["programme"] * 20), "promoted"
        )
    )
    assert found.low is not None
    assert swapped.high is not None
    assert swapped.value == pytest.approx(-(found.value or 0))
    assert swapped.high == pytest.approx(-found.low)
    order = np.random.default_rng(1).permutation(len(study.participants))
    mixed = replace(
        study,
        participants=study.participants.iloc[order].reset_index(drop=True),
        records=study.records.iloc[::-1].reset_index(drop=True),
    )
    again = pick(workforce_outcomes(mixed, "promoted"))
    assert (again.value, again.low) == (pytest.approx(found.value), pytest.approx(found.low))


@pytest.mark.parametrize(
    ("asked", "records", "says"),
    [
        ("left", [], "never have happened, or it was never recorded"),
        ("promoted", [(0, "2025-02-01", "left")], "never have happened"),
        ("tool_use", [(0, "2025-02-01", "left")], "zeros"),
        ("lefft", [], "no outcome 'lefft'"),
        ("skill", [], "no yes or no"),
    ],
)
def test_refusals(asked: str, records: list[tuple[int, str, str]], says: str) -> None:
    skill = Outcome("skill", "Skill", "senior", ("agrees",), low=1, high=5)
    study = happening(40, records, outcomes=(USE, AGREES, skill))
    with pytest.raises(StudyError, match=says):
        workforce_outcomes(study, asked)


def test_no_dates_are_refused() -> None:
    study = happening(40, [(0, "2025-02-01", "left")])
    undated = replace(study, design=replace(study.design, start=None))
    with pytest.raises(StudyError, match="Give the wave a date"):
        workforce_outcomes(undated, "left")


def test_data_that_reach_no_wave_are_refused() -> None:
    study = happening(40, [(0, "2025-02-01", "left")])
    early = replace(study, measures=study.measures[study.measures["wave"] == "before"])
    with pytest.raises(StudyError, match="reach no wave"):
        workforce_outcomes(early, "left")


def test_other_codes_than_yes_and_no_are_refused() -> None:
    study = happening(40, items={"agrees": {"before": [0.0] * 40, "after": [2.0] * 40}})
    with pytest.raises(StudyError, match="other than 0 and 1"):
        workforce_outcomes(study, "agrees")


def test_a_wave_without_answers_is_left_out() -> None:
    n = 40
    study = happening(n, items={"agrees": {"before": [0.0] * n, "later": [1.0, 0.0] * 20}})
    found = workforce_outcomes(study, "agrees")
    assert {e.wave for e in found.estimates} == {"later"}
    assert "waves reached" in failed(found)
    with pytest.raises(StudyError, match="reach no wave"):
        workforce_outcomes(study, "agrees", waves="after")


def test_what_happened_to_all_has_an_interval_and_is_labelled() -> None:
    study = happening(40, [(i, "2025-02-01", "promoted") for i in range(40)])
    found = workforce_outcomes(study, "promoted")
    record = pick(found)
    assert record.value == 0.0
    assert record.low is not None
    assert record.low < 0 < (record.high or 0)
    assert "events enough" in failed(found)


def test_forty_questions_each_get_their_answer() -> None:
    n = 24
    many = [Outcome(f"q{i}", f"Q{i}", "senior", (f"q{i}",), "binary", 0.0, 1.0) for i in range(40)]
    answers = {one.name: {"before": [0.0] * n, "after": [1.0, 0.0] * 12} for one in many}
    study = make_study(
        answers,
        arm=["programme"] * 12 + ["comparison"] * 12,
        outcomes=many,
        juniors=[None] * n,
    )
    values = [pick(workforce_outcomes(study, one)).value for one in many]
    assert values == [0.0] * 40


def test_an_empty_arm_is_refused() -> None:
    study = happening(40, [(0, "2025-02-01", "left")], arm=["programme"] * 40)
    with pytest.raises(StudyError, match="nobody in comparison"):
        workforce_outcomes(study, "left")


@pytest.mark.parametrize("n", [2, 6])
def test_few_people_get_a_value_and_no_interval(n: int) -> None:
    found = workforce_outcomes(happening(n, [(0, "2025-02-01", "left")]), "left", odds_ratio=True)
    record = pick(found)
    assert record.value == pytest.approx(2 / n)
    assert (record.low, record.high, record.df) == (None, None, None)
    assert "enough clusters for p" in failed(found)
    assert all(e.low is None for e in found.estimates if e.term == "odds-ratio")


def test_one_group_gets_shares_and_is_told_so() -> None:
    study = happening(40, [(0, "2025-02-01", "left")], arm=["programme"] * 40)
    alone = replace(study, design=replace(study.design, arms=(), kind="single-group"))
    found = workforce_outcomes(alone, "left")
    assert pick(found, "share").value == pytest.approx(1 / 40)
    assert "comparison group" in failed(found)
    assert not [e for e in found.estimates if e.contrast]


def test_groups_that_chance_did_not_form_are_told_so() -> None:
    study = happening(40, [(0, "2025-02-01", "left")], kind="comparison")
    (check,) = [
        c for c in workforce_outcomes(study, "left").checks if c.name == "arms formed by chance"
    ]
    assert not check.passed
    assert "association, observational" in check.detail


def test_single_events_do_not_leave() -> None:
    """Of 3 and 1 leavers among 20 and 20 no share and no difference may be told apart."""
    records = [(i, "2025-02-01", "left") for i in (0, 1, 2, 20)]
    study = happening(40, records)
    out = release({"workforce_outcomes:left": workforce_outcomes(study, "left")}, study)
    told = [e for e in out.estimates if e.contrast and e.wave == "after"]
    assert told
    assert all(e.hidden for e in told)
    cells = [row[4].value for row in out.table("workforce_outcomes:left", "events").rows]
    assert set(cells) == {"fewer than 5"}


def test_differences_of_shares_leave_in_whole_points() -> None:
    records = [(i, "2025-02-01", "promoted") for i in (*range(12), *range(20, 27))]
    study = happening(43, records, arm=["programme"] * 20 + ["comparison"] * 23)
    out = release({"w": workforce_outcomes(study, "promoted")}, study)
    (record,) = [e for e in out.estimates if e.contrast and e.term == "" and e.wave == "after"]
    assert record.value == round(12 / 20 - 7 / 23, 2)
    (share,) = [e for e in out.estimates if e.term == "share" and e.group == "comparison"
                and e.wave == "after"]  # fmt: skip
    assert share.value == 0.3
    needed = [e.value for e in out.estimates if e.term == "number-needed" and e.wave == "after"]
    assert all(isinstance(value, (int, float)) and value == round(value) for value in needed)


def test_truth_of_the_world_is_met() -> None:
    """Mean of the differences over drawn randomised studies: within 3 Monte Carlo errors."""
    gaps = []
    for seed in range(15):
        cohort = simulate(Scenario(pairs=40, comparison="control"), seed=seed)
        found = workforce_outcomes(cohort.study, "left", waves="month6")
        for one in found.estimates:
            if one.term == "" and one.role == "senior" and one.value is not None:
                true = cohort.truth.row("left", "month6", role="senior").as_reported
                gaps.append(one.value - true)
    error = float(np.std(gaps, ddof=1) / np.sqrt(len(gaps)))
    assert abs(np.mean(gaps)) < 3 * error
