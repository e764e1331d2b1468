"""What is said of the world names every number, and says of a scenario how it differs."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rmresearch.world.equations import ABOUT, ABSENT, EQUATIONS, SOURCES
from rmresearch.world.explain import changed, explain, mark, numbered, sections
from rmresearch.world.graph import edges
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario, entries

ENTRIES = entries(Scenario())


def test_sections_hold_each_coefficient_once() -> None:
    listed = [entry for section in sections() for entry in section.entries]
    assert sorted(listed, key=ENTRIES.index) == list(ENTRIES)
    titles = [section.title for section in sections()]
    assert titles[:3] == ["The study", "Nature: people", "Nature: pair"]
    assert titles[-2:] == ["Levers", "Design"]
    assert all(section.about and section.entries for section in sections())


def test_equations_name_every_number_of_nature_and_levers_and_no_other() -> None:
    """Whoever adds a coefficient says in world/equations.py what it does."""
    named = {
        name for _, texts in EQUATIONS for text in texts for name in re.findall(r"`(\w+)`", text)
    }
    assert named <= {entry.name for entry in ENTRIES}
    assert {entry.name for entry in ENTRIES if entry.block in {"nature", "levers"}} <= named


def test_every_short_name_of_a_source_is_used_and_every_practice_text_is_listed() -> None:
    cited = " ".join(entry.source for entry in ENTRIES)
    numbers = {n for part in re.findall(r"S (\d(?:[-, ]+\d)*)", cited) for n in _spelt(part)}
    assert {f"S {n}" for n in numbers} == {name for name, _ in SOURCES if name.startswith("S ")}
    for name, _ in SOURCES:
        assert name.startswith("S ") or name in cited


def _spelt(numbers: str) -> set[str]:
    """ "0-2, 4" -> 0, 1, 2, 4."""
    found: set[str] = set()
    for part in numbers.split(","):
        low, _, high = part.strip().partition("-")
        found |= {str(n) for n in range(int(low), int(high or low) + 1)}
    return found


def test_numbers_of_evidence_add_up_by_hand() -> None:
    counts = dict.fromkeys("CDSA", 0) | {"": 0}
    for kind in (Nature, Levers):
        for field in kind.__dataclass_fields__.values():
            counts[field.metadata["evidence"]] += 1
    assert numbered() == counts


def test_explain_lists_every_value_with_its_range_evidence_and_source() -> None:
    text = explain()
    flat = re.sub(r"\s+", " ", text)
    for entry in ENTRIES:
        place = f"{entry.block}.{entry.name}".removeprefix(".")
        assert f" {place} = " in flat
        assert re.sub(r"\s+", " ", f"{entry.what}") in flat
        assert mark(entry) in flat
        assert entry.legal in flat
    for edge in edges():
        assert f"{edge.cause} ({edge.sign})" in flat
    for said in (*ABOUT, *ABSENT, *(one.about for one in PRESETS.values())):
        assert said in flat
    assert not re.search(r"^\*", text, re.MULTILINE)


@pytest.mark.parametrize("name", PRESETS)
def test_explain_marks_what_a_scenario_changes_and_fits_the_terminal(name: str) -> None:
    text = explain(PRESETS[name].scenario)
    assert max(map(len, text.splitlines())) <= 100
    marked = re.findall(r"^\* ([\w.]+) = ", text, re.MULTILINE)
    differs = [f"{e.block}.{e.name}".removeprefix(".") for e, _ in changed(PRESETS[name].scenario)]
    assert marked == differs
    assert bool(marked) == (name != "default")


def test_a_changed_value_stands_beside_the_default() -> None:
    scenario = Scenario(
        levers=Levers(cadence=5), design=replace(Setting(), waves=(0, 6), spillover=0.0)
    )
    flat = re.sub(r"\s+", " ", explain(scenario))
    assert "* levers.cadence = 5 (default 2)" in flat
    assert "* design.waves = 0, 6 (default 0, 3, 6)" in flat
    assert "senior skill (0)" in flat  # nothing spills over
