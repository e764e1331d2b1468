"""Scenario files: read back without loss, and every mistake named at once with its remedy."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import rmresearch as rm
from rmresearch.cli import main
from rmresearch.world.fields import coefficients
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import PRESETS, preset
from rmresearch.world.scenario import Scenario
from rmresearch.world.scenario_file import SECTIONS, scenario_of, scenario_text

#: differs from every preset in a number, a choice, a flag, a list and a date
OTHER = Scenario(
    pairs=61,
    comparison="pool",
    nature=Nature(fade=1 / 3, response=1.0, self_inflation=-0.25),
    levers=Levers(cadence=4, other_department=False),
    design=Setting(waves=(0, 4, 8, 12), start=dt.date(2026, 1, 5)),
)


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize(
    "scenario", [*(one.scenario for one in PRESETS.values()), OTHER], ids=[*PRESETS, "other"]
)
def test_a_scenario_comes_back_as_it_was(
    scenario: Scenario, everything: bool, tmp_path: Path
) -> None:
    path = rm.write_scenario(scenario, tmp_path / "one.toml", everything=everything)
    assert rm.read_scenario(path) == scenario


def test_a_file_says_what_differs_and_what_it_is() -> None:
    assert scenario_text(OTHER, head="Ours.\n\nNobody else's.") == (
        "# Ours.\n#\n# Nobody else's.\n\n"
        'preset = "default"\n'
        "pairs = 61  # pairs over all arms; pairs\n"
        'comparison = "pool"  # whom the programme is compared with; choice\n'
        "\n[nature]\n"
        "fade = 0.3333333333333333  # what is lost after the meetings stop; share a month\n"
        "self_inflation = -0.25  # what programme people rate themselves above their true score; "
        "SD of the score among the eligible\n"
        "response = 1.0  # survey response after it, for somebody who gained nothing; share\n"
        "\n[levers]\n"
        "other_department = false  # pairs reach across departments; yes or no\n"
        "cadence = 4  # meetings planned; a month\n"
        "\n[design]\n"
        "waves = [0, 4, 8, 12]  # when people are asked; months after the start\n"
        "start = 2026-01-05  # first day of the programme; date\n"
    )


def test_everything_is_every_coefficient() -> None:
    text = scenario_text(preset("default"), everything=True)
    written = [line.split(" = ")[0] for line in text.splitlines() if " = " in line]
    blocks = [preset("default"), *(getattr(preset("default"), name) for name in SECTIONS)]
    assert written == ["preset", *(one.name for block in blocks for one in coefficients("", block))]
    assert scenario_text(preset("default")) == 'preset = "default"\n'


def test_the_nearest_preset_is_the_base() -> None:
    text = scenario_text(dataclasses.replace(preset("no-effect"), pairs=60))
    assert text.splitlines()[0] == 'preset = "no-effect"'
    assert len(text.splitlines()) == 2


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    one = Scenario(pairs=np.int64(60), nature=Nature(fade=np.float64(0.25)))  # type: ignore[arg-type]
    assert scenario_of(scenario_text(one)) == one


def test_what_the_file_leaves_out_is_the_presets() -> None:
    read = scenario_of('preset = "no-effect"\r\n[nature]\r\nresponse = 1\r\n')
    expected = dataclasses.replace(preset("no-effect").nature, response=1.0)
    assert read == dataclasses.replace(preset("no-effect"), nature=expected)
    assert type(read.nature.response) is float
    assert scenario_of("") == preset("default")


def refusal(text: str) -> list[str]:
    with pytest.raises(rm.StudyError) as caught:
        scenario_of(text, name="ours.toml")
    lines = str(caught.value).splitlines()
    assert [str(problem) for problem in caught.value.problems] == lines
    assert all(line.startswith("ours.toml") for line in lines)
    return lines


def test_every_mistake_is_named_at_once() -> None:
    lines = refusal(
        'preset = "defualt"\npiars = 3\nfade = 0.2\nzzz = 1\n'
        "[nature]\nfade = 2\nitem_skip = -1\nresponsee = 0.3\ncadence = 2\n"
        "[levres]\n[design]\nwaves = [0, 3, 3]\nstart = 2025-01-01T10:00:00\n"
    )
    expected = [
        "preset is 'defualt'; legal: default, no-effect",
        "piars is not a known key. Did you mean 'pairs' at the top of the file?",
        "fade is not a known key. It belongs in [nature].",
        "zzz is not a known key. `rmresearch simulate --explain` lists every key.",
        "levres is not a known key. Did you mean [levers]?",
        "nature.responsee is not a known key. Did you mean 'response' in [nature]?",
        "nature.cadence is not a known key. It belongs in [levers].",
        "nature.fade is 2.0; legal: 0.0 to 1.0.",
        "nature.item_skip is -1.0; legal: 0.0 to 0.5.",
        "design.start is datetime.datetime(2025, 1, 1, 10, 0); legal: 2000-01-01 to 2100-01-01.",
    ]
    for part in expected:
        assert any(part in line for line in lines), part
    # the waves are each in range: that they do not rise is only seen where nothing else is wrong
    assert len(lines) in {len(expected), len(expected) + 1}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("pairs = \n", "row 1: is not TOML"),
        ('[nature]\nfade = 0.2\nname = "open\n', "row 3: is not TOML"),
        ("pairs = 3\npairs = 4\n", "is not TOML"),
        ("nature = 3\n", "nature is 3. Write a section [nature]"),
        ("[pairs]\nx = 1\n", "pairs is {'x': 1}; legal: a whole number"),
        ("preset = 3\n", "preset is 3; legal: default, no-effect"),
        ('preset = "RCT"\n', "Did you mean 'rct'?"),
        (f"pairs = 1{'0' * 400}\n", "is not TOML: Whole number of more than 64 bits."),
        (f"[nature]\nfade = 0x{'f' * 5000}\n", "is not TOML: Whole number of more than 64 bits."),
        (f"pairs = {'9' * 5000}\n", "is not TOML: Whole number of more than 64 bits."),
        (f"pairs = {'[' * 5000}\n", "is not TOML: Brackets or dots nested too deeply."),
        ("[levers]\ncadence = 2.5\n", "levers.cadence is 2.5; legal: a whole number 1 to 8"),
        ('[levers]\ntraining = "full"\n', "levers.training is 'full'; legal: 0.0 to 1.0"),
        ("[levers]\nother_department = 1\n", "levers.other_department is 1; legal: true or false"),
        ("[design]\nwaves = [0, 3, 3]\n", "design.waves is (0, 3, 3); legal: 0 first"),
        ("[design]\nwaves = 3\n", "design.waves is 3; legal: whole numbers 0 to 24"),
        ('[design]\nstart = "2026-01-01"\n', "design.start is '2026-01-01'; legal: 2000"),
        ("[nature]\nstate_share = 0.7\npair_share = 0.3\n", "department_share is 1.04; legal"),
        ("pairs = 1\n", "pairs is 1 with design.programme_share 0.5, which leaves an arm empty"),
        ('comparison = "placebo"\n', "comparison is 'placebo'; legal: waitlist"),
    ],
)
def test_impossible_values_are_refused(text: str, named: str) -> None:
    lines = refusal(text)
    assert len(lines) == 1
    assert named in lines[0]


def test_a_value_that_only_contradicts_another_is_no_mistake_of_its_own() -> None:
    """A state share of .7 does not fit the default's .12 and .04, but it fits .1 and .04."""
    shares = "[nature]\nstate_share = 0.83\npair_share = 0.05\ndepartment_share = 0.02\n"
    assert "state_share is 0.83; legal: 0.0 to 0.8" in refusal(shares)[0]
    fits = "[nature]\nstate_share = 0.79\npair_share = 0.1\nfade = 7\n"
    assert len(refusal(fits)) == 1
    assert scenario_of(fits.replace("fade = 7", "")).nature.state_share == 0.79


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(rm.StudyError, match=r"gone\.toml: cannot be opened \(No such file"):
        rm.read_scenario(tmp_path / "gone.toml")
    with pytest.raises(rm.StudyError, match=r"^\.: cannot be opened"):
        rm.read_scenario(".")
    (tmp_path / "latin.toml").write_bytes("# Zürich\n".encode("cp1252"))
    with pytest.raises(rm.StudyError, match=r"latin\.toml: is not UTF-8 text"):
        rm.read_scenario(tmp_path / "latin.toml")
    (tmp_path / "marked.toml").write_bytes("﻿pairs = 5\n".encode())
    assert rm.read_scenario(tmp_path / "marked.toml").pairs == 5


def test_simulate_names_every_preset() -> None:
    told = " ".join(CliRunner().invoke(main, ["simulate", "--help"]).stdout.split())
    assert f"a preset ({', '.join(PRESETS)})" in told


def test_simulate_takes_a_scenario_file(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text("pairs = 9\n[levers]\ncadence = 5\n", encoding="utf-8")

    def simulate(*words: Any) -> Any:
        told = [str(word) for word in ("simulate", path, "--seed", 3, *words)]
        return CliRunner().invoke(main, told)

    assert simulate("--out", tmp_path / "a").exit_code == 0
    assert simulate("--out", tmp_path / "b", "--pairs", 12).exit_code == 0
    for name, pairs in (("a", 9), ("b", 12)):
        truth = json.loads((tmp_path / f"{name}.truth" / "truth.json").read_text("utf-8"))
        assert truth["scenario"]["pairs"] == pairs
        assert truth["scenario"]["levers"]["cadence"] == 5
        assert rm.read_study(tmp_path / name).pairs.shape[0] == pairs
    path.write_text("[levers]\ncadense = 5\n", encoding="utf-8")
    wrong = simulate("--out", tmp_path / "c")
    assert wrong.exit_code == 2
    assert "Did you mean 'cadence' in [levers]?" in wrong.stderr
    assert not (tmp_path / "c").exists()
