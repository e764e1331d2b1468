"""The command line as a newcomer meets it: help, plain refusals, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.files import sha256

PILOT = Path(__file__).resolve().parents[1] / "data" / "synthetic" / "pilot"


def run(*words: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A copy of the example pilot that a test may spoil."""
    folder = tmp_path / "study"
    shutil.copytree(PILOT, folder)
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha256(p) for p in folder.rglob("*") if p.is_file()}


def test_help_names_every_command() -> None:
    code, out, _ = run("--help")
    assert code == 0
    listed = {
        line.split()[0] for line in out.partition("Commands:")[2].splitlines() if line.strip()
    }
    assert listed >= {"calibrate", "check", "instruments", "lab", "match", "new", "plan", "report",
                      "simulate", "verify", "whatif"}  # fmt: skip


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from rmresearch.cli import main; "
        "CliRunner().invoke(main, ['--help']); "
        "print([m for m in ('numpy', 'pandas', 'papermill', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


def test_check_of_a_clean_study(study: Path) -> None:
    before = hashes(study)
    code, out, _ = run("check", study)
    assert code == 0
    assert "No problems" in out
    assert "What this study can show" in out
    assert hashes(study) == before, "check writes nothing"


def test_check_names_a_problem_and_exits_with_2(study: Path) -> None:
    toml = study / "study.toml"
    toml.write_text(toml.read_text("utf-8").replace("[design]", "[desing]", 1), encoding="utf-8")
    before = hashes(study)
    code, out, _ = run("check", study)
    assert code == 2
    assert "desing" in out
    assert "design" in out
    assert hashes(study) == before


def test_check_names_what_is_wrong_with_the_plan(study: Path) -> None:
    text = (study / "plan.toml").read_text("utf-8")
    (study / "plan.toml").write_text(text.replace('"digital_skill"', '"digital_skil"', 1), "utf-8")
    code, out, _ = run("check", study)
    assert code == 2
    assert "digital_skil" in out
    assert "digital_skill" in out, "the nearest known name"


def test_check_as_json(study: Path) -> None:
    code, out, _ = run("check", study, "--json")
    assert code == 0
    assert json.loads(out)["problems"] == []


def test_plan_is_frozen_shown_and_told_apart_when_changed(study: Path) -> None:
    (study / "plan.lock.json").unlink(missing_ok=True)
    code, out, _ = run("plan", "show", study)
    assert code == 0
    assert "No plan was frozen" in out
    code, out, _ = run("plan", "freeze", study)
    assert code == 0
    assert "version 1" in out
    assert "were already there" in out, "the example holds follow-up answers"
    text = (study / "plan.toml").read_text("utf-8")
    (study / "plan.toml").write_text(text.replace('wave = "month6"', 'wave = "month3"', 1))
    code, out, _ = run("plan", "show", study)
    assert code == 0
    assert "month3" in out
    assert "Deviations" in out


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    code, _, err = run("report", tmp_path / "nowhere")
    assert code == 2
    assert "does not exist" in err


def test_report_into_somebody_elses_folder_is_a_usage_error(study: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("precious")
    code, _, err = run("report", study, "--out", tmp_path / "mine")
    assert code == 2
    assert "did not make" in err


def test_verify_without_a_manifest(tmp_path: Path) -> None:
    code, _, err = run("verify", tmp_path)
    assert code == 1
    assert "no manifest.json" in err


def test_simulate_writes_a_study_that_checks_clean(tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    code, path, _ = run("simulate", "no-effect", "--out", out, "--seed", 0, "--pairs", 24)
    assert code == 0
    assert Path(path.strip()) == out
    assert (tmp_path / "drawn.truth" / "truth.json").is_file()
    code, text, _ = run("check", out)
    assert code == 0, text


def test_simulate_says_the_seed_it_drew(tmp_path: Path) -> None:
    code, _, err = run("simulate", "--out", tmp_path / "drawn", "--pairs", 12)
    assert code == 0
    assert "--seed" in err


def test_simulate_needs_a_place_and_a_known_scenario(tmp_path: Path) -> None:
    assert run("simulate")[0] == 2
    code, _, err = run("simulate", "no-efect", "--out", tmp_path / "x")
    assert code == 2
    assert "no-effect" in err


def test_explain_prints_each_coefficient_with_its_source() -> None:
    code, out, _ = run("simulate", "--explain")
    assert code == 0
    assert "[A]" in out
    assert "retest" in out
    assert max(map(len, out.splitlines())) <= 100
    code, out, _ = run("simulate", "rct", "--pairs", 30, "--explain")
    assert code == 0
    assert "* pairs = 30 (default 48)" in out
    assert "* comparison = control (default waitlist)" in out
    assert run("simulate", "nobody", "--explain")[0] == 2


def test_ctrl_c_is_a_sentence_and_the_exit_code_that_shells_expect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rmresearch.report.checked.check", stopped)
    code, out, err = run("check", PILOT)
    assert (code, out) == (130, "")
    assert "Stopped. The same command can be run again" in err


def test_asked_to_end_is_the_same_sentence_and_later_signals_are_the_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ended(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        raise KeyboardInterrupt  # where nothing was raised

    monkeypatch.setattr("rmresearch.report.checked.check", ended)
    code, _, err = run("check", PILOT)
    assert code == 143
    assert "Stopped. The same command can be run again" in err
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    heard: list[int] = []  # somebody else's handler is left in its place
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        assert run("check", PILOT)[0] == 130
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert heard == [signal.SIGTERM]
