"""Sweep files: what they mean, and everything that is wrong with one, said at once."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.errors import StudyError
from rmresearch.whatif.sweep_file import read_sweep, sweep_of

FINE: dict[str, Any] = {"outcome": "digital_skill", "analyses": ["compare_arms"]}


def wrong(document: dict[str, Any]) -> list[str]:
    with pytest.raises(StudyError) as caught:
        sweep_of(document, name="s.toml")
    assert all(one.file is not None and one.file.startswith("s.toml")
               for one in caught.value.problems)  # fmt: skip
    assert all(one.fix for one in caught.value.problems)
    return [str(one) for one in caught.value.problems]


def test_a_file_in_full(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(
        'question = "Which?"\noutcome = "digital_skill"\nreplicates = 30\nseed = 0\nalpha = 0.1\n'
        '[analyses.adjusted]\nask = "compare_arms"\nlevel = 0.9\nestimate = {wave = "month3"}\n'
        '[scenario]\npreset = "rct"\npairs = 36\nlevers.cadence = 4\n'
        '[[scenarios]]\nname = "short"\ndesign.waves = [0, 6]\n'
        '[[scenarios]]\nname = "long"\ncomparison = "waitlist"\n'
        '[grid]\npairs = [24, 48]\n"levers.training" = [0, 1.0]\n',
        "utf-8",
    )
    found = read_sweep(path)
    assert (found.question, found.replicates, found.seed, found.alpha) == ("Which?", 30, 0, 0.1)
    assert [one.name for one in found.variants] == [
        f"{name}, pairs {pairs}, levers.training {training}"
        for name in ("short", "long")
        for pairs in (24, 48)
        for training in (0, 1.0)
    ]
    first, last = found.variants[0].scenario, found.variants[-1].scenario
    assert first == rm.read_scenario(write(tmp_path, 24, "0", "design.waves = [0, 6]"))
    assert (last.comparison, last.pairs, last.levers.training) == ("waitlist", 48, 1.0)
    assert last.levers.cadence == 4
    ask = found.analyses["adjusted"]
    assert (ask.analysis, ask.options, ask.estimate) == (
        "compare_arms", {"level": 0.9}, {"wave": "month3"},
    )  # fmt: skip


def write(folder: Path, pairs: int, training: str, more: str) -> Path:
    path = folder / "scenario.toml"
    path.write_text(
        f'preset = "rct"\npairs = {pairs}\nlevers.cadence = 4\nlevers.training = {training}\n{more}'
    )
    return path


def test_one_scenario_and_nothing_varied() -> None:
    found = sweep_of(FINE)
    assert [(one.name, one.scenario) for one in found.variants] == [("scenario", rm.Scenario())]


def test_everything_wrong_is_said_at_once() -> None:
    found = wrong(
        {
            "question": 3, "outcom": "x", "replicates": 1, "seed": -1, "alpha": 2,
            "analyses": ["compare_arm", "post_only"],
            "scenario": {"levers": {"cadense": 2}, "level_gap": 3},
            "grid": {"pairs": [], "cadence": [1, 2], "levers": {"training": [0.1, 0.1]}},
            "scenarios": [{"name": "a"}, {"name": "a"}, {"pairs": 3}],
        }
    )  # fmt: skip
    told = "\n".join(found)
    for part in (
        "outcom is not a known key. Did you mean 'outcome'?",
        "question is 3",
        "outcome is missing",
        "replicates is 1. Give a whole number, 2 or more.",
        "seed is -1",
        "alpha is 2",
        "no analysis 'compare_arm'. Did you mean 'compare_arms'?",
        "levers.cadense is not a known key. Did you mean 'cadence' in [levers]?",
        "level_gap is not a known key. It belongs in [levers].",
        "grid.pairs is []",
        "grid.cadence is no lever of a scenario. It belongs in [levers].",
        "grid.levers.training has a value twice",
        "two scenarios are called 'a'",
        "number 3 has no name",
    ):
        assert part in told
    assert len(found) == 14


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"grid": {}}, "grid is empty"),
        ({"grid": 3}, "grid is 3"),
        ({"grid": {"pairs": 24}}, "grid.pairs is 24"),
        ({"scenarios": []}, "scenarios is empty"),
        ({"scenario": 3}, "scenario is 3"),
        ({"analyses": []}, "analyses is missing, empty"),
        ({"analyses": ["pre_post", "pre_post"]}, "lists 'pre_post' twice"),
        ({"analyses": {"x": {"level": 0.9}}}, "analyses.x does not say what to ask"),
        ({"analyses": {"x": {"ask": "pre_post", "levl": 0.9}}}, "Did you mean 'level'?"),
        ({"analyses": {"x": {"ask": "pre_post", "estimate": {"when": ""}}}}, "names among role"),
        (
            {"analyses": {"x": {"ask": "pre_post", "estimate": {"wave": "month9"}}}},
            "no estimate with wave = 'month9'. There is wave = 'month6'.",
        ),
        ({"analyses": {"x": {"ask": "subgroups"}}}, "subgroups needs 'by'"),
        ({"scenario": {"comparison": "none"}}, "no comparison arm"),
        ({"outcome": "digital_skil"}, "Did you mean 'digital_skill'?"),
        ({"outcome": " "}, "outcome is ' '"),
        ({"outcome": "left"}, "which is recorded. No test is about records: name a scale, or ask"),
        ({"replicates": True}, "replicates is True"),
        ({"grid": {"design.sites": list(range(1, 21)), "pairs": list(range(2, 600))}}, "11,960"),
    ],
)
def test_a_single_thing_wrong(change: dict[str, Any], said: str) -> None:
    [found] = wrong({**FINE, **change})
    assert said in found


@pytest.mark.parametrize(
    "decision",
    [
        {"base": {"pairs": 24}},
        {"budget": {"budgets": [20_000], "per_pair": 500}},
        {"required": {"replicates": 200}},
    ],
)
def test_what_decides_is_one_estimate_named_as_the_file_names_it(decision: dict[str, Any]) -> None:
    # mixed_model has an estimate of each arm at each wave, and nothing says which is compared
    many = {**FINE, "grid": {"pairs": [24, 48]}, "replicates": 500, "analyses": ["mixed_model"]}
    [found] = wrong({**many, **decision})
    assert "analyses.mixed_model: 2 estimates of mixed_model could be meant" in found
    assert "such as estimate = {group = ...}, of 'programme', 'comparison'." in found
    assert "about" not in found
    named = {"mixed_model": {"ask": "mixed_model", "estimate": {"group": "programme"}}}
    assert sweep_of({**many, **decision, "analyses": named}).first.estimate["group"] == "programme"


def test_what_combinations_share_is_said_once() -> None:
    found = wrong({**FINE, "grid": {"pairs": [12, 24, 48], "levers.format": ["group"]}})
    assert len(found) == 1
    assert "scenario 'pairs 12, levers.format group'" in found[0]
    found = wrong({**FINE, "grid": {"pairs": [12, 24, 48], "comparison": ["none"]}})
    assert len(found) == 1
    assert "(and 2 others)" in found[0]


def test_no_file_and_no_toml(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"nowhere\.toml: cannot be opened"):
        read_sweep(tmp_path / "nowhere.toml")
    (tmp_path / "broken.toml").write_text("question = \n")
    with pytest.raises(StudyError, match=r"broken\.toml, row 1: is not TOML"):
        read_sweep(tmp_path / "broken.toml")


def test_a_large_grid_tells_how_far_its_reading_is() -> None:
    told: list[str] = []
    large = {**FINE, "analyses": ["pre_post"], "grid": {"pairs": list(range(4, 604))}}
    assert len(sweep_of(large, say=told.append).variants) == 600
    assert told == ["read 250 of 600 designs", "read 500 of 600 designs"]


def test_a_sweep_starts_from_a_scenario_file_beside_it(tmp_path: Path) -> None:
    """What calibrate writes is where the next what-if starts; the sweep's own lines come on top."""
    (tmp_path / "ours.toml").write_text(
        'preset = "rct"\npairs = 36\n[nature]\ntrend = 0.03\nitem_center = 3.5\n', "utf-8"
    )
    path = tmp_path / "s.toml"
    path.write_text(
        'outcome = "digital_skill"\nanalyses = ["compare_arms"]\n'
        '[scenario]\nfile = "ours.toml"\nnature.trend = 0.05\n[grid]\npairs = [24, 48]\n',
        "utf-8",
    )
    found = read_sweep(path)
    start = rm.read_scenario(tmp_path / "ours.toml")
    assert [one.scenario.pairs for one in found.variants] == [24, 48]
    for one in found.variants:
        assert one.scenario.nature == replace(start.nature, trend=0.05)
        assert one.scenario.comparison == start.comparison
    assert found.base == replace(start, nature=replace(start.nature, trend=0.05))


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ('"theirs.toml"', "theirs.toml: cannot be opened"),
        ("3", "scenario.file is 3. Name a scenario file"),
        ('"ours.toml"', "trand is not a known key"),
    ],
)
def test_a_scenario_file_that_is_not_there_or_wrong(tmp_path: Path, named: str, said: str) -> None:
    (tmp_path / "ours.toml").write_text("[nature]\ntrand = 0.03\n", "utf-8")
    path = tmp_path / "s.toml"
    path.write_text(
        f'outcome = "digital_skill"\nanalyses = ["compare_arms"]\n[scenario]\nfile = {named}\n'
    )
    with pytest.raises(StudyError, match=re.escape(said)):
        read_sweep(path)
