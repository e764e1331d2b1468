"""The pulse: counts by hand, limits by the kernel that test_control holds; what it never says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from math import comb, exp
from typing import Any

import numpy as np
import pytest
from tests.midway import cut, midway, whole

import rmresearch as rm
from rmresearch.analysis.pulse.charts import PANEL, crossed
from rmresearch.errors import StudyError
from rmresearch.numerics.control import (
    ACTION,
    WARNING,
    count_limits,
    planned_limits,
    share_limits,
    standard_limits,
)
from rmresearch.study import Outcome, Study, Wave

from .programmes import failed, row, rows, with_design, with_meetings, with_pairs
from .studies import make_study

START = date(2025, 1, 1)
MONTH = 30.4375
ALL = ("before", "after", "later")
SKILL = Outcome("skill", "Digital skill", "senior", ("skill",), low=1, high=5, waves=ALL)
SAFE = Outcome(
    "safe",
    "I can say what I do not know",
    "senior",
    ("safe",),
    "ordinal",
    1.0,
    5.0,
    waves=ALL[1:],
    kirkpatrick=1,
    favourable=4.0,
    process="safety",
)
WAVES = (
    Wave("before", "Before", 0, baseline=True),
    Wave("after", "After", 1),
    Wave("later", "Later", 2),
)
NONE = float("nan")


def programme(
    skill: dict[str, list[float]] | None = None, safe: dict[str, list[float]] | None = None,
    n: int = 24, **changes: Any,
) -> Study:  # fmt: skip
    """n seniors, half of them with a junior in the programme; two meetings a month planned."""
    arm = ["programme"] * (n // 2) + ["comparison"] * (n - n // 2)
    items: dict[str, dict[str, list[float]]] = {"skill": skill or {"before": [3.0] * n}}
    if safe:
        items["safe"] = safe
    made = make_study(items, arm=arm, outcomes=(SKILL, SAFE), waves=WAVES, start=START)
    plan = {"planned_meetings": 24, "end": date(2026, 1, 1)}
    made = with_pairs(made, start=[START] * len(made.pairs))
    return with_design(made, **(plan | changes))


def on(*days: int) -> list[date]:
    return [START + timedelta(days=day) for day in days]


def met(study: Study, days: dict[int, list[int]]) -> Study:
    """The study with meetings: {pair: days since the start}."""
    return with_meetings(
        study, [{"pair": f"p{pair:03d}", "date": day} for pair in days for day in on(*days[pair])]
    )


def lively() -> Study:
    """Twelve pairs met on days 5 and 15, six of them on day 40 too; the first ended on day 45."""
    made = met(programme(), {p: [5, 15, 40] if p < 6 else [5, 15] for p in range(12)})
    ends = [on(45)[0], *[None] * 11]
    return with_pairs(made, end=ends, reason=["time", *[None] * 11])


def test_meetings_by_month_against_the_months_before_and_the_plan() -> None:
    table = rm.pulse(lively(), until=on(60)[0]).table("meetings")
    assert [r[1].value for r in table.rows] == [1, 2]  # of the third month an eighth of a day
    # day 60 is the last: 61 days have passed. The first pair ran through day 45.
    first, second = 12.0, 11.0 + (46 - MONTH) / MONTH
    cadence = 24 / (365 / MONTH)
    one, two = (row(table, month=month) for month in (1, 2))
    assert one["held"] == pytest.approx(24 / first)
    assert two["held"] == pytest.approx(6 / second)
    assert one["planned"] == two["planned"] == pytest.approx(cadence)
    assert np.isnan(one["warning low"])
    for tail, name in ((WARNING, "warning"), (ACTION, "action")):
        low, high = count_limits(24, first, second, tail)
        assert two[f"{name} low"] * second == pytest.approx(low)
        assert two[f"{name} high"] * second == pytest.approx(high)
        plan = planned_limits(cadence * second, tail)[0]
        assert two[f"plan {name}"] * second == pytest.approx(plan)
    assert two["below"] == 2  # 6 held: fewer than 7, the action limit after 24 of 12 pair-months
    assert count_limits(24, first, second, ACTION)[0] > 6
    assert one["below plan"] == 0
    assert two["below plan"] == 2


def test_silent_pairs_are_counted_against_the_plan() -> None:
    table = rm.pulse(lively(), until=on(60)[0]).table("pairs")
    counts = {r[1].value: r[2].value for r in table.rows}
    # three planned meetings take 45.6 days: whoever last met on day 15 is silent after day 60
    assert counts == {"started": 12, "ended early": 1, "silent": 6}
    share, running = exp(-3.0), 11

    def more(k: int) -> float:
        return sum(
            comb(running, i) * share**i * (1 - share) ** (running - i)
            for i in range(k, running + 1)
        )

    silent = row(table, measure="silent")
    for tail, name in ((WARNING, "warning high"), (ACTION, "action high")):
        assert silent[name] == max(k for k in range(running + 1) if more(k) > tail)
    assert silent["above"] == 2
    # a day earlier nobody has waited long enough
    early = rm.pulse(lively(), until=on(58)[0]).table("pairs")
    assert row(early, measure="silent")["pairs"] == 0


def test_few_silent_pairs_are_held_against_nothing() -> None:
    study = met(programme(), {p: [5, 15, 40] if p < 8 else [5, 15] for p in range(12)})
    silent = row(rm.pulse(study, until=on(60)[0]).table("pairs"), measure="silent")
    assert silent["pairs"] == 4
    assert silent["warning high"] < 4
    assert silent["above"] is None or np.isnan(silent["above"])


def test_a_silence_of_everybody_needs_to_know_the_day() -> None:
    study = met(programme(), {p: [5] for p in range(12)})
    told = rm.pulse(study, until=on(59)[0])
    assert row(told.table("pairs"), measure="silent")["pairs"] == 12
    assert not failed(told, "last day given")
    untold = rm.pulse(study)
    assert row(untold.table("pairs"), measure="silent")["pairs"] == 0
    assert "until" in failed(untold, "last day given")[0]


def test_without_a_plan_two_months_make_a_silence_and_there_are_no_limits() -> None:
    study = with_design(lively(), planned_meetings=None)
    result = rm.pulse(study, until=on(60 + 17)[0])
    silent = row(result.table("pairs"), measure="silent")
    assert silent["pairs"] == 6  # day 15 to the end of day 77 are two months; day 40 is not
    assert silent["warning high"] is None or np.isnan(silent["warning high"])
    months = result.table("meetings").to_frame()
    assert months[["planned", "plan warning", "below plan"]].isna().all().all()
    assert "planned_meetings" in failed(result, "planned meetings")[0]


def test_answers_by_wave_of_everyone_assigned() -> None:
    # 24 seniors; of the programme's 12, who are in pairs with juniors that answer nothing
    gone = [NONE if i in (0, 1, 2) else 3.0 for i in range(24)]
    study = programme({"before": [3.0] * 24, "after": gone, "later": [3.0] * 6 + [NONE] * 18})
    table = rm.pulse(study).table("response")
    before, after = (row(table, arm="programme", wave=wave) for wave in ("before", "after"))
    assert (before["assigned"], before["answered"], before["share"]) == (24, 12, 0.5)
    assert (after["answered"], after["share"]) == (9, 9 / 24)
    assert before["limits from"] == ""
    assert after["limits from"] == "panel"
    later = row(table, arm="programme", wave="later")
    assert (later["answered"], later["limits from"]) == (6, "before")
    waiting = rows(table, arm="comparison")["wave"].tolist()
    assert waiting == ["before", "after"]  # nobody there answered the last: not asked
    # the waiting are people alone, so their numbers are their effective numbers
    second = row(table, arm="comparison", wave="after")
    assert second["answered"] == second["assigned"] == 12
    for tail, name in ((WARNING, "warning"), (ACTION, "action")):
        low, high = standard_limits(PANEL, 12, tail)
        assert second[f"{name} low"] == pytest.approx(low / 12)
        assert second[f"{name} high"] == pytest.approx(high / 12)


def test_questions_on_the_way_are_held_against_the_rounds_before() -> None:
    good = [5.0] * 10 + [2.0] * 2
    bad = [5.0] * 2 + [2.0] * 10
    idle = [5.0] * 12  # answers of people without a programme do not count
    study = programme(safe={"after": good + idle, "later": bad + idle})
    table = rm.pulse(study).table("quality")
    first, last = (row(table, wave=wave) for wave in ("after", "later"))
    assert (first["role"], first["arm"], first["process"]) == ("senior", "programme", "safety")
    assert (first["answered"], first["favourable"]) == (12, 10 / 12)
    assert (last["answered"], last["favourable"]) == (12, 2 / 12)
    assert first["mean"] == pytest.approx((50 + 4) / 12)
    low, high = share_limits(10, 12, 12, WARNING)
    assert (last["warning low"], last["warning high"]) == (low / 12, high / 12)
    # 2 of 12 after 10 of 12: by Fisher's exact test P(X <= 2) = .0017, beyond two errors
    fisher = sum(comb(12, k) * comb(12, 12 - k) for k in range(3)) / comb(24, 12)
    assert ACTION < fisher < WARNING
    assert last["below"] == 1


def test_a_round_of_few_answers_sets_no_limits() -> None:
    few = [5.0] * 9 + [NONE] * 15
    many = [5.0] * 6 + [2.0] * 6 + [NONE] * 12
    table = rm.pulse(programme(safe={"after": few, "later": many})).table("quality")
    assert table.to_frame()[["warning low", "below"]].isna().all().all()


def test_crossing_counts_the_limits() -> None:
    assert [crossed(k, 9, 6) for k in (9, 8, 6, 5)] == [0, 1, 1, 2]


def test_nothing_compares_arms_or_looks_at_outcomes() -> None:
    study, day = midway()
    result = rm.pulse(study, until=day)
    assert {one.contrast for one in result.estimates} == {""}
    assert {one.term for one in result.estimates} == {
        "responded", "meetings-a-month", "favourable", "mean",
    }  # fmt: skip
    kinds = {cell.kind for table in result.tables for line in table.rows for cell in line}
    assert "contrast" not in kinds
    reactions = {one.name for one in study.design.outcomes if one.kirkpatrick == 1}
    assert {one.outcome for one in result.estimates} <= reactions | {""}
    # whatever people answered to outcomes, the pulse is the same: only that they answered counts
    ours = {i for one in study.design.outcomes if one.kirkpatrick == 1 for i in one.items}
    measures = study.measures.copy()
    measures.loc[~measures["item"].isin(ours), "value"] = 1.0
    other = rm.pulse(replace(study, measures=measures), until=day)
    assert other == result


def test_a_steady_programme_stays_within_its_limits_about_as_often_as_promised() -> None:
    """Meetings at one rate: below the warning limit in at most 2.3% of months, and not in none."""
    rng = np.random.default_rng(20)
    crossed_low, held = 0, 0
    for _ in range(12):
        days = {p: sorted(rng.integers(0, 180, rng.poisson(12)).tolist()) for p in range(12)}
        table = rm.pulse(met(programme(), days), until=on(182)[0]).table("meetings")
        below = table.to_frame()["below"].dropna()
        crossed_low += int((below > 0).sum())
        held += len(below)
    assert held == 60
    # at most 2.3% of 60: 1.4; 6 or more would happen in 3 of 1,000 such runs
    assert crossed_low < 6


def test_a_day_before_the_data_end_is_refused() -> None:
    with pytest.raises(StudyError, match=r"until is 2025-02-01, but the data reach 2025-02-10"):
        rm.pulse(lively(), until=date(2025, 2, 1))


def test_a_day_that_is_no_date_is_refused() -> None:
    with pytest.raises(TypeError, match="until is a date"):
        rm.pulse(lively(), until="soon")  # type: ignore[arg-type]


def test_nothing_at_all_is_refused() -> None:
    study = programme()
    empty = replace(study, measures=study.measures.iloc[:0], pairs=study.pairs.iloc[:0])
    with pytest.raises(StudyError, match="no pulse to take"):
        rm.pulse(empty)


def test_no_log_is_said_and_the_rest_is_answered() -> None:
    result = rm.pulse(programme(safe={"after": [5.0] * 24}))
    assert [table.name for table in result.tables] == ["response", "pairs", "quality"]
    assert failed(result, "dates of meetings")
    assert "silent" not in result.table("pairs").to_frame()["measure"].tolist()


def test_only_a_baseline_is_said_and_the_rest_is_answered() -> None:
    result = rm.pulse(lively(), until=on(60)[0])
    assert [table.name for table in result.tables] == ["response", "meetings", "pairs"]
    assert failed(result, "answers after the start")


def test_an_unlinked_survey_has_no_response() -> None:
    study = programme(safe={"after": [5.0] * 24}, linked=False)
    result = rm.pulse(study)
    assert "response" not in [table.name for table in result.tables]
    assert failed(result, "person ids")


def test_a_question_without_a_favourable_code_has_a_mean_alone() -> None:
    study = programme(safe={"after": [5.0] * 24, "later": [4.0] * 24})
    bare = replace(SAFE, favourable=None, process=None)
    result = rm.pulse(with_design(study, outcomes=(SKILL, bare)))
    table = result.table("quality").to_frame()
    assert table["favourable"].isna().all()
    assert table["mean"].tolist() == [5.0, 4.0]
    assert "safe" in failed(result, "favourable declared")[0]
    assert failed(result, "questions on the way")


def test_one_pair_gives_counts_without_limits() -> None:
    study = met(programme(n=2, safe={"after": [5.0, 5.0], "later": [2.0, 2.0]}), {0: [5, 40]})
    result = rm.pulse(study, until=on(75)[0])
    assert row(result.table("pairs"), measure="started")["pairs"] == 1
    assert result.table("quality").to_frame()["below"].isna().all()


def test_a_cut_forgets_what_came_later() -> None:
    study, day = midway()
    assert whole().pairs["end"].notna().sum() > study.pairs["end"].notna().sum()
    assert cut(study, day).pairs["end"].equals(study.pairs["end"])
    assert set(study.measures["wave"]) == {"start", "month1", "month2", "month3", "month4"}
