"""README and docs tell the truth: their commands and examples run, their lists are complete."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

import rmresearch
from rmresearch.cli import main
from rmresearch.io import schema
from rmresearch.plan.reading import Analysis
from rmresearch.study import TABLES
from rmresearch.whatif import examples

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
STUDY_FILE = (ROOT / "docs" / "study-file.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_two_set_up_commands_stand_on_top() -> None:
    lines = [line.split("#")[0].strip() for line in blocks(README, "sh")[0].splitlines()]
    assert lines == ["make report", "make test"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for name in re.findall(r"`?make (\w+)", README):
        assert name in targets


def commands() -> list[str]:
    lines = [line for text in blocks(README, "sh")[1:] for line in text.splitlines()]
    return [line.split("#")[0].strip() for line in lines if line.startswith("rmresearch")]


def test_every_command_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(commands()) >= 6
    shutil.copytree(
        ROOT / "data" / "synthetic" / "pilot", tmp_path / "data" / "synthetic" / "pilot"
    )
    for name, path in examples.examples().items():  # with fewer studies than they ask for
        few = re.sub(r"(?m)^replicates = .*$", "replicates = 12", path.read_text("utf-8"))
        (tmp_path / f"{name}.toml").write_text(few, "utf-8")
    fewer = {path.stem: path for path in tmp_path.glob("*.toml")}
    monkeypatch.setattr(examples, "examples", lambda: fewer)
    monkeypatch.chdir(tmp_path)
    for command in commands():
        done = CliRunner().invoke(main, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output}"


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for text in blocks(README, "python"):
        exec(compile(text, "README.md", "exec"), {})


def test_each_function_of_the_readme_is_public_and_asks_that_question() -> None:
    listed = re.findall(r"^\| `rm\.(\w+)` \| (.*?) \|$", README, re.MULTILINE)
    assert len(listed) >= 8
    for name, question in listed:
        first = (getattr(rmresearch, name).__doc__ or "").strip().splitlines()[0]
        if question.endswith("?"):
            assert first.endswith("?"), name


@pytest.mark.parametrize(
    "part",
    [
        *("StudyHead", "DesignEntry", "WaveEntry", "OutcomeEntry", "TableSource", "PrivacyEntry"),
        *("MatchingEntry", "MatchingRules", "MatchingQuestion", "BrandEntry"),
    ],
)
def test_the_page_on_study_toml_names_every_key(part: str) -> None:
    for key in getattr(schema, part).model_fields:
        assert re.search(rf"`(\[\[\w+\.)?{key}(\.\w+)?(\]\])?`", STUDY_FILE), f"{part}.{key}"


def test_the_page_lists_every_analysis_that_a_plan_may_ask() -> None:
    listed = STUDY_FILE.split("| `analysis` |")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in listed.splitlines() if line.startswith("| `")]
    named = re.findall(r"`(\w+)`", " ".join(cells))
    assert sorted(named) == sorted(get_args(Analysis))


def test_the_page_names_every_column() -> None:
    for table, columns in TABLES.items():
        listed = re.search(rf"{table} `([^`]+)`", STUDY_FILE)
        assert listed is not None
        assert re.split(r",\s+", listed[1]) == list(columns)


def test_sweep_files_are_described_in_full() -> None:
    from rmresearch.whatif.claims import CLAIMS
    from rmresearch.whatif.sweep_file import KEYS

    text = (ROOT / "docs" / "sweep-file.md").read_text("utf-8")
    described = {one.strip("[]") for one in re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE)}
    assert described == {*KEYS, *CLAIMS}


def test_the_page_on_sweep_files_links_every_example_by_its_question() -> None:
    text = (ROOT / "docs" / "sweep-file.md").read_text("utf-8")
    linked = {path: question for question, path in re.findall(r"\[(.+?)\]\((examples/.+?)\)", text)}
    found = sorted((ROOT / "docs" / "examples").glob("*.toml"))
    asked = {f"examples/{path.name}": tomllib.loads(path.read_text())["question"] for path in found}
    assert linked == asked
