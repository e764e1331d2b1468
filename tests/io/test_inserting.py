"""An instrument put into study.toml: everything else stays, and what does not fit is refused."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from rmresearch.errors import ReportError, StudyError
from rmresearch.instruments import Instrument, instrument, instruments, names_of
from rmresearch.io.contract.declared import declaration_problems
from rmresearch.io.inserting import insert
from rmresearch.io.toml import read_toml

PILOT = Path(__file__).resolve().parents[2] / "data" / "synthetic" / "pilot" / "study.toml"
SAFETY = instrument("psychological-safety")


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """A copy of the example pilot's study.toml."""
    path = tmp_path / "study.toml"
    path.write_bytes(PILOT.read_bytes())
    return path


@pytest.mark.parametrize("one", instruments(), ids=lambda one: one.name)
def test_the_study_stays_readable_and_the_rest_as_it_was(toml: Path, one: Instrument) -> None:
    before = toml.read_bytes()
    done = insert(toml, one, "added", bounds=one.bounds or (1, 5))
    after = toml.read_bytes()
    assert after.startswith(before), "byte for byte, comments and all"
    file, _, problems = read_toml(toml)
    assert problems == []
    assert file is not None
    assert list(declaration_problems(file, "study.toml")) == []
    assert done.outcomes == names_of(one, "added")
    added = file.outcomes[-len(done.outcomes) :]
    assert tuple(outcome.name for outcome in added) == done.outcomes
    assert set(done.items) == {item for outcome in added for item in outcome.items}
    assert len(done.items) == one.items
    if one.after_start:
        assert file.outcomes[-1].waves == ["month3", "month6"]


def test_a_folder_is_a_study_too(toml: Path) -> None:
    assert insert(toml.parent, SAFETY).path == toml.resolve()
    assert b"psychological_safety" in toml.read_bytes()


@pytest.mark.parametrize("tail", [b"", b"\n", b"\n\n# the end, without a line end"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark_are_kept(
    toml: Path, mark: bytes, end: bytes, tail: bytes
) -> None:
    before = mark + (PILOT.read_bytes().rstrip(b"\n") + tail).replace(b"\n", end)
    toml.write_bytes(before)
    insert(toml, SAFETY)
    after = toml.read_bytes()
    assert after.startswith(before)
    added = after.removeprefix(before)
    assert added.startswith(end)
    assert added.count(b"\n") == added.count(end), "one kind of line end"
    assert read_toml(toml)[2] == []


def test_rights_are_kept_and_a_link_stays_one(toml: Path, tmp_path: Path) -> None:
    toml.chmod(0o600)
    link = tmp_path / "linked.toml"
    link.symlink_to(toml)
    insert(link, SAFETY)
    assert link.is_symlink()
    assert stat.S_IMODE(toml.stat().st_mode) == 0o600
    assert b"psychological_safety" in toml.read_bytes()


def test_the_first_outcome_of_a_study_that_has_none(toml: Path) -> None:
    toml.write_text('[study]\nname = "new"\n', "utf-8")
    insert(toml, SAFETY)
    content = tomllib.loads(toml.read_text("utf-8"))
    assert content["study"] == {"name": "new"}
    assert [one["name"] for one in content["outcomes"]] == ["psychological_safety"]


def refused(toml: Path, words: str, **options: object) -> None:
    before = toml.read_bytes()
    with pytest.raises(StudyError, match=words):
        insert(toml, SAFETY, **options)  # type: ignore[arg-type]
    assert toml.read_bytes() == before
    assert list(toml.parent.iterdir()) == [toml], "nothing is left beside it"


def test_a_name_that_is_there_is_refused(toml: Path) -> None:
    refused(toml, "has an outcome digital_skill already. Give another name", key="digital_skill")
    insert(toml, SAFETY)
    refused(toml, "has an outcome psychological_safety already")


def test_an_item_coded_otherwise_elsewhere_is_refused(toml: Path) -> None:
    columns = ["D1", "P2", "P3", "P4", "P5", "P6", "P7"]  # D1 is one of digital_skill, 1 to 5
    refused(toml, "code item 'D1' differently", columns=columns)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[study\n", "study.toml is not TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'outcomes = "none"\n', "outcomes is no list"),
        (b'outcomes = [{ name = "a" }]\n', r"as \[\[outcomes\]\] tables"),
        (b"outcomes = []\n", r"as \[\[outcomes\]\] tables"),
    ],
)
def test_a_file_that_cannot_take_it_is_left_alone(toml: Path, content: bytes, words: str) -> None:
    toml.write_bytes(content)
    refused(toml, words)


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be opened"):
        insert(tmp_path, SAFETY)


def test_a_study_with_another_mistake_takes_it(toml: Path) -> None:
    text = toml.read_text("utf-8").replace("[design]", "[desing]", 1)
    toml.write_text(text, "utf-8")
    insert(toml, SAFETY)
    assert toml.read_text("utf-8").startswith(text)


def test_a_folder_that_may_not_be_written_is_said(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = toml.read_bytes()

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rmresearch.files.atomic.os.open", full)
    with pytest.raises(ReportError, match="the disk is full"):
        insert(toml, SAFETY)
    assert toml.read_bytes() == before
