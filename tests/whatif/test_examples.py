"""The questions that come with the package: found by name, listed, copied to be changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.errors import StudyError
from rmresearch.whatif import examples
from rmresearch.whatif.sweep_file import read_sweep


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["whatif", *(str(word) for word in words)])
    return done.exit_code, done.stdout, done.stderr


def test_without_a_sweep_all_are_listed_with_their_questions() -> None:
    code, said, _ = run()
    assert code == 0
    for name, path in examples.examples().items():
        question = read_sweep(path).question
        assert any(line.split("  ")[0] == name and question in line for line in said.splitlines())


def test_a_file_comes_before_a_name_and_a_wrong_name_has_its_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("which-lever").mkdir()  # as a first run's folder may be called
    assert examples.sweep_path("which-lever") == examples.examples()["which-lever"]
    Path("how-many-pairs").write_text("mine")
    assert examples.sweep_path("how-many-pairs") == Path("how-many-pairs")
    with pytest.raises(StudyError, match=r"neither a file .* Did you mean 'which-lever'\?"):
        examples.sweep_path("wich-lever")
    with pytest.raises(StudyError, match="Examples are does-optimal-matching-pay, group-or"):
        examples.sweep_path("zzz.toml")


def test_a_copy_asks_the_same_and_says_how_it_is_run(tmp_path: Path) -> None:
    mine = tmp_path / "my question.toml"
    assert run("how-many-pairs", "--copy", mine) == (0, f"{mine}\n", "")
    text, original = mine.read_text("utf-8"), examples.examples()["how-many-pairs"]
    command = f"#   rmresearch whatif '{mine.as_posix()}' --out '{tmp_path.as_posix()}/my question'"
    assert text.splitlines()[1] == command
    assert text.splitlines()[2:] == original.read_text("utf-8").splitlines()[2:]
    mine.write_text("changed")
    code, said, told = run("how-many-pairs", "--copy", mine)
    assert (code, said, mine.read_text()) == (2, "", "changed")
    assert "is there and stays as it is" in told
    assert "ends in .toml" in run("how-many-pairs", "--copy", tmp_path / "question.txt")[2]
    both = run("how-many-pairs", "--copy", tmp_path / "other.toml", "--out", tmp_path / "out")
    assert both[0] == 2
    assert "--out FOLDER to run it, or --copy FILE.toml" in both[2]
    assert not (tmp_path / "other.toml").exists()


def test_what_is_missing_on_the_command_line_is_said(tmp_path: Path) -> None:
    for words, said in (
        (["--out", tmp_path / "out"], "name a sweep file or an example"),
        (["how-many-pairs"], "say where to: --out FOLDER"),
        (["no-such", "--out", tmp_path / "out"], "neither a file nor the name of an example"),
    ):
        code, _, told = run(*words)
        assert code == 2
        assert said in told
    assert not (tmp_path / "out").exists()


def test_an_installed_package_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "rmresearch" / "_examples"
    inside.mkdir(parents=True)
    (inside / "only.toml").write_text('question = "Why?"')
    module = tmp_path / "rmresearch" / "whatif" / "examples.py"
    monkeypatch.setattr(examples, "__file__", str(module))
    assert examples.examples() == {"only": inside / "only.toml"}
    assert examples.listed().startswith("only  Why?\n")
