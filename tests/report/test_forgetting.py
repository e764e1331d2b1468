"""A study is forgotten: exactly what is said goes, and nobody can read what is left."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.io.pilot_files import TOML, Pilot, fingerprint

import rmresearch as rm
from rmresearch.cli import main
from rmresearch.errors import PrivacyError, ReportError, StudyError
from rmresearch.files import MANIFEST, lock
from rmresearch.io.applications import read_applications
from rmresearch.privacy import Ledger, Pseudonyms, release
from rmresearch.privacy.tombstone import STONE, bury, tombstone
from rmresearch.report import forgetting
from rmresearch.report.build import build
from rmresearch.report.forgetting import forget, look
from rmresearch.report.proposals.workbook import workbook
from rmresearch.report.sealing import Part, seal

TABLES = ("participants", "pairs", "measures", "meetings", "records")
ANSWERS = {f"data/{name}.csv" for name in TABLES}
SECRETS = {".rmresearch/key", ".rmresearch/twelve-pairs.ledger.json"}
INTERNAL = "reports/evaluation/internal"
REPORT = {f"{INTERNAL}/report.html", f"{INTERNAL}/results.json", f"{INTERNAL}/{MANIFEST}"}
#: what forgetting leaves behind of its own
STONES = {".rmresearch/forgotten", ".rmresearch/.gitignore"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with key, ledger and the three folders of a report."""
    home = Pilot().write(tmp_path_factory.mktemp("made") / "pilot")
    (home / "plan.toml").write_text("", "utf-8")
    study = rm.read_study(home)
    out = release({"skill": rm.wave_means(study, "skill")}, study)
    Ledger.read(home, study.design).record(out.published)
    sealed(home / "reports" / "evaluation")
    return home


@pytest.fixture
def pilot(made: Path, tmp_path: Path) -> Path:
    """A copy of that study."""
    return Path(shutil.copytree(made, tmp_path / "pilot"))


def sealed(out: Path) -> None:
    """Folders as a report leaves them, by the function that makes a report's."""
    out.mkdir(parents=True, exist_ok=True)
    contents = {
        "internal": {"report.html": b"<p>all</p>", "results.json": b"{}"},
        "leadership": {"released.json": b"{}"},
        "pulse": {"pulse.html": b"<p>few</p>"},
    }
    names = {"internal": "technical", "leadership": "leadership", "pulse": "pulse"}
    parts = [
        Part(folder, files, {}, {"audience": names[folder]}) for folder, files in contents.items()
    ]
    seal(out, parts, dt.datetime(2026, 3, 1, tzinfo=dt.UTC))


def gone(before: dict[str, str], home: Path) -> set[str]:
    """Which files are there no more; of those that are left none has changed."""
    after = fingerprint(home)
    kept = {name: digest for name, digest in after.items() if name not in STONES}
    assert kept.items() <= before.items()
    return {name for name in before.keys() - after.keys() if before[name] != "folder"}


def test_looking_changes_nothing_and_names_everything(pilot: Path) -> None:
    before = fingerprint(pilot)
    seen = look(pilot)
    assert fingerprint(pilot) == before
    assert {path.relative_to(pilot).as_posix() for path in seen.paths} == (
        ANSWERS | SECRETS | REPORT
    )
    assert not seen.left
    kept = [path.relative_to(pilot).as_posix() for path in seen.kept]
    assert kept == [
        *("study.toml", "plan.toml"),
        *("reports/evaluation/leadership", "reports/evaluation/pulse"),
    ]


def test_exactly_that_is_deleted_and_the_tombstone_tells_of_nobody(pilot: Path) -> None:
    before = fingerprint(pilot)
    forget(pilot)
    assert gone(before, pilot) == ANSWERS | SECRETS | REPORT
    assert not (pilot / INTERNAL).exists()
    stone = json.loads((pilot / ".rmresearch" / STONE).read_text("utf-8"))
    today = dt.date.today().isoformat()
    assert stone == {"begun": today, "finished": today}
    assert not list(pilot.rglob("*lock"))


def test_a_forgotten_study_is_read_by_nobody(pilot: Path, tmp_path: Path) -> None:
    data = tmp_path / "restored"
    shutil.copytree(pilot / "data", data)
    forget(pilot)
    shutil.copytree(data, pilot / "data", dirs_exist_ok=True)  # answers put back, the key is not
    before = fingerprint(pilot)
    assert any("was forgotten on" in problem.found for problem in rm.check(pilot).problems)
    tries: list[Callable[[], object]] = [
        lambda: rm.read_study(pilot),
        lambda: rm.read_study(pilot / "study.toml", data=data),
        lambda: read_applications(pilot),
        lambda: build(pilot, tmp_path / "out"),
        lambda: Pseudonyms.of(pilot, "twelve-pairs", synthetic=False),
        lambda: Ledger.of(pilot, "twelve-pairs", synthetic=False),
    ]
    for one in tries:
        with pytest.raises(StudyError, match=r"forgotten on .* Start a new study in a folder"):
            one()
    assert fingerprint(pilot) == before
    assert not (tmp_path / "out").exists()


def test_a_report_in_work_finds_key_and_ledger_gone(pilot: Path) -> None:
    study = rm.read_study(pilot)
    made = release({"skill": rm.wave_means(study, "skill")}, study)
    forget(pilot)
    with pytest.raises((StudyError, PrivacyError)):
        Ledger.read(pilot, study.design).record(made.published)
    assert not list((pilot / ".rmresearch").glob("*.json"))


def test_nothing_outside_of_the_data_folder_is_touched(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("linked.csv", "above.csv"):
        (outside / name).write_text("person\nA", "utf-8")
    pilot = Pilot().replace('file = "records.csv"', 'file = ["linked.csv", "../above.csv"]')
    home = pilot.write(tmp_path / "pilot")
    (home / "above.csv").write_text("person\nA", "utf-8")
    (home / "data" / "linked.csv").symlink_to(outside / "linked.csv")
    (home / "reports").symlink_to(outside, target_is_directory=True)
    sealed(outside / "evaluation")
    before = fingerprint(outside)
    seen = forget(home)
    assert fingerprint(outside) == before
    assert (home / "above.csv").is_file()
    assert (home / "data" / "linked.csv").is_symlink()
    why = {path.name: reason for path, reason in seen.left}
    assert why == {
        "linked.csv": "is a link that leads out of the data folder",
        "above.csv": "leads out of the data folder",
        "records.csv": "study.toml does not name it",
    }


def test_a_link_inside_goes_with_what_it_leads_to(tmp_path: Path) -> None:
    home = Pilot().write(tmp_path / "pilot")
    there = home / "data" / "records.csv"
    there.rename(home / "data" / "first.csv")
    there.symlink_to("first.csv")
    forget(home)
    assert not list((home / "data").iterdir())


def test_data_elsewhere_are_deleted_where_they_are_and_only_those_named(
    pilot: Path, tmp_path: Path
) -> None:
    data = tmp_path / "elsewhere"
    (pilot / "data").rename(data)
    (data / "old-export.csv").write_text("person\nA", "utf-8")
    assert not dict(look(pilot).deleted).get(forgetting.ANSWERS)
    seen = forget(pilot, data)
    assert [path.name for path in data.iterdir()] == ["old-export.csv"]
    assert seen.left == ((data / "old-export.csv", "study.toml does not name it"),)
    with pytest.raises(StudyError, match="is not a folder"):
        look(pilot, tmp_path / "nowhere")


def test_what_a_person_worked_on_in_an_internal_report_is_left_and_named(pilot: Path) -> None:
    folder = pilot / INTERNAL
    (folder / "notes.txt").write_text("mine", "utf-8")
    (folder / "report.html").write_text("mine too", "utf-8")
    seen = forget(pilot)
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "report.html"]
    assert {path.name for path, _ in seen.left} == {"notes.txt", "report.html"}


def test_a_manifest_that_was_changed_deletes_nothing(pilot: Path) -> None:
    manifest = pilot / INTERNAL / MANIFEST
    manifest.write_text(manifest.read_text("utf-8").replace("report.html", "../x"), "utf-8")
    seen = forget(pilot)
    assert sorted(path.name for path in (pilot / INTERNAL).iterdir()) == [
        *(MANIFEST, "report.html", "results.json")
    ]
    assert seen.left == ((pilot / INTERNAL, f"its {MANIFEST} was changed or damaged"),)


def test_proposals_go_but_not_those_somebody_worked_in(pilot: Path) -> None:
    book = workbook([], "Pairs")
    (pilot / "proposals.xlsx").write_bytes(book)
    (pilot / "other.xlsx").write_bytes(b"PK")
    assert dict(look(pilot).deleted)[forgetting.PROPOSALS] == (pilot / "proposals.xlsx",)
    forget(pilot)
    assert not (pilot / "proposals.xlsx").exists()
    assert (pilot / "other.xlsx").exists()


def test_remains_of_killed_runs_go_and_what_they_moved_aside_comes_back(pilot: Path) -> None:
    out = pilot / "reports" / "evaluation"
    work = out / ".work.0a1b.rmresearch-tmp"
    work.mkdir()
    (work / "results.json").write_text("{}", "utf-8")
    (out / "leadership").rename(out / ".leadership.was.rmresearch-tmp")
    (pilot / ".rmresearch" / ".key.00.rmresearch-tmp").write_text("00", "utf-8")
    (pilot / "data" / ".x.00.rmresearch-tmp").write_text("A", "utf-8")
    assert dict(look(pilot).deleted)[forgetting.REMAINS]
    forget(pilot)
    assert (out / "leadership" / "released.json").is_file()
    assert not list(pilot.rglob("*rmresearch-tmp"))


@pytest.mark.parametrize("steps", range(len(ANSWERS | SECRETS | REPORT)))
def test_cut_short_anywhere_it_is_unreadable_and_the_same_call_finishes(
    pilot: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    before, real, left = fingerprint(pilot), forgetting._deleted, steps

    def until(path: Path) -> str:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        return real(path)

    monkeypatch.setattr(forgetting, "_deleted", until)
    with pytest.raises(KeyboardInterrupt):
        forget(pilot)
    assert len(gone(before, pilot)) == steps
    with pytest.raises(StudyError, match="not finished"):
        rm.read_study(pilot)
    monkeypatch.setattr(forgetting, "_deleted", real)
    forget(pilot)
    assert gone(before, pilot) == ANSWERS | SECRETS | REPORT
    stone = tombstone(pilot)
    assert stone is not None
    assert stone.finished


@pytest.mark.parametrize(
    ("folder", "name"),
    [("reports/evaluation", "lock"), (".rmresearch", "twelve-pairs.ledger.json.lock")],
)
def test_while_a_report_is_made_nothing_is_deleted(pilot: Path, folder: str, name: str) -> None:
    before = fingerprint(pilot)
    with lock(pilot / folder, name), pytest.raises(ReportError, match="another run is at work"):
        forget(pilot)
    assert fingerprint(pilot) == before
    rm.read_study(pilot)
    forget(pilot)


def test_a_file_that_cannot_go_is_named_and_the_rest_goes(
    pilot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.unlink

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if self.name == "pairs.csv":
            raise PermissionError(13, "Permission denied")
        real(self, missing_ok)

    before = fingerprint(pilot)
    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(ReportError, match=r"pairs\.csv could not be deleted: Permission denied"):
        forget(pilot)
    assert gone(before, pilot) == (ANSWERS | SECRETS | REPORT) - {"data/pairs.csv"}
    monkeypatch.undo()
    with pytest.raises(StudyError, match="not finished"):
        rm.read_study(pilot)
    forget(pilot)
    assert gone(before, pilot) == ANSWERS | SECRETS | REPORT


def test_another_study_in_the_folder_is_not_forgotten_with_it(pilot: Path) -> None:
    (pilot / "second.toml").write_text(TOML, "utf-8")
    before = fingerprint(pilot)
    with pytest.raises(StudyError, match=r"second\.toml is another study in the same folder"):
        forget(pilot)
    assert fingerprint(pilot) == before
    (pilot / "second.toml").write_text("question = 'a sweep'", "utf-8")
    forget(pilot)


def test_a_study_file_that_cannot_be_read_deletes_nothing(pilot: Path, tmp_path: Path) -> None:
    (pilot / "study.toml").write_text("[study", "utf-8")
    before = fingerprint(pilot)
    with pytest.raises(StudyError, match="Correct it first"):
        forget(pilot)
    assert fingerprint(pilot) == before
    with pytest.raises(StudyError, match=r"has no study\.toml"):
        forget(tmp_path)


def test_a_study_by_the_name_of_its_file(pilot: Path) -> None:
    (pilot / "study.toml").rename(pilot / "first.toml")
    (pilot / "plan.toml").rename(pilot / "first.plan.toml")
    seen = forget(pilot / "first.toml")
    assert [path.name for path in seen.kept[:2]] == ["first.toml", "first.plan.toml"]
    with pytest.raises(StudyError, match="was forgotten"):
        rm.read_study(pilot / "first.toml")


def test_a_synthetic_study_is_forgotten_alike(tmp_path: Path, root: Path) -> None:
    home = tmp_path / "pilot"
    shutil.copytree(root / "data" / "synthetic" / "pilot", home)
    rows = len(list((home / "data").iterdir()))
    assert len(forget(home).paths) == rows
    with pytest.raises(StudyError, match="was forgotten"):
        rm.read_study(home)
    done = CliRunner().invoke(main, ["simulate", "small-pilot", "--seed", "1", "--out", str(home)])
    assert done.exit_code == 2
    assert "was forgotten" in done.output


def test_again_there_is_nothing_left_and_answers_put_back_go_too(pilot: Path) -> None:
    forget(pilot)
    assert not look(pilot).paths
    (pilot / "data" / "pairs.csv").write_text("pair\nA", "utf-8")
    assert [path.name for path in forget(pilot).paths] == ["pairs.csv"]
    assert not (pilot / "data" / "pairs.csv").exists()


def test_a_tombstone_that_cannot_be_read_counts(tmp_path: Path) -> None:
    bury(tmp_path, finished=True, today=dt.date(2026, 3, 1))
    bury(tmp_path, finished=False, today=dt.date(2026, 4, 1))
    stone = tombstone(tmp_path)
    assert stone is not None
    assert (stone.begun, stone.finished) == ("2026-03-01", "")
    (tmp_path / ".rmresearch" / STONE).write_text("[", "utf-8")
    assert tombstone(tmp_path) is not None
    (tmp_path / ".rmresearch" / STONE).unlink()
    assert tombstone(tmp_path) is None


def test_the_command_says_first_and_deletes_on_yes(pilot: Path) -> None:
    before = fingerprint(pilot)
    said = CliRunner().invoke(main, ["forget", str(pilot)])
    assert said.exit_code == 0
    assert fingerprint(pilot) == before
    for words in (*ANSWERS, *SECRETS, *REPORT, "backups", "--out", "Nothing was deleted"):
        assert words in said.output
    done = CliRunner().invoke(main, ["forget", str(pilot), "--yes"])
    assert done.exit_code == 0
    assert "is forgotten" in done.output
    assert gone(before, pilot) == ANSWERS | SECRETS | REPORT
    for command in ("check", "report"):
        refused = CliRunner().invoke(main, [command, str(pilot)])
        assert refused.exit_code == 2
        assert "was forgotten on" in refused.output


def test_long_lists_are_counted(pilot: Path) -> None:
    for i in range(30):
        (pilot / "data" / f"old-{i:02d}.csv").write_text("A", "utf-8")
    lines = list(look(pilot).lines())
    assert "    and 10 more" in lines
    assert sum("study.toml does not name it" in line for line in lines) == 20
