"""What is given away: wheel and sdist hold what they must and nothing else, twice the same; the
lock holds hashes; nothing heavy is loaded before it is needed."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import BytesParser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from tests.packaged import ROOT, built, copied, kept

import rmresearch
from rmresearch.cli import main

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
#: lies about in a checkout that was used; none of it may travel
LITTER = (
    ".venv/pyvenv.cfg",
    "data/synthetic/pilot/.rmresearch/key",
    "docs/_build/index.html",
    "my-pilot/data/answers.csv",
    "notebooks/.ipynb_checkpoints/01_pilot_evaluation-checkpoint.ipynb",
    "reports/pilot/internal/results.json",
    "src/rmresearch/__pycache__/cli.cpython-311.pyc",
    "tests/.hypothesis/unicode_data",
)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that somebody worked in."""
    tree = copied(tmp_path_factory.mktemp("used"))
    for name in LITTER:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("private\n", "utf-8")
    return tree


@pytest.fixture(scope="module")
def wheel(used: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(used, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(used: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(used, tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return BytesParser().parsebytes(archive.read(name))


def test_the_wheel_is_the_package_its_notebooks_and_its_examples(wheel: Path) -> None:
    inside = {one for one in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in one}
    package = {one.removeprefix("src/") for one in kept() if one.startswith("src/rmresearch/")}
    notebooks = {Path(one).name for one in kept() if one.startswith("notebooks/")}
    examples = {Path(one).name for one in kept() if one.startswith("docs/examples/")}
    beside = {f"rmresearch/_notebooks/{name}" for name in notebooks}
    beside |= {f"rmresearch/_examples/{name}" for name in examples}
    assert inside == package | beside
    for name in ("py.typed", "report/words/en/leadership.toml", "report/templates/brief.typ"):
        assert f"rmresearch/{name}" in inside


def test_the_sdist_is_all_that_the_project_keeps(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        inside = {one.name.split("/", 1)[1] for one in archive.getmembers() if one.isfile()}
    assert inside == {*kept(), "PKG-INFO"}, "a new file at the top: name it in pyproject.toml"


def test_the_same_wheel_comes_of_the_sdist_and_of_another_day(
    wheel: Path, sdist: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    tree = next(tmp_path.iterdir())
    for path in tree.rglob("*"):
        os.utime(path, (1_800_000_000, 1_800_000_000))
    again = built(tree, tmp_path / "again", "wheel")
    assert (again.name, again.read_bytes()) == (wheel.name, wheel.read_bytes())


def test_the_metadata_say_what_pyproject_says(metadata: Message) -> None:
    assert metadata["Name"] == PROJECT["name"]
    assert metadata["Version"] == PROJECT["version"] == rmresearch.__version__
    assert metadata["License-Expression"] == PROJECT["license"] == "MIT"
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata.get_all("Provides-Extra") == sorted(PROJECT["optional-dependencies"])
    assert metadata["Description-Content-Type"] == "text/markdown"
    readme = (ROOT / "README.md").read_text("utf-8")
    assert str(metadata.get_payload(decode=True), "utf-8").strip() == readme.strip()


def loaded(program: str, tmp_path: Path) -> set[str]:
    """The modules of other projects that a program loads, by their top names."""
    wrapped = (
        "import sys; before = set(sys.modules)\n"
        f"{program}\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(*(new - set(sys.stdlib_module_names)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", wrapped], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    return set(done.stderr.split()) - {"rmresearch"}


def test_import_loads_no_other_project(tmp_path: Path) -> None:
    assert loaded("import rmresearch; dir(rmresearch); rmresearch.StudyError", tmp_path) == set()


def test_help_loads_click_alone(tmp_path: Path) -> None:
    asked = [[], *([name] for name in sorted(main.commands)), ["plan", "freeze"]]
    assert len(asked) > 8
    program = (
        "from click.testing import CliRunner; from rmresearch.cli import main\n"
        f"for words in {asked!r}:\n"
        "    done = CliRunner().invoke(main, [*words, '--help'])\n"
        "    if done.exit_code or 'Usage' not in done.output: raise SystemExit(done.output)\n"
        "if 'rmresearch.files' in sys.modules: raise SystemExit('files: twice as much to load')"
    )
    assert loaded(program, tmp_path) == {"click"}


def test_check_loads_no_pictures_and_no_models(tmp_path: Path) -> None:
    pilot = ROOT / "data" / "synthetic" / "pilot"
    program = (
        f"from rmresearch.io.check import check; print(check({str(pilot)!r}).lines())\n"
        "heavy = {'scipy.optimize', 'scipy.stats'} & set(sys.modules)\n"
        "if heavy: raise SystemExit(str(heavy))"
    )
    found = loaded(program, tmp_path)
    assert "pandas" in found
    slow = {"IPython", "formulaic", "jupyterlab", "matplotlib", "nbconvert", "papermill"}
    assert not found & (slow | {"pingouin", "pptx", "seaborn", "statsmodels", "typst"})


def test_what_is_imported_is_asked_for() -> None:
    groups = [PROJECT["dependencies"], PROJECT["optional-dependencies"]["cluster"]]
    asked = {re.split(r"[<>=\[; ]", one)[0].lower() for group in groups for one in group}
    asked.add("pydantic-core")  # pydantic's own half, of exactly the version that it asks for
    given = packages_distributions()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for top in {name.split(".")[0] for name in names} - {"rmresearch"}:
                if top not in sys.stdlib_module_names:
                    found = {one.lower().replace("_", "-") for one in given[top]}
                    assert found & asked, f"{path.name} imports {top}: name it in pyproject.toml"


def test_the_version_is_told() -> None:
    program = [sys.executable, "-m", "rmresearch", "--version"]
    told = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    assert told.strip() == f"rmresearch, version {PROJECT['version']}"


def requirements() -> dict[str, str]:
    """Each requirement of the lock file with the lines that follow it."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    return {entry.split("==")[0].lower(): entry for entry in entries if "==" in entry}


def test_every_line_of_the_lock_is_pinned_by_hash() -> None:
    locked = requirements()
    assert len(locked) > 50
    for name, entry in locked.items():
        assert "--hash=sha256:" in entry, name


def test_the_lock_names_no_index_and_no_path() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links)", text, re.MULTILINE)
    assert "://" not in text


def test_the_lock_covers_what_the_project_asks_for() -> None:
    extras = [one for listed in PROJECT["optional-dependencies"].values() for one in listed]
    locked = requirements()
    for asked in (*PROJECT["dependencies"], *extras):
        name = re.split(r"[<>=\[; ]", asked)[0].lower()
        assert name in locked, f"{asked}: run make lock"
