"""Imports only point down the floors, and no module outgrows the house."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "rmresearch"

#: floor of each module or folder right below the package, as docs/architecture.md draws them
FLOORS = {
    "errors": 0,
    "display": 0,
    "colours": 1,
    "declared": 1,
    "numerics": 1,
    "files": 1,
    "instruments": 2,
    "study": 2,
    "result": 2,
    "privacy": 3,
    "plan": 3,
    "models": 3,
    "pairing": 3,
    "io": 4,
    "world": 4,
    "analysis": 5,
    "evidence": 5,
    "whatif": 6,
    "commands": 7,
    "report": 7,
    "explorer": 8,
    "cli": 8,
    "__main__": 9,
}
#: modules of one floor that may import each other, as drawn
DRAWN: set[tuple[str, str]] = set()


def modules() -> list[Path]:
    return sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise AssertionError(f"{path}: relative import; write the full name")
            module = node.module or ""
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == "rmresearch" and len(parts) > 1:
                found.add(parts[1])
    return {name for name in found if name in FLOORS}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    here = room(path)
    assert here in FLOORS, f"{here} has no floor: draw it in docs/architecture.md and here"
    for other in imported_rooms(path) - {here}:
        lower = FLOORS[other] < FLOORS[here]
        assert lower or (here, other) in DRAWN, f"{here} imports {other}, which is not below it"


def test_analyses_do_not_import_one_another() -> None:
    house = SOURCE / "analysis"
    for path in house.rglob("*.py"):
        own = path.relative_to(house).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if module.startswith("rmresearch.analysis."):
                other = module.split(".")[2]
                assert other == own or other == "base", f"{path.name} imports {other}"


def test_kernels_know_no_tables() -> None:
    for path in (SOURCE / "numerics").rglob("*.py"):
        assert "import pandas" not in path.read_text("utf-8"), path.name


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 400, f"{path.name} wants to become a folder"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            assert length <= 60, f"{path.name}: {node.name} has {length} lines"
        assert not isinstance(node, ast.Assert), f"{path.name}:{node.lineno}: assert outside tests"


def test_drawn_floors_match_the_page() -> None:
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text("utf-8")
    drawn = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[0].isdigit():
            drawn[cells[1].strip("`").removesuffix("/").removesuffix(".py")] = int(cells[0])
    assert drawn == FLOORS


def test_no_public_name_equals_a_submodule() -> None:
    import rmresearch

    inside = {path.stem for path in SOURCE.iterdir()}
    assert not inside & set(rmresearch.__all__)
