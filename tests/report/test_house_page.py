"""The drawing of the floors shows the imports that there are, and is fresh."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.test_architecture import FLOORS, imported_rooms, modules, room

from rmresearch.errors import ReportError
from rmresearch.report.house_page import drawing, drawn, floors, imports, told, write_drawing


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "architecture.md").read_text("utf-8")


@pytest.fixture(scope="module")
def lines() -> set[tuple[str, str]]:
    return imports(tuple(FLOORS))


def below(start: str, lines: set[tuple[str, str]]) -> set[str]:
    """Every room that is reached from one, step by step."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        fresh = {b for a, b in lines if a == here} - seen
        seen |= fresh
        waiting += fresh
    return seen


def test_drawing_and_words_are_fresh(page: str, root: Path, lines: set[tuple[str, str]]) -> None:
    there = (root / "docs" / "architecture.svg").read_text("utf-8")
    assert there == drawing(floors(page), lines), "imports have changed: run `make house`"
    assert f"![{told(floors(page), lines)}](architecture.svg)" in page


def test_floors_and_imports_are_those_that_are_held(page: str, lines: set[tuple[str, str]]) -> None:
    assert floors(page) == FLOORS
    held = {(room(path), other) for path in modules() for other in imported_rooms(path)}
    assert lines == {(a, b) for a, b in held if a != b}


def test_what_is_left_out_is_implied_and_nothing_that_is_drawn_is(
    lines: set[tuple[str, str]],
) -> None:
    left = set(drawn(lines))
    assert left < lines
    for start in FLOORS:
        assert below(start, left) == below(start, lines)
    for one in left:
        assert one[1] not in below(one[0], left - {one})


def test_every_room_and_arrow_is_there_apart_and_inside(lines: set[tuple[str, str]]) -> None:
    tree = ElementTree.fromstring(drawing(FLOORS, lines))
    name = "{http://www.w3.org/2000/svg}"
    width, height = (float(tree.attrib[side]) for side in ("width", "height"))
    words = [one.text for one in tree.iter(f"{name}text")]
    assert sorted(words) == sorted([*FLOORS, *map(str, range(10))])
    assert len(list(tree.iter(f"{name}path"))) == len(drawn(lines))
    boxes = [
        tuple(float(one.attrib[side]) for side in ("x", "y", "width", "height"))
        for one in tree.iter(f"{name}rect")
        if "rx" in one.attrib
    ]
    assert len(boxes) == len(FLOORS)
    for x, y, wide, tall in boxes:
        assert x >= 0
        assert y >= 0
        assert x + wide <= width
        assert y + tall <= height
    for a, b in combinations(boxes, 2):
        apart = a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or abs(a[1] - b[1]) >= a[3]
        assert apart


def test_an_import_that_points_up_is_not_drawn() -> None:
    with pytest.raises(ReportError, match="must point down the floors"):
        drawing({"study": 2, "io": 4}, {("study", "io")})


def test_written_where_it_is_asked_for(tmp_path: Path, page: str, root: Path) -> None:
    bare = re.sub(r"!\[[^\]]*\]\(architecture\.svg\)", "![](architecture.svg)", page)
    (tmp_path / "architecture.md").write_text(bare, "utf-8")
    made = write_drawing(tmp_path)
    assert made.read_bytes() == (root / "docs" / "architecture.svg").read_bytes()
    assert (tmp_path / "architecture.md").read_text("utf-8") == page
