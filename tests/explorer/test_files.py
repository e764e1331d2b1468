"""The button that writes the scenario: read back the same, and never over something unasked."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

import rmresearch as rm
from rmresearch.explorer import files
from rmresearch.explorer.files import Writer
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario


def writer(path: Path, scenario: Scenario | None = None) -> Writer:
    made = Writer(lambda: scenario or Scenario(pairs=60))
    made.name.value = str(path)
    return made


def said(made: Writer) -> str:
    return html.unescape(made.said.value.split(">", 1)[1].removesuffix("</span>"))


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_written_is_read_back_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    made = writer(path, PRESETS[name].scenario)
    made.button.click()
    assert rm.read_scenario(path) == PRESETS[name].scenario
    assert said(made) == f"Written: {path}"


def test_the_name_alone_is_a_file_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = Writer(Scenario)
    made.button.click()
    assert said(made) == f"Written: {tmp_path / 'scenario.toml'}"
    assert rm.read_scenario(tmp_path / "scenario.toml") == Scenario()


def test_a_file_that_is_there_is_replaced_only_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("my own work")
    made = writer(path)
    made.button.click()
    assert path.read_text() == "my own work"
    assert said(made).startswith(f"{path} is there already. Press Replace")
    assert made.button.description == "Replace"
    made.button.click()
    assert rm.read_scenario(path).pairs == 60
    assert said(made) == f"Replaced: {path}"
    assert made.button.description == "Write scenario file"


def test_another_name_takes_the_question_back(tmp_path: Path) -> None:
    for name in ("one.toml", "other.toml"):
        (tmp_path / name).write_text(name)
    made = writer(tmp_path / "one.toml")
    made.button.click()
    made.name.value = str(tmp_path / "other.toml")
    assert made.button.description == "Write scenario file"
    made.button.click()
    assert (tmp_path / "other.toml").read_text() == "other.toml"


def test_what_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = writer(tmp_path / "mine.txt")
    made.button.click()
    assert said(made) == "The name of a scenario file ends in .toml."
    made = writer(tmp_path / "no" / "mine.toml")
    made.button.click()
    assert said(made) == f"{tmp_path / 'no'} is no folder. Make it first, or give another name."
    assert not list(tmp_path.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_scenario", full)
    made = writer(tmp_path / "<b>.toml")
    made.button.click()
    assert said(made).endswith("<b>.toml could not be written (No space left on device). "
                               "Give another name.")  # fmt: skip
    assert "<b>" not in made.said.value
    monkeypatch.undo()
    # no path at all; too long; long enough that what is written first, beside it, is too long
    for name, reason in (
        ("a\0.toml", "embedded null byte"),
        ("x" * 300 + ".toml", "File name too long"),
        ("x" * 245 + ".toml", "File name too long"),
    ):
        made = writer(tmp_path / name)
        made.button.click()
        assert said(made).endswith(f".toml could not be written ({reason}). Give another name.")
    assert not list(tmp_path.iterdir())
    made.enable(False)
    assert made.button.disabled
