"""What the project says about itself: how it is cited, what changed, how it is changed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import rmresearch
from rmresearch.cli import main

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = (ROOT / "CITATION.cff").read_text("utf-8")
CHANGES = (ROOT / "CHANGELOG.md").read_text("utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
FOLDERS = ("data", "docs", "notebooks", "src", "tests")


def cited(key: str) -> str:
    """The value of a key of CITATION.cff that stands on one line."""
    found = re.findall(rf"(?m)^{key}: (.+)$", CITATION)
    assert len(found) == 1, key
    return str(found[0])


def test_the_citation_is_of_this_version() -> None:
    assert cited("cff-version") == "1.2.0"
    assert cited("type") == "software"
    assert cited("title") == PROJECT["name"]
    assert cited("version") == PROJECT["version"] == rmresearch.__version__
    assert cited("license") == PROJECT["license"]
    assert cited("message")
    assert (
        " ".join(CITATION.split("abstract: >-")[1].split("authors:")[0].split())
        == (PROJECT["description"])
    )
    named = re.findall(r"(?m)^  - name: (.+)$", CITATION.split("authors:")[1])
    holders = re.findall(r"(?m)^Copyright \(c\) \d{4} (.+)$", (ROOT / "LICENSE").read_text("utf-8"))
    assert named == holders == [one["name"] for one in PROJECT["authors"]]
    assert re.findall(r"(?m)^  - (.+)$", CITATION.split("keywords:")[1]) == PROJECT["keywords"]


def test_the_licence_is_mits() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith(f"{PROJECT['license']} License\n")
    assert "without restriction" in text
    assert "WITHOUT WARRANTY OF ANY KIND" in " ".join(text.split())


def test_the_changelog_keeps_its_form() -> None:
    versions = re.findall(r"(?m)^## (.+)$", CHANGES)
    assert versions[0] == "[Unreleased]"
    for one in versions[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", one), one
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"(?m)^### (.+)$", CHANGES)) <= kinds
    assert PROJECT["version"] in CHANGES, "the version of pyproject.toml has no part here"


@pytest.mark.parametrize("text", [CHANGES, GUIDE], ids=["changes", "guide"])
def test_what_is_named_is_there(text: str) -> None:
    targets = re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"))
    for name in re.findall(r"(?m)(?:`|^)make\s+([a-z][\w-]*)", text):
        assert name in targets, f"make {name}"
    for name in re.findall(r"`rmresearch\s+([a-z]+)", text):
        assert name in main.commands, f"rmresearch {name}"
    for name in re.findall(r"`rm\.(\w+)", text):
        assert name in rmresearch.__all__, f"rm.{name}"
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / link).is_file(), link


def test_every_path_of_the_guide_leads_somewhere() -> None:
    named = re.findall(r"`([\w./-]+(?:/|\.(?:py|toml|md|css|typ|ipynb|lock)))`", GUIDE)
    there = [path.as_posix() for one in FOLDERS for path in (ROOT / one, *(ROOT / one).rglob("*"))]
    there += [path.as_posix() for path in ROOT.iterdir()]
    assert len(named) > 40
    for name in named:
        if "NAME" in name or "LANGUAGE" in name or name.startswith("."):
            continue
        assert any(path.endswith("/" + name.rstrip("/")) for path in there), name


def test_every_name_of_the_guide_stands_in_the_code() -> None:
    code = "\n".join(
        path.read_text("utf-8")
        for folder in ("src", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".typ", ".R") and path != Path(__file__)
    )
    for name in set(re.findall(r"`([A-Z_]{3,}|[A-Z]\w+|by_r|catalogue|footing|inferred)`", GUIDE)):
        assert re.search(rf"\b{name}\b", code), name
