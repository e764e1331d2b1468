"""Flow, attrition classes, leavers against stayers and pair life: by hand, from R, from Kenya."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.leavers import attrition
from rmresearch.errors import StudyError
from rmresearch.study import Study, Wave

from .programmes import (
    failed,
    found,
    relabelled,
    row,
    rows,
    same,
    shuffled,
    with_design,
    with_pairs,
)
from .studies import SKILL, TWO_ARMS, make_study

CONTRAST = "programme - comparison"
START = date(2025, 1, 1)


@pytest.fixture(scope="module")
def given(by_r: Callable[[str], tuple[Any, Any]]) -> dict:
    return by_r("analysis2")[0]


@pytest.fixture(scope="module")
def expected(by_r: Callable[[str], tuple[Any, Any]]) -> dict:
    return by_r("analysis2")[1]


def losing(programme: tuple[int, int], comparison: tuple[int, int], **options: object) -> Study:
    """Two arms of (assigned, kept at "after"); everybody answered before."""
    n = programme[0] + comparison[0]
    kept = [k < programme[1] for k in range(programme[0])]
    kept += [k < comparison[1] for k in range(comparison[0])]
    items = {"skill": {"before": [float(k % 5) for k in range(n)]}}
    items["skill"]["after"] = [4.0 if flag else None for flag in kept]  # type: ignore[list-item]
    arm = ["programme"] * programme[0] + ["comparison"] * comparison[0]
    return make_study(items, **{"arm": arm, "paired": False, **options})  # type: ignore[arg-type]


def test_flow_in_people_and_clusters() -> None:
    # five programme people in three sets (juniors a, a, b, b, c), one pair never started;
    # one comparison person without a baseline
    study = make_study(
        {
            "skill": {
                "before": [1.0, 2, None, 4, 5, None, 7, 1],
                "after": [1.0, None, 3, 4, None, 6, 7, None],
            }
        },
        arm=["programme"] * 5 + ["comparison"] * 3,
        juniors=["a", "a", "b", "b", "c", None, None, None],
    )
    study = with_pairs(study, start=[START] * 4 + [None])
    flow = attrition(study, "skill").table("flow").to_frame()
    got = {
        (r.arm, r.stage, r.wave): (r.people, r.clusters, r.share) for r in
        flow.rename(columns={"share of assigned": "share"}).itertuples()
    }  # fmt: skip
    assert got == {
        ("programme", "assigned", ""): (5, 3, 1.0),
        ("programme", "started", ""): (4, 2, 0.8),
        ("programme", "answered", "before"): (4, 3, 0.8),
        ("programme", "answered", "after"): (3, 2, 0.6),
        ("programme", "analysed", "after"): (2, 2, 0.4),
        ("comparison", "assigned", ""): (3, 3, 1.0),
        ("comparison", "answered", "before"): (2, 2, 2 / 3),
        ("comparison", "answered", "after"): (2, 2, 2 / 3),
        ("comparison", "analysed", "after"): (1, 1, 1 / 3),
    }


@pytest.mark.parametrize(
    "programme, comparison, overall, differential, allowed, level",
    [
        # WWC's cautious column: 5.4 points at 20% overall, 6.3 at 10%, 0.0 at 57%, none beyond
        ((100, 79), (100, 81), 0.20, 0.02, 0.054, "low"),
        ((100, 77), (100, 83), 0.20, 0.06, 0.054, "high"),
        ((100, 83), (100, 77), 0.20, -0.06, 0.054, "high"),
        ((1000, 870), (1000, 930), 0.10, 0.06, 0.063, "low"),
        # half way between 6.3 at 10% and 6.2 at 11%: interpolated, unrounded
        ((1000, 864), (1000, 926), 0.105, 0.062, 0.0625, "low"),
        ((1000, 863), (1000, 927), 0.105, 0.064, 0.0625, "high"),
        ((100, 40), (100, 40), 0.60, 0.0, None, "high"),
    ],
)
def test_attrition_of_a_randomised_contrast(
    programme: tuple[int, int],
    comparison: tuple[int, int],
    overall: float,
    differential: float,
    allowed: float | None,
    level: str,
) -> None:
    result = attrition(losing(programme, comparison), "skill")
    got = row(result.table("attrition"))
    assert (got["contrast"], got["wave"], got["counted"]) == (CONTRAST, "after", "people")
    assert (got["assigned"], got["lost"]) == (programme[0], programme[0] - programme[1])
    assert got["overall"] == pytest.approx(overall)
    assert got["differential"] == pytest.approx(differential)
    assert got["allowed"] == (None if allowed is None else pytest.approx(allowed))
    assert got["class"] == level
    assert bool(failed(result, "low attrition")) is (level == "high")
    one = found(result, term="overall-attrition", contrast=CONTRAST, wave="after")
    assert one.value == pytest.approx(overall)
    assert one.n_people == programme[0] + comparison[0]
    assert found(result, term="differential-attrition").value == pytest.approx(differential)


def test_assigned_sets_are_counted_too() -> None:
    # twelve seniors a arm in six sets of two; two programme sets are lost whole, and two
    # comparison people of different sets
    def kept(lost: set[int]) -> list[float | None]:
        return [None if k in lost else 4.0 for k in range(12)]

    juniors = [f"p{k // 2}" for k in range(12)] + [f"c{k // 2}" for k in range(12)]
    items = {"skill": {"before": [4.0] * 24, "after": kept({0, 1, 2, 3}) + kept({0, 2})}}
    arm = ["programme"] * 12 + ["comparison"] * 12
    study = make_study(items, arm=arm, juniors=juniors, unit="set")  # type: ignore[arg-type]
    result = attrition(study, "skill")
    people = row(result.table("attrition"), counted="people")
    assert (people["lost"], people["lost comparison"]) == (4, 2)
    sets = row(result.table("attrition"), counted="clusters")
    assert (sets["assigned"], sets["assigned comparison"]) == (6, 6)
    assert (sets["lost"], sets["lost comparison"]) == (2, 0)
    assert found(result, term="overall-attrition-clusters").value == pytest.approx(2 / 12)
    assert found(result, term="differential-attrition-clusters").value == pytest.approx(2 / 6)
    assert "clusters" in failed(result, "low attrition")[0]


def test_no_class_without_chance_or_contrast() -> None:
    result = attrition(losing((20, 15), (20, 18), kind="comparison"), "skill")
    got = row(result.table("attrition"))
    assert (got["allowed"], got["class"]) == (None, "none: not randomised")
    assert got["overall"] == pytest.approx(7 / 40)
    assert "not randomised" in failed(result, "attrition class")[0]
    assert not [c for c in result.checks if c.name == "low attrition"]
    single = make_study({"skill": {"before": [1.0, 2], "after": [1.0, None]}})
    result = attrition(single, "skill")
    assert "attrition" not in {made.name for made in result.tables}
    assert "One group only" in failed(result, "attrition class")[0]


def test_those_who_crossed_over_are_not_analysed() -> None:
    after = Wave("after", "After", 6, day=date(2025, 7, 1))
    waves = (Wave("before", "Before", 0, baseline=True), after)
    some = [None] * 20 + ["2025-07-01"] * 5 + [None] * 15
    result = attrition(losing((20, 20), (20, 20), waves=waves, crossover_date=some), "skill")
    assert row(result.table("attrition"))["lost comparison"] == 5
    everyone = [None] * 20 + ["2025-06-30"] * 20
    result = attrition(losing((20, 20), (20, 20), waves=waves, crossover_date=everyone), "skill")
    assert "attrition" not in {made.name for made in result.tables}
    assert "crossed over" in failed(result, "wave before the crossover")[0]


def leavers_study(given: dict) -> Study:
    """48 seniors, two to a junior; "after" is answered by the stayers."""
    data = given["leavers"]
    after = [None if left else 4.0 for left in data["left"]]
    items = {"skill": {"before": data["base"], "after": after}}
    return make_study(items, juniors=[f"j{s}" for s in data["set"]])  # type: ignore[arg-type]


def test_leavers_against_stayers_as_clubsandwich_has_it(given: dict, expected: dict) -> None:
    truth, data = expected["leavers"], given["leavers"]
    result = attrition(leavers_study(given), "skill")
    points = found(result, contrast="leavers - stayers", term="")
    assert points.value == pytest.approx(truth["difference"], abs=1e-10)
    assert points.se == pytest.approx(truth["se"], abs=1e-8)  # trust.md: 1e-8 on SE
    assert points.df == pytest.approx(truth["df"], abs=1e-4)  # and 1e-4 on df
    assert (points.low, points.high) == pytest.approx((truth["low"], truth["high"]), abs=1e-6)
    assert (points.p, points.n_people, points.n_clusters) == (None, 48, 24)
    base, left = np.array(data["base"]), np.array(data["left"], bool)
    squares = sum(((one - one.mean()) ** 2).sum() for one in (base[left], base[~left]))
    g = found(result, contrast="leavers - stayers", term="standardised").value
    assert g == pytest.approx(truth["difference"] / np.sqrt(squares / 46) * (1 - 3 / (4 * 48 - 9)))


def test_features_of_leavers() -> None:
    study = losing((10, 6), (10, 6), features={"age": [float(30 + k) for k in range(20)]})
    sites = ["north", "south"] * 9 + ["north", None]
    people = study.participants.assign(site=pd.Series(sites, dtype="str"))
    study = with_design(
        replace(study, participants=people), features=(("age", "number"), ("site", "text"))
    )
    table = attrition(study, "skill").table("leavers")
    left = [k for k in range(20) if k % 10 >= 6]
    stayed = [k for k in range(20) if k % 10 < 6]
    age = row(table, characteristic="age")
    assert (age["leavers"], age["stayers"]) == (8, 12)
    assert age["mean of leavers"] == pytest.approx(np.mean([30 + k for k in left]))
    assert age["difference"] == pytest.approx(np.mean(left) - np.mean(stayed))
    north = row(table, characteristic="site: north")
    assert (north["leavers"], north["stayers"]) == (7, 12)  # one leaver's site is unknown
    known = [k for k in left if sites[k] is not None]
    assert north["mean of leavers"] == pytest.approx(np.mean([sites[k] == "north" for k in known]))
    assert set(rows(table, characteristic="Digital skill, before")["arm"]) == {
        "all arms",
        "programme",
        "comparison",
    }


def test_a_text_feature_of_many_levels_is_left_out() -> None:
    study = losing((10, 6), (10, 6))
    people = study.participants.assign(name=[f"n{k}" for k in range(20)])
    study = with_design(replace(study, participants=people), features=(("name", "text"),))
    table = attrition(study, "skill").table("leavers").to_frame()
    assert not table["characteristic"].str.startswith("name").any()


def lived(given: dict, planned: int = 0) -> Study:
    """40 pairs from one day on, with the reference's days; the first ``planned`` censored ones
    ended by plan that day, the other censored ones are followed no longer."""
    days, early = given["pairs"]["days"], given["pairs"]["early"]
    study = make_study({"skill": {"before": [4.0] * 40, "after": [4.0] * 40}})
    start = [START + timedelta(400 - day) for day in days]  # all are last seen on one day
    end: list[date | None] = [START + timedelta(400) if e else None for e in early]
    reason: list[str | None] = ["no time" if e else None for e in early]
    for k in [k for k, e in enumerate(early) if not e][:planned]:
        end[k], reason[k] = START + timedelta(400), "Completed"
    # the data end that day
    return with_design(
        with_pairs(study, start=start, end=end, reason=reason), end=START + timedelta(401)
    )


def test_pair_life_as_survfit_has_it(given: dict, expected: dict) -> None:
    study = lived(given, planned=3)
    study = with_design(study, end=None)
    result = attrition(study, "skill")
    table = result.table("pair-life").to_frame()
    truth = expected["pair_life"]
    assert list(table["month"]) == truth["month"]
    for column, name in (("share still paired", "survival"), ("low", "low"), ("high", "high")):
        assert table[column].to_numpy(float) == pytest.approx(truth[name], abs=1e-9)
    days, early = (np.array(given["pairs"][key]) for key in ("days", "early"))
    months = days / 30.4375
    for k in range(1, 13):
        now = (months > k - 1) & (months <= k)
        got = table[table["month"] == k].iloc[0]
        assert got["at risk"] == (months > k - 1).sum()
        assert got["ended early"] == (now & (early == 1)).sum()
        assert got["followed no longer"] == (now & (early == 0)).sum()
    at = found(result, term="still-paired", wave="after")  # month 6
    assert at.value == pytest.approx(truth["survival"][5], abs=1e-9)
    assert at.se == pytest.approx(truth["se"][5], abs=1e-9)
    # month 12 lies beyond the last day anybody was followed to (365 days are 11.99 months)
    assert not [one for one in result.estimates if one.wave == "later"]


def test_reasons_and_free_text(given: dict) -> None:
    study = lived(given, planned=2)
    early = sum(given["pairs"]["early"])
    reason = study.pairs["reason"].tolist()
    reason[given["pairs"]["early"].index(1)] = "she told me that she was unhappy"
    end = [None if pd.isna(day) else day for day in study.pairs["end"]]
    start = study.pairs["start"].tolist()
    reason = [None if not isinstance(word, str) else word for word in reason]
    study = with_pairs(study, start=start, end=end, reason=reason)
    table = attrition(study, "skill").table("reasons").to_frame()
    assert dict(zip(table["reason"], table["pairs"], strict=True)) == {
        "Completed": 2,
        "no time": early - 1,
        "other": 1,
    }


def test_an_end_by_plan_is_no_event() -> None:
    study = make_study({"skill": {"before": [4.0] * 4, "after": [4.0] * 4}})
    half, whole = START + timedelta(90), START + timedelta(180)
    study = with_pairs(
        study,
        start=[START] * 4,
        end=[half, half, whole, None],
        reason=[None, "planned", None, None],
    )
    result = attrition(with_design(study, end=whole), "skill")
    table = result.table("pair-life").to_frame()
    # ended early: the first only; the third ended with the programme, the fourth is followed to it
    assert table["ended early"].sum() == 1
    assert table["share still paired"].iloc[-1] == 0.75
    assert failed(result, "enough pairs for an interval")


def test_pairs_without_dates_are_said() -> None:
    study = make_study({"skill": {"before": [4.0] * 4, "after": [4.0] * 4}})
    result = attrition(study, "skill")
    assert "Add start and end" in failed(result, "pair dates")[0]
    assert "pair-life" not in {made.name for made in result.tables}


def test_an_early_end_without_its_day_is_dropped() -> None:
    study = make_study({"skill": {"before": [4.0] * 3, "after": [4.0] * 3}})
    study = with_pairs(study, start=[START] * 3, reason=["no time", None, None])
    result = attrition(with_design(study, end=START + timedelta(100)), "skill")
    assert [(d.people, d.rows) for d in result.dropped] == [(2, 1)]
    assert result.table("pair-life").to_frame()["at risk"].iloc[0] == 2


def test_pairs_in_one_set_are_said_to_hang_together() -> None:
    items = {"skill": {"before": [4.0] * 12, "after": [4.0] * 12}}
    study = make_study(items, juniors=[f"j{k // 2}" for k in range(12)])
    end = [START + timedelta(10 * k + 10) for k in range(12)]
    study = with_pairs(study, start=[START] * 12, end=end)
    result = attrition(study, "skill")
    assert "12 pairs in 6 independent sets" in failed(result, "independent pairs")[0]


def test_one_pair() -> None:
    study = make_study({"skill": {"before": [4.0], "after": [4.0]}})
    study = with_pairs(study, start=[START], end=[START + timedelta(40)], reason=["no time"])
    result = attrition(study, "skill")
    table = result.table("pair-life").to_frame()
    assert list(table["share still paired"]) == [1.0, 0.0]
    assert list(table["at risk"]) == [1, 1]
    assert not [one for one in result.estimates if one.low is not None]


def test_nobody_left_and_nobody_stayed() -> None:
    result = attrition(losing((10, 10), (10, 10)), "skill")
    got = row(result.table("leavers"), arm="all arms")
    assert (got["leavers"], got["mean of leavers"], got["difference"]) == (0, None, None)
    assert found(result, term="overall-attrition").value == 0.0
    gone = attrition(losing((10, 0), (10, 1)), "skill")
    assert found(gone, term="overall-attrition").value == pytest.approx(0.95)
    assert row(gone.table("attrition"))["class"] == "high"


def test_equal_baselines_have_no_standardised_difference() -> None:
    items = {"skill": {"before": [3.3] * 20, "after": [4.0] * 10 + [None] * 10}}
    study = make_study(items, paired=False)  # type: ignore[arg-type]
    got = row(attrition(study, "skill").table("leavers"))
    assert got["difference"] == pytest.approx(0, abs=1e-12)  # what adding rounds
    assert got["standardised"] is None


def test_what_cannot_be_asked_is_refused() -> None:
    study = losing((4, 2), (4, 4))
    with pytest.raises(StudyError, match="no answers at wave later"):
        attrition(study, "skill", wave="later")
    with pytest.raises(StudyError, match="no wave"):
        attrition(study, "skill", wave="never")
    with pytest.raises(StudyError, match="person ids"):
        attrition(with_design(study, linked=False), "skill")
    with pytest.raises(StudyError, match="after the start"):
        attrition(make_study({"skill": {"before": [1.0]}}), "skill")


def test_an_outcome_first_asked_later_has_flow_and_no_leavers() -> None:
    after: list[float | None] = [4.0, None, 4.0, 4.0]
    study = make_study({"skill": {"after": after}}, arm=["programme", "comparison"] * 2)
    result = attrition(study, "skill")
    assert row(result.table("attrition"))["lost comparison"] == 1
    assert "Ask it at baseline" in failed(result, "baseline answers")[0]


def test_one_wave_alone_and_roles_apart() -> None:
    items = {"skill": {w: [4.0] * 8 for w in ("before", "after", "later")}}
    outcome = replace(SKILL, role="all")
    roles = ["senior", "junior"] * 4
    study = make_study(
        items,
        arm=["programme"] * 4 + ["comparison"] * 4,
        role=roles,
        outcomes=[outcome],
        paired=False,
    )
    result = attrition(study, "skill", wave="later")
    table = result.table("attrition").to_frame()
    assert list(table["role"]) == ["senior", "junior"]
    assert set(table["wave"]) == {"later"}


def test_order_and_names_change_nothing(given: dict) -> None:
    study = lived(given, planned=3)
    result = attrition(study, "skill")
    same(result, attrition(shuffled(study), "skill"))
    other, names = relabelled(study)
    same(result, attrition(other, "skill"), names)


def test_several_programme_arms_each_meet_the_comparison() -> None:
    rival = replace(TWO_ARMS[0], name="rival")
    items = {"skill": {"before": [4.0] * 9, "after": [4.0] * 7 + [None] * 2}}
    arm = ["programme", "comparison", "rival"] * 3
    study = make_study(items, arm=arm, arms=(*TWO_ARMS, rival), paired=False)  # type: ignore[arg-type]
    table = attrition(study, "skill").table("attrition").to_frame()
    assert list(table["contrast"]) == [CONTRAST, "rival - comparison"]
    assert list(table["assigned"]) == [3, 3]
    assert list(table["lost"]) == [0, 1]


def test_kenya_attrition_of_each_wave(kenya: Callable[[], Study], shared: Path) -> None:
    result = attrition(kenya(), "profit")
    file = shared / "real" / "bdj_mentors_rct" / "BDJ_Dandora_Data.dta"
    raw = pd.read_stata(file, convert_categoricals=False)
    profit = raw.pivot(index="id", columns="wave", values="tprofits")
    arm = raw[raw["wave"] == 0].set_index("id")["treat2"].reindex(profit.index)
    with open(shared / "reference" / "wwc_attrition_boundary.csv", encoding="utf-8") as lines:
        table = [
            (float(r["overall_pct"]), float(r["cautious_max_diff_pp"]))
            for r in csv.DictReader(lines)
            if r["cautious_max_diff_pp"]
        ]
    waves = {1: "m1", 2: "m2", 3: "m3", 4: "m4", 5: "m7", 6: "m12", 7: "m17"}
    codes = {"mentee": 4, "class": 3}
    for name, code in codes.items():
        for wave, label in waves.items():
            kept = profit[wave].notna() & profit[0].notna()
            lost = {c: 1 - kept[arm == c].mean() for c in (code, 2)}
            both = arm.isin([code, 2])
            overall = 100 * (1 - kept[both].mean())
            low = next(k for k in range(len(table)) if table[k + 1][0] >= overall)
            weight = overall - table[low][0]
            allowed = (1 - weight) * table[low][1] + weight * table[low + 1][1]
            differential = 100 * (lost[code] - lost[2])
            got = row(result.table("attrition"), contrast=f"{name} - control", wave=label)
            assert got["overall"] == pytest.approx(overall / 100)
            assert got["differential"] == pytest.approx(differential / 100)
            assert got["allowed"] == pytest.approx(allowed / 100)
            assert got["class"] == ("low" if abs(differential) <= allowed else "high")
    assert "pair-life" not in {made.name for made in result.tables}
    assert failed(result, "pair dates")
