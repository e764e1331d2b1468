"""What a sweep file can ask for beside its sweep, and everything that is wrong with that."""

from __future__ import annotations

from typing import Any

import pytest

import rmresearch as rm
from rmresearch.errors import StudyError
from rmresearch.whatif.budget import Prices
from rmresearch.whatif.sweep_file import sweep_of
from rmresearch.world.levers import Levers

FINE: dict[str, Any] = {"outcome": "digital_skill", "analyses": ["compare_arms"],
                        "replicates": 500}  # fmt: skip
TWO = [{"name": "one"}, {"name": "two", "levers": {"cadence": 4}}]


def wrong(more: dict[str, Any]) -> list[str]:
    with pytest.raises(StudyError) as caught:
        sweep_of({**FINE, **more}, name="s.toml")
    assert all(one.fix for one in caught.value.problems)
    return [str(one) for one in caught.value.problems]


def test_a_base_is_named_and_each_design_has_the_one_that_is_alike() -> None:
    found = sweep_of({**FINE, "scenarios": TWO, "grid": {"pairs": [24, 48]},
                      "base": {"name": "two"}})  # fmt: skip
    assert dict(found.against) == {
        "one, pairs 24": "two, pairs 24",
        "one, pairs 48": "two, pairs 48",
    }
    both = sweep_of({**FINE, "scenarios": TWO, "grid": {"pairs": [24, 48]},
                     "base": {"name": "one", "pairs": 48}})  # fmt: skip
    assert dict(both.against) == dict.fromkeys(
        ["one, pairs 24", "two, pairs 24", "two, pairs 48"], "one, pairs 48"
    )
    grid = {"levers": {"matching": ["random", "optimal"]}}
    values = sweep_of({**FINE, "grid": grid, "base": {"levers": {"matching": "optimal"}}})
    assert dict(values.against) == {"levers.matching random": "levers.matching optimal"}


def test_levers_are_pulled_one_at_a_time() -> None:
    found = sweep_of({**FINE, "pull": ["training", "goal_clarity", "format"]})
    start = Levers()
    # format brings two juniors along; it counts as one lever all the same
    assert [(one.name, dict(one.changes)) for one in found.variants] == [
        ("as it stands", {}),
        ("training 0", {"levers.training": 0.0}),
        ("training 1", {"levers.training": 1.0}),
        ("goal clarity 0", {"levers.goal_clarity": 0.0}),
        ("goal clarity 1", {"levers.goal_clarity": 1.0}),
        *((f"format {kind}", {"levers.format": kind})
          for kind in ("reciprocal", "group", "team challenge")),
    ]  # fmt: skip
    assert found.pulled
    assert set(found.against.values()) == {"as it stands"}
    assert len(found.against) == 7
    for one in found.variants[1:]:
        ((name, end),) = one.changes.items()
        assert getattr(one.scenario.levers, name.removeprefix("levers.")) == end
        assert getattr(start, name.removeprefix("levers.")) != end
    every = sweep_of({**FINE, "pull": "all"})
    assert len(every.variants) == len(rm.levers_pulled(rm.Scenario()))


def test_money_and_need_are_asked_of_each_design_whatever_its_pairs() -> None:
    found = sweep_of(
        {**FINE, "scenarios": TWO, "grid": {"pairs": [24, 48], "levers": {"training": [0, 1]}},
         "budget": {"budgets": [30_000, 50_000], "per_pair": 400, "per_wave": 50, "fixed": 1_000,
                    "per_month": 10, "currency": "EUR", "designs": ["two"]},
         "required": {"power": 0.9}}
    )  # fmt: skip
    assert found.money is not None
    assert found.need is not None
    names = [f"{name}, levers.training {value}" for name in ("one", "two") for value in (0, 1)]
    assert [one.name for one in found.need.designs] == names
    assert [one.name for one in found.money.designs] == names[2:]
    assert found.money.prices == Prices(400.0, 1_000.0, 50.0, 10.0)
    # three waves, six months
    assert found.money.prices.of_pair(found.money.designs[0].scenario) == 400 + 3 * 50 + 6 * 10
    assert (found.money.budgets, found.money.currency) == ((30_000.0, 50_000.0), "EUR")
    assert (found.money.replicates, found.need.replicates) == (500, 500)
    assert (found.need.power, found.need.bounds) == (0.9, (4, 2_000))
    few = sweep_of({**FINE, "replicates": 20, "required": {}})
    assert few.need is not None
    assert (few.need.power, few.need.replicates) == (0.8, 200)
    pulled = sweep_of({**FINE, "pull": ["training"], "required": {}})
    assert pulled.need is not None
    assert [one.name for one in pulled.need.designs] == ["as it stands"]


def test_everything_wrong_with_them_is_said_at_once() -> None:
    told = wrong(
        {
            "replicates": 120,
            "scenarios": TWO,
            "base": {"name": "three", "levers": {"training": 1}},
            "budget": {"budgets": [], "per_pair": 0, "per_waves": 3, "fixed": -1, "currency": 3,
                       "designs": ["to"]},
            "required": {"power": 2, "bounds": [4], "replicates": 10, "designs": []},
        }
    )  # fmt: skip
    said = "\n".join(told)
    for part in (
        "base.levers.training is neither a name of [[scenarios]] nor in [grid]",
        "base.name is 'three'. Expected one of 'one', 'two'.",
        "replicates is 120. Designs are compared in batches: a multiple of 50 from 500 on.",
        "budget.budgets is []",
        "budget.per_pair is 0. Give an amount, more than 0.",
        "budget.per_waves is not a known key. Did you mean 'per_wave'?",
        "budget.fixed is -1. Give an amount, 0 or more.",
        "budget.currency is 3",
        "budget.designs: there is no design 'to'. Did you mean 'two'?",
        "required.power is 2",
        "required.bounds is [4]",
        "required.replicates is 10. Give a whole number, 200 or more.",
        "required.designs is []. Give a list of names, of 'one', 'two'.",
    ):
        assert part in said
    assert len(told) == 13


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"pull": []}, "pull is []"),
        ({"pull": ["trainin"]}, "there is no lever 'trainin'. Did you mean 'training'?"),
        ({"pull": 3}, "pull is 3"),
        ({"pull": ["training"], "grid": {"pairs": [24, 48]}}, "pull and grid stand side by side"),
        ({"pull": ["training"], "replicates": 20}, "replicates is 20. Designs are compared in"),
        ({"base": {}, "scenarios": TWO}, "base is empty"),
        ({"base": "one", "scenarios": TWO}, "base is empty or no section"),
        ({"base": {"pairs": 24}, "grid": {"pairs": [24]}}, "base leaves nothing to compare"),
        ({"budget": 3}, "budget is 3"),
        ({"budget": {"budgets": [True], "per_pair": 3}}, "budget.budgets is [True]"),
        ({"budget": {"budgets": [900], "per_pair": 500}}, "a budget of 900 buys no study"),
        ({"budget": {"budgets": [900], "per_pair": 500}}, "for one in each arm. Give more,"),
        ({"budget": {"budgets": [9], "per_pair": 500}}, "the least is 1 pair, for 500"),
        ({"required": 3}, "required is 3"),
        ({"required": {"power": 0.04}}, "required.power is 0.04. Give more than alpha, 0.05."),
        ({"required": {"bounds": [9, 9]}}, "room for two sizes"),
    ],
)
def test_a_single_thing_wrong(more: dict[str, Any], said: str) -> None:
    [found] = wrong(more)
    assert said in found
