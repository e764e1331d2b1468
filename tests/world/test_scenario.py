"""Scenarios: every coefficient is documented, held to its range, and moves something."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.errors import StudyError
from rmresearch.world.cohort import simulate
from rmresearch.world.instruments import ASKABLE
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import PRESETS, preset
from rmresearch.world.scenario import Scenario, entries

BLOCKS: dict[str, Any] = {"nature": Nature, "levers": Levers, "design": Setting}
FIELDS = [(block, field) for block, kind in BLOCKS.items() for field in dataclasses.fields(kind)]
NAMES = [f"{block}.{field.name}" for block, field in FIELDS]


@pytest.mark.parametrize(("block", "field"), FIELDS, ids=NAMES)
def test_every_coefficient_says_what_it_is_and_where_from(block: str, field: Any) -> None:
    note = field.metadata
    assert note["what"]
    assert note["unit"]
    if block == "design":
        return
    assert note["evidence"] in {"S", "C", "D", "A"}
    # Only an assumption may stand without a source.
    assert note["source"] or note["evidence"] == "A"


@pytest.mark.parametrize(("block", "field"), FIELDS, ids=NAMES)
def test_values_out_of_range_are_refused_by_name(block: str, field: Any) -> None:
    default, legal = field.default, field.metadata["legal"]
    if isinstance(default, bool):
        wrong: list[Any] = [1, "yes", None]
    elif isinstance(default, dt.date):
        wrong = ["2025-09-01", dt.date(1999, 12, 31), dt.datetime(2025, 9, 1)]
    elif isinstance(default, str):
        wrong = ["nobody", 1, None, ("random",)]
    elif isinstance(default, tuple) and isinstance(default[0], str):
        wrong = [("nothing",), (), (default[0], default[0]), [default[0]], (1,)]
    elif isinstance(default, tuple):
        wrong = [(0,), (0, 3, 3), (1, 3), (0, 25), (0, 1.5), [0, 3], (0, True)]
    else:
        step = 1 if isinstance(default, int) else 1e-9
        wrong = [legal[0] - step, legal[1] + step, float("nan"), True, "1"]
    for value in wrong:
        with pytest.raises(ValueError, match=rf"{block}\.{field.name} is "):
            BLOCKS[block](**{field.name: value})


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"fade is 2\.0; legal: 0\.0 to 1\.0; .*item_skip is -1"):
        Nature(fade=2.0, item_skip=-1)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"state_share": 0.7, "pair_share": 0.2, "department_share": 0.1}, "pair_share"),
        ({"item_reliability": 0.9, "item_stable": 0.2}, "item_stable"),
        ({"values_on_compatibility": 0.9, "interests_on_compatibility": 0.9}, "interests"),
        ({"rater_share": 0.8, "satisfaction_quality": 0.3}, "rater_share"),
        ({"satisfaction_top": 0.9, "satisfaction_bottom": 0.2}, "satisfaction_top"),
    ],
)
def test_shares_that_exceed_the_whole_are_refused(values: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Nature(**values)


def test_shares_that_fill_the_whole_are_not_refused_for_a_last_digit() -> None:
    """As floats, .55 + .25 + .15 is a little more than .95."""
    assert sum([0.55, 0.25, 0.15]) > 0.95
    assert Nature(state_share=0.55, pair_share=0.25, department_share=0.15).state_share == 0.55


def test_numbers_longer_than_any_float_are_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"pairs is 10+; legal: a whole number 1 to"):
        Scenario(pairs=10**400)
    with pytest.raises(ValueError, match=r"fade is 10+; legal: 0\.0 to 1\.0"):
        Nature(fade=10**400)


GROUP, INSIDE = Levers(format="group", juniors=2), Levers(other_department=False)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"pairs": 0}, "pairs is 0; legal: a whole number 1 to"),
        ({"pairs": 2.0}, "pairs is 2.0"),
        (
            {"comparison": "placebo"},
            "comparison is 'placebo'; legal: waitlist, control, pool, none",
        ),
        ({"pairs": 1}, "leaves an arm empty"),
        ({"pairs": 4, "design": Setting(programme_share=0.05)}, "leaves an arm empty"),
        ({"design": Setting(departments=1)}, "design.departments 1"),
        ({"nature": 3}, "nature is no Nature"),
        ({"pairs": 7, "levers": GROUP}, "pairs is 7 with levers.juniors 2; legal: a multiple of 2"),
        ({"levers": Levers(level_gap=6), "design": Setting(levels=6)}, "level_gap is 6 .* up to 5"),
        ({"design": Setting(unit="department")}, "other_department false"),
        (
            {"comparison": "none", "levers": INSIDE, "design": Setting(unit="department")},
            "unit is 'department' with comparison 'none'",
        ),
    ],
)
def test_impossible_combinations_are_refused(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Scenario(**values)


def test_numbers_of_numpy_are_numbers() -> None:
    scenario = Scenario(pairs=np.int64(6), nature=Nature(fade=np.float64(0.1)))  # type: ignore[arg-type]
    assert scenario.programme_pairs == 3
    assert len(simulate(scenario, seed=np.int64(0)).study.pairs) == 6  # type: ignore[arg-type]


def test_presets_are_known_by_name() -> None:
    assert list(PRESETS) == [
        "default", "no-effect", "strong", "small-pilot", "rct", "volunteers", "group-format",
    ]  # fmt: skip
    assert all(len(one.about.split()) > 20 for one in PRESETS.values())
    assert preset("default", pairs=60).pairs == 60
    assert preset("no-effect") is PRESETS["no-effect"].scenario
    with pytest.raises(StudyError, match="Did you mean 'no-effect'"):
        preset("no_effect")


def test_no_effect_differs_from_default_only_in_effects() -> None:
    default, nothing = preset("default").nature, preset("no-effect").nature
    changed = {
        field.name
        for field in dataclasses.fields(Nature)
        if getattr(default, field.name) != getattr(nothing, field.name)
    }
    full = {f.name for f in dataclasses.fields(Nature) if f.name.endswith("_gain")}
    already = {"skill_on_gain", "performance_on_gain", "junior_performance_gain"}
    assert changed == full - already | {"quality_on_engagement", "harm_added"}
    assert nothing.junior_performance_gain == 0
    assert all(getattr(nothing, name) == 0 for name in changed)


def test_every_coefficient_is_an_entry() -> None:
    names = [f"{entry.block}.{entry.name}".removeprefix(".") for entry in entries(Scenario())]
    assert names == ["pairs", "comparison", *NAMES]


#: enough people for rare things to happen, pairs inside departments too, levers off their middle,
#: everything asked
BUSY = Scenario(
    pairs=200,
    nature=Nature(promotion_rate=0.05, leaving_rate=0.04),
    levers=Levers(
        other_department=False,
        training=1.0,
        goal_clarity=1.0,
        confidentiality=1.0,
        sponsor=1.0,
        communication_fit=1.0,
        agenda=1.0,
        pulse_and_adapt=1.0,
    ),
    design=Setting(instruments=ASKABLE),
)
#: coefficients that speak in some programmes only
ELSEWHERE = {
    "group_on_intimidation": {"format": "group", "juniors": 2},
    "group_on_dose": {"format": "group", "juniors": 2},
    "juniors": {"format": "group", "juniors": 2},
    "challenge_on_visibility": {"format": "team challenge", "juniors": 4},
    "reciprocal_on_dose": {"format": "reciprocal"},
    "values_asked": {"matching": "optimal"},
    "background_on_choice": {"matching": "self-selected"},
    "levels": {"matching": "random"},
}


def everything(scenario: Scenario) -> dict[str, pd.DataFrame]:
    made = simulate(scenario, seed=1)
    tables = ("participants", "pairs", "measures", "meetings", "records")
    found = {name: getattr(made.study, name) for name in tables}
    return found | {"truth": made.truth.to_frame()}


@pytest.fixture(scope="module")
def busy() -> dict[str, pd.DataFrame]:
    return everything(BUSY)


def another(field: Any, block: str) -> Any:
    """A legal value well away from the present one."""
    if field.name == "format":
        return "reciprocal"
    if field.name == "juniors":
        return 4
    now, legal = getattr(getattr(BUSY, block), field.name), field.metadata["legal"]
    if isinstance(now, bool):
        return not now
    if isinstance(now, dt.date):
        return now + dt.timedelta(days=30)
    if isinstance(now, str):
        return next(one for one in legal if one != now)
    if isinstance(now, tuple):
        return (0, 3, 9) if isinstance(now[0], int) else now[:3]
    if isinstance(now, int):
        return now + 1
    if now == legal[1]:
        return (legal[0] + now) / 2
    return min(now + 0.5 * abs(now) + 0.3, (now + legal[1]) / 2)


@pytest.mark.parametrize(("block", "field"), FIELDS, ids=NAMES)
def test_every_coefficient_moves_something(
    block: str, field: Any, busy: dict[str, pd.DataFrame]
) -> None:
    start, before = BUSY, busy
    if field.name in ELSEWHERE:
        special = dataclasses.replace(BUSY.levers, **ELSEWHERE[field.name])
        start = dataclasses.replace(BUSY, levers=special)
        before = everything(start)
    part = dataclasses.replace(getattr(start, block), **{field.name: another(field, block)})
    after = everything(dataclasses.replace(start, **{block: part}))
    assert any(not before[name].equals(after[name]) for name in before)


@pytest.mark.parametrize(
    "change",
    [{"pairs": 151}, {"comparison": "control"}, {"comparison": "pool"}, {"comparison": "none"}],
)
def test_pairs_and_comparison_move_something(
    change: dict[str, Any], busy: dict[str, pd.DataFrame]
) -> None:
    other = everything(dataclasses.replace(BUSY, **change))
    assert any(not busy[name].equals(other[name]) for name in busy)
