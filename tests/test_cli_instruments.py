"""`rmresearch instruments`: lists, shows, declares."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.instruments import instrument, listed, shown

PILOT = Path(__file__).resolve().parents[1] / "data" / "synthetic" / "pilot"


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["instruments", *(str(word) for word in words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def study(tmp_path: Path) -> Path:
    shutil.copy(PILOT / "study.toml", tmp_path)
    return tmp_path


def test_without_a_name_all_are_listed() -> None:
    assert run() == (0, listed() + "\n", "")


def test_with_a_name_it_is_shown() -> None:
    assert run("uwes-9") == (0, shown(instrument("uwes-9")) + "\n", "")
    code, out, _ = run("mfq-9", "--range", "1,7", "--key", "got")
    assert code == 0
    assert 'name = "got_career"' in out
    assert "range = [1, 7]" in out


def test_into_a_study(study: Path) -> None:
    columns = "T1, T2,T3,T4,T5,T6"
    code, out, _ = run(
        "turnover-intention-6", "--into", study, "--key", "tis", "--columns", columns
    )
    assert code == 0
    assert "added tis" in out
    assert "items: T1, T2, T3, T4, T5, T6" in out
    assert 'reverse = ["T2", "T6"]' in (study / "study.toml").read_text("utf-8")


def test_what_is_there_exits_with_2(study: Path) -> None:
    before = (study / "study.toml").read_bytes()
    code, _, err = run("recommend", "--into", study)
    assert code == 2
    assert "has an outcome recommend already" in err
    assert (study / "study.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["uwes"], "Did you mean uwes-9?"),
        (["--key", "x"], "name an instrument"),
        (["uwes-9", "--columns", "a,b"], "2 columns for 9 items"),
        (["uwes-9", "--range", "1"], "give two whole numbers"),
        (["uwes-9", "--range", "1,5,7"], "give two whole numbers"),
        (["uwes-9", "--range", "low,high"], "give two whole numbers"),
        (["uwes-9", "--into", "no-such-study"], "does not exist"),
    ],
)
def test_wrong_words_exit_with_2(words: list[str], says: str) -> None:
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert says in err
