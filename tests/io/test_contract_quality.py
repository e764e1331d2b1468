"""Data-quality warnings: items against their scale, straight lines, floors, lost categories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pilot_files import Pilot, Row

from rmresearch.errors import Problem
from rmresearch.io.check import check

SKILL = ["skill_1", "skill_2", "skill_3", "skill_4"]


def warnings(pilot: Pilot, folder: Path) -> list[Problem]:
    report = check(pilot.write(folder))
    assert report.problems == (), report.lines()
    return list(report.warnings)


def skill(pilot: Pilot, wave: str) -> np.ndarray:
    """The seniors' answers at a wave as coded, by a plain loop."""
    answers: dict[str, dict[str, float]] = {}
    for row in pilot.measures:
        if row["wave"] == wave and row["item"] in SKILL:
            answers.setdefault(row["person"], {})[row["item"]] = float(row["value"])
    return np.array([[one[item] for item in SKILL] for one in answers.values()])


def test_an_undeclared_reversed_item_is_found_with_its_correlation(tmp_path: Path) -> None:
    pilot = Pilot().replace('reverse = ["skill_4"]\n', "")
    found = [one for one in warnings(pilot, tmp_path) if one.rule == "item-total"]
    naive = {}
    for wave in ("pre", "post"):
        table = skill(pilot, wave)
        for k, item in enumerate(SKILL):
            rest = np.delete(table, k, axis=1).sum(axis=1)
            r = np.corrcoef(table[:, k], rest)[0, 1]
            if r < -0.1:
                naive[item, wave] = f"{r:.2f}"
    assert naive[("skill_4", "pre")]
    assert len(found) == len(naive)
    for (item, wave), r in naive.items():
        words = f"{item} of skill runs against the other items at wave {wave}"
        (one,) = [w for w in found if words in w.found]
        assert f"correlation {r}, not declared as reversed" in one.found


def test_a_wrongly_declared_reversed_item_is_found(tmp_path: Path) -> None:
    pilot = Pilot().replace('reverse = ["skill_4"]', 'reverse = ["skill_3", "skill_4"]')
    found = [one.found for one in warnings(pilot, tmp_path) if one.rule == "item-total"]
    assert any("skill_3" in one and "declared as reversed" in one for one in found)


def test_straight_lines_are_counted_where_reversed_items_unmask_them(tmp_path: Path) -> None:
    pilot = Pilot()
    for person in ("S01", "S02", "S03"):
        for item in SKILL:
            pilot.answer(person, "pre", item)["value"] = "2"
    (one,) = [w for w in warnings(pilot, tmp_path / "a") if w.rule == "straight-lining"]
    assert "3 of 12 people (25%) gave one answer to all items at wave pre" in one.found
    pilot.answer("S01", "pre", "skill_1")["value"] = ""  # three answers say less than four
    pilot.answer("S02", "pre", "skill_1")["value"] = "3"
    assert not [w for w in warnings(pilot, tmp_path / "b") if w.rule == "straight-lining"]


def test_floor_and_ceiling_at_the_baseline_only(tmp_path: Path) -> None:
    pilot = Pilot()
    for person in ("S01", "S02"):
        for item in SKILL:
            lowest = "5" if item == "skill_4" else "1"
            pilot.answer(person, "pre", item)["value"] = lowest
            pilot.answer(person, "post", item)["value"] = lowest
    (one,) = [w for w in warnings(pilot, tmp_path / "a") if w.rule == "edge"]
    # 2 of 12 is 16.7%
    assert "skill: 17% of 12 people have the lowest possible score at wave pre" in one.found
    pilot.answer("S02", "pre", "skill_1")["value"] = "2"  # 1 of 12 is below 15%
    assert not [w for w in warnings(pilot, tmp_path / "b") if w.rule == "edge"]


def relabelled(pilot: Pilot, old: str, new: str) -> None:
    for row in pilot.measures:
        if row["wave"] == "post" and row["value"] == old:
            row["value"] = new


def test_a_category_that_is_never_used_again(tmp_path: Path) -> None:
    pilot = Pilot()
    relabelled(pilot, "Somewhat", "Quite")
    (one,) = warnings(pilot, tmp_path / "a")
    used = sum(row["wave"] == "pre" and row["value"] == "Somewhat" for row in pilot.measures)
    assert used == 4
    assert one.rule == "lost-label"
    assert "the answer 'Somewhat' was given 4 times at pre and never at post" in one.found


def test_a_rare_category_may_be_absent_by_chance(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.answer("J01", "pre", "confidence")["value"] = "Very"
    pilot.answer("J02", "pre", "confidence")["value"] = "Very"
    assert "lost-label" not in {one.rule for one in warnings(pilot, tmp_path)}


def test_answers_of_the_other_role_are_said(tmp_path: Path) -> None:
    pilot = Pilot()
    stray: Row = {"person": "J01", "wave": "pre", "item": "skill_1", "value": "3"}
    pilot.measures.append(stray)
    (one,) = warnings(pilot, tmp_path)
    assert one.rule == "other-role"
    assert "has answers of 1 junior" in one.found


def test_no_spread_is_no_warning(tmp_path: Path) -> None:
    pilot = Pilot()
    for row in pilot.measures:
        if row["item"] in SKILL:
            row["value"] = "3"
    rules = {one.rule for one in warnings(pilot, tmp_path)}
    assert rules == {"straight-lining"}


def test_few_people_give_no_quality_warnings(tmp_path: Path) -> None:
    pilot = Pilot().replace('reverse = ["skill_4"]\n', "")
    few = {f"{role}{i:02d}" for role in "JS" for i in (1, 2, 3, 10, 11, 12)}
    pilot.participants = [row for row in pilot.participants if row["person"] in few]
    pilot.pairs = [row for row in pilot.pairs if row["junior"] in few]
    pilot.meetings = [row for row in pilot.meetings if f"J{row['pair'][1:]}" in few]
    pilot.measures = [row for row in pilot.measures if row["person"] in few]
    assert not [w for w in warnings(pilot, tmp_path) if w.rule == "item-total"]
