"""Is it worth it: against R, by hand, what the inputs' ranges do, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.value import BEST, WORST, value
from rmresearch.errors import StudyError
from rmresearch.privacy import release
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome, Study

from .studies import SKILL, make_study, table
from .test_workforce import happening

FOLDER = Path(__file__).parents[1] / "reference" / "value"
EXPECTED = json.loads((FOLDER / "output.json").read_text("utf-8"))
GIVEN = json.loads((FOLDER / "input.json").read_text("utf-8"))
COSTS = {"programme_cost": 1000.0, "hourly_cost": 50.0, "hours": 10.0}


def gaining(gain: float, *, n: int = 40, **changes: Any) -> Study:
    """n seniors in pairs of their own; the programme half gains so many points."""
    rng = np.random.default_rng(1)
    before = rng.normal(4, 1, n)
    after = before + rng.normal(0, 0.4, n)
    after[: n // 2] += gain
    arm = ["programme"] * (n // 2) + ["comparison"] * (n - n // 2)
    return make_study({"skill": {"before": list(before), "after": list(after)}}, arm=arm, **changes)


def pick(result: Result, term: str, group: str = "") -> Estimate:
    (found,) = [e for e in result.estimates if (e.term, e.group) == (term, group)]
    return found


def failed(result: Result) -> set[str]:
    return {check.name for check in result.checks if not check.passed}


def from_r() -> Study:
    """R's people as seniors; who shares a cluster shares a junior, the minutes are of the pair."""
    n = len(GIVEN["cluster"])
    arm = ["programme" if one else "comparison" for one in GIVEN["arm"]]
    items = {"skill": {"before": GIVEN["before"], "after": GIVEN["after"]}}
    juniors = [f"j{g:03d}" for g in GIVEN["cluster"]]
    study = make_study(items, arm=arm, juniors=juniors)
    met = [i for i in range(n) if GIVEN["minutes"][i] > 0]
    log = {
        "pair": [f"p{i:03d}" for i in met],
        "wave": ["after"] * len(met),
        "held": [True] * len(met),
        "minutes": [float(GIVEN["minutes"][i]) for i in met],
    }
    return replace(study, meetings=table("meetings", log))


def test_agrees_with_r() -> None:
    # CR2 in exact arithmetic on both sides: 1e-8; R's search for the ends stops at 1e-9 absolute
    inputs = {
        "programme_cost": float(GIVEN["programme"]),
        "hourly_cost": float(GIVEN["hourly"]),
        "worth": float(GIVEN["worth"]),
    }
    found = value(from_r(), "skill", inputs=inputs)
    for term, name in (("gain", "gain"), ("cost", "cost"), ("net-benefit", "net_benefit")):
        one, wanted = pick(found, term), EXPECTED[name]
        for field in ("value", "se", "df", "low", "high"):
            assert getattr(one, field) == pytest.approx(wanted[field], rel=1e-8), (term, field)
    ratio, wanted = pick(found, "cost-per-point"), EXPECTED["per_point"]
    for field in ("value", "low", "high"):
        assert getattr(ratio, field) == pytest.approx(wanted[field], rel=1e-7), field
    assert all(one.p is None for one in found.estimates)


def test_known_costs_by_hand() -> None:
    """1,000 shared by 20 people and 10 hours of 50 a pair: 550 a person, the same for everybody."""
    found = value(gaining(1.0), "skill", inputs={**COSTS, "worth": 800.0})
    gain, cost = pick(found, "gain"), pick(found, "cost")
    assert cost.value == pytest.approx(550.0)
    assert (cost.se, cost.low) == (None, None)
    assert gain.low is not None
    assert gain.high is not None
    ratio = pick(found, "cost-per-point")
    assert ratio.value == pytest.approx(550 / (gain.value or 0))
    assert ratio.low == pytest.approx(550 / gain.high)
    assert ratio.high == pytest.approx(550 / gain.low)
    benefit = pick(found, "net-benefit")
    assert benefit.value == pytest.approx(800 * (gain.value or 0) - 550)
    assert benefit.low == pytest.approx(800 * gain.low - 550)
    assert pick(found, "break-even-gain").value == pytest.approx(550 / 800)


def test_a_gain_that_may_be_nothing_has_no_cost_per_point() -> None:
    found = value(gaining(0.05), "skill", inputs=COSTS)
    gain, ratio = pick(found, "gain"), pick(found, "cost-per-point")
    assert gain.low is not None
    assert gain.high is not None
    assert gain.low < 0 < gain.high
    assert (ratio.value, ratio.low, ratio.high) == (None, None, None)
    (check,) = [c for c in found.checks if c.name == "cost per point can be bounded"]
    assert not check.passed
    assert "includes 0" in check.detail
    assert "No finite number" in check.detail


def test_a_loss_has_no_cost_per_point_and_a_negative_benefit() -> None:
    found = value(gaining(-1.0), "skill", inputs={**COSTS, "worth": 800.0})
    assert pick(found, "cost-per-point").value is None
    assert any("lost rather than gained" in check.detail for check in found.checks)
    assert (pick(found, "net-benefit").value or 0) < -550


def test_where_less_is_better_a_fall_is_a_gain() -> None:
    less = replace(SKILL, direction=-1)
    found = value(gaining(-1.0, outcomes=[less]), "skill", inputs=COSTS)
    assert (pick(found, "gain").value or 0) > 0.5
    assert pick(found, "cost-per-point").value is not None


def test_ranges_of_inputs_stand_apart_from_chance() -> None:
    inputs = {"programme_cost": (500.0, 1000.0, 3000.0), "hours": 10.0, "hourly_cost": 50.0}
    found = value(gaining(1.0), "skill", inputs={**inputs, "worth": (200.0, 800.0, 900.0)})
    gain = pick(found, "gain").value or 0.0
    record = pick(found, "net-benefit").value or 0.0
    assert record == pytest.approx(800 * gain - 550)
    wanted = {
        "programme cost low": 800 * gain - 525,
        "programme cost high": 800 * gain - 650,
        "worth low": 200 * gain - 550,
        "worth high": 900 * gain - 550,
        WORST: 200 * gain - 650,
        BEST: 900 * gain - 525,
    }
    for group, expected in wanted.items():
        one = pick(found, "net-benefit", group)
        assert one.value == pytest.approx(expected), group
        assert (one.low, one.se) == (None, None)
    rows = found.table("inputs").to_frame().set_index("input")
    assert list(rows.index) == ["programme cost", "hours", "hourly cost", "worth"]
    assert rows.loc["programme cost", "high"] == "3,000"


def test_worst_takes_the_high_worth_of_a_loss() -> None:
    inputs = {**COSTS, "programme_cost": (900.0, 1000.0, 1100.0), "worth": (0.0, 100.0, 500.0)}
    found = value(gaining(-1.0), "skill", inputs=inputs)
    gain = pick(found, "gain").value or 0.0
    assert pick(found, "net-benefit", WORST).value == pytest.approx(500 * gain - 555)


def test_declared_inputs_and_those_given_instead() -> None:
    study = gaining(1.0)
    spans = (("programme_cost", (1.0, 2000.0, 3000.0)), ("hourly_cost", (1.0, 1.0, 1.0)))
    declared = replace(
        study,
        design=replace(
            study.design, costs=(*spans, ("hours", (0.0, 0.0, 0.0))),
            worth=(("skill", (5.0, 5.0, 5.0)),), currency="EUR",
        ),
    )  # fmt: skip
    assert pick(value(declared, "skill"), "cost").value == pytest.approx(100.0)
    other = value(declared, "skill", inputs={"programme_cost": 4000.0})
    assert pick(other, "cost").value == pytest.approx(200.0)
    assert "EUR" in str(other.table("inputs").to_frame()["unit"].iloc[0])


def logged(minutes: list[float | None], **changes: Any) -> Study:
    study = gaining(1.0)
    log = {
        "pair": ["p000"] * len(minutes),
        "date": [None] * len(minutes),
        "wave": ["after"] * len(minutes),
        "held": [True] * len(minutes),
        "minutes": minutes,
    }
    return replace(study, meetings=table("meetings", {**log, **changes}))


def test_hours_of_the_log() -> None:
    """One pair met for 60 and 90 minutes, and once unrecorded (75): 3.75 hours, two people."""
    found = value(logged([60.0, 90.0, None]), "skill", inputs={"hourly_cost": 40.0})
    total = 2 * 3.75 * 40.0
    # the arms' difference in the mean cost, adjusted for a baseline: close to total / 20
    assert pick(found, "cost").value == pytest.approx(total / 20, rel=0.3)
    (check,) = [c for c in found.checks if c.name == "all working hours counted"]
    assert "1 of 3 meetings without minutes" in check.detail
    cancelled = logged([60.0, 90.0, 500.0], held=[True, True, False])
    later = logged([60.0, 90.0, 500.0], wave=["after", "after", "later"])
    costs = [
        pick(value(one, "skill", inputs={"hourly_cost": 40.0}), "cost").value
        for one in (cancelled, later, logged([60.0, 90.0]))
    ]
    assert costs[0] == costs[1] == costs[2]


def test_people_who_stay_are_worth_something() -> None:
    records = [(i, "2025-02-01", "left") for i in range(20, 32)]
    records += [(i, "2025-02-01", "left") for i in range(5)]
    study = happening(40, records)
    inputs = {"programme_cost": 10_000.0, "worth": 20_000.0}
    found = value(study, "left", wave="after", inputs=inputs)
    assert pick(found, "gain").value == pytest.approx(12 / 20 - 5 / 20)
    assert pick(found, "net-benefit").value == pytest.approx(20_000 * 0.35 - 500)


def test_few_leavers_give_no_interval() -> None:
    study = happening(40, [(i, "2025-02-01", "left") for i in range(20, 32)])
    found = value(study, "left", wave="after", inputs={"programme_cost": 100.0, "worth": 1.0})
    assert "events enough" in failed(found)
    assert pick(found, "gain").low is None
    assert pick(found, "net-benefit").low is None
    assert pick(found, "cost-per-point").value is None


def test_swapped_arms_and_row_order() -> None:
    study = gaining(1.0)
    inputs = {**COSTS, "worth": 800.0}
    found = value(study, "skill", inputs=inputs)
    order = np.random.default_rng(3).permutation(len(study.participants))
    mixed = replace(study, participants=study.participants.iloc[order].reset_index(drop=True))
    again = value(mixed, "skill", inputs=inputs)
    for one, other in zip(found.estimates, again.estimates, strict=True):
        assert other.key == one.key
        assert other.value == pytest.approx(one.value, rel=1e-8)
        assert other.low == (None if one.low is None else pytest.approx(one.low, rel=1e-8))


def test_what_leaves_is_rounded_to_two_digits_of_money() -> None:
    study = gaining(1.0)
    found = value(study, "skill", inputs={**COSTS, "worth": 8123.0})
    out = release({"value:skill": found}, study)
    shown = {e.term: e for e in out.estimates if e.group == ""}
    exact = pick(found, "net-benefit").value or 0.0
    assert shown["net-benefit"].value == round(exact, -2)
    assert shown["gain"].value == round(pick(found, "gain").value or 0.0, 2)


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"programm_cost": 1.0}, "no input programm_cost"),
        ({"programme_cost": -1.0}, "not be negative"),
        ({"programme_cost": (3.0, 2.0, 4.0)}, "must rise"),
        ({"programme_cost": float("nan")}, "must rise"),
        ({"programme_cost": float("inf")}, "must rise"),
    ],
)
def test_wrong_inputs(inputs: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        value(gaining(1.0), "skill", inputs=inputs)


def alone(study: Study) -> Study:
    return replace(study, design=replace(study.design, arms=(), kind="single-group"))


def unlinked(study: Study) -> Study:
    return replace(study, design=replace(study.design, linked=False))


def asked_after(study: Study) -> Study:
    liked = Outcome("skill", "Liked", "senior", ("skill",), low=1, high=7, kirkpatrick=1)
    return replace(study, design=replace(study.design, outcomes=(liked,)))


def unanswered(study: Study) -> Study:
    return replace(study, measures=study.measures[study.measures["wave"] == "before"])


@pytest.mark.parametrize(
    ("change", "inputs", "says"),
    [
        (lambda study: study, {}, "no costs are declared"),
        (lambda study: study, {"hourly_cost": 1.0}, "no minutes"),
        (alone, COSTS, "comparison group could tell"),
        (unlinked, COSTS, "no person ids"),
        (asked_after, COSTS, "no score from before"),
        (unanswered, COSTS, "no answers after the start"),
    ],
)
def test_refusals(change: Any, inputs: dict[str, float], says: str) -> None:
    with pytest.raises(StudyError, match=says):
        value(change(gaining(1.0)), "skill", inputs=inputs)


def test_one_person_in_an_arm_is_refused() -> None:
    study = gaining(1.0, n=4)
    rows = study.measures[study.measures["person"] != "s000"]
    with pytest.raises(StudyError, match="fewer than 2 people"):
        value(replace(study, measures=rows), "skill", inputs=COSTS)


@pytest.mark.parametrize("n", [4, 6])
def test_few_people_get_values_and_no_interval(n: int) -> None:
    found = value(gaining(3.0, n=n), "skill", inputs={**COSTS, "worth": 10.0})
    assert pick(found, "gain").value is not None
    assert pick(found, "gain").low is None
    assert pick(found, "cost-per-point").value is None
    assert pick(found, "net-benefit").low is None


def test_equal_scores_are_no_interval() -> None:
    study = make_study(
        {"skill": {"before": [3.0] * 40, "after": [5.0] * 20 + [4.0] * 20}},
        arm=["programme"] * 20 + ["comparison"] * 20,
    )
    found = value(study, "skill", inputs=COSTS)
    assert pick(found, "gain").value == pytest.approx(1.0)
    assert pick(found, "gain").low is None
    assert pick(found, "cost-per-point").value is None


def test_dates_decide_which_meetings_count() -> None:
    start = pd.Timestamp("2025-01-01").date()
    study = gaining(1.0, start=start)
    log = {"pair": ["p000", "p001"], "date": ["2025-07-03", "2025-07-04"], "held": [True, True],
           "minutes": [60.0, 6000.0]}  # fmt: skip
    dated = replace(study, meetings=table("meetings", log))
    found = value(dated, "skill", inputs={"hourly_cost": 40.0})
    assert 0 < (pick(found, "cost").value or 0) < 20
