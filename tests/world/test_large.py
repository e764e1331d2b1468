"""Cohorts written piece by piece: the study that is simulated, in bounded memory, or nothing."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from rmresearch.cli import main
from rmresearch.errors import ReportError, StudyError
from rmresearch.io.read import read_study
from rmresearch.study import TABLES
from rmresearch.world import folder as folders
from rmresearch.world import large
from rmresearch.world import pieces as module
from rmresearch.world.cohort import simulate
from rmresearch.world.draw import draw
from rmresearch.world.instruments import ASKABLE
from rmresearch.world.large import write_parquet
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario
from rmresearch.world.tables import tables
from rmresearch.world.writing import write_study

GROUPS = Levers(format="group", juniors=3)
ROOM = 1 if sys.platform == "darwin" else 1024  # bytes in what the system calls its peak


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 10)


def contents(*places: Path) -> dict[str, bytes]:
    paths = (path for place in places for path in place.rglob("*") if path.is_file())
    return {path.as_posix(): path.read_bytes() for path in paths}


SCENARIOS: dict[str, dict[str, Any]] = {
    "waitlist": {},
    "pool": {"comparison": "pool"},
    "control": {"comparison": "control"},
    "none": {"comparison": "none"},
    "groups": {"levers": GROUPS},
    "all instruments": {"design": Setting(instruments=ASKABLE)},
}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_study_is_the_one_that_csv_files_hold(name: str, tmp_path: Path) -> None:
    scenario = Scenario(pairs=36, **SCENARIOS[name])
    binary = read_study(write_parquet(scenario, tmp_path / "binary", seed=7))
    text = read_study(write_study(simulate(scenario, seed=7), tmp_path / "text"))
    assert binary.design == text.design
    assert binary.excluded == text.excluded
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(binary, table), getattr(text, table))
    truths = [(tmp_path / f"{kind}.truth" / "truth.json") for kind in ("binary", "text")]
    assert truths[0].read_bytes() == truths[1].read_bytes()


@pytest.mark.usefixtures("short")
def test_files_have_a_row_group_a_piece_and_the_types_of_the_study(tmp_path: Path) -> None:
    scenario = Scenario(pairs=36)
    place = write_parquet(scenario, tmp_path / "study", seed=8)
    study = simulate(scenario, seed=8).study
    declared = tomllib.loads((place / "study.toml").read_text("utf-8"))["tables"]
    kinds = {"text": "string", "date": "timestamp[us]", "flag": "bool", "number": "double"}
    for table, columns in TABLES.items():
        assert declared[table]["file"] == f"{table}.parquet"
        file = parquet.ParquetFile(place / "data" / f"{table}.parquet")
        assert file.num_row_groups == 3
        rows = [file.metadata.row_group(number).num_rows for number in range(3)]
        assert sum(rows) == len(getattr(study, table))
        assert table != "pairs" or rows == [10, 10, 16]
        types = {field.name: str(field.type) for field in file.schema_arrow}
        features = {"interests": "double"} if table == "participants" else {}
        assert types == {name: kinds[kind] for name, kind in columns.items()} | features
        frame = file.read().to_pandas()
        pd.testing.assert_frame_equal(frame, getattr(study, table))


@pytest.mark.usefixtures("short")
def test_texts_are_kept_once_a_piece(tmp_path: Path) -> None:
    place = write_parquet(Scenario(pairs=30), tmp_path / "study", seed=9)
    group = parquet.ParquetFile(place / "data" / "measures.parquet").metadata.row_group(2)
    for number in range(group.num_columns):
        column = group.column(number)
        if column.path_in_schema in {"person", "rater", "wave", "item"}:
            assert column.has_dictionary_page
            # a thousand rows of six bytes each, in two or three pages of the dictionary's codes
            assert column.total_uncompressed_size < column.num_values * 3


@pytest.mark.usefixtures("short")
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_parquet(Scenario(pairs=36), tmp_path / name, seed=seed)
    a, b, c = (
        {Path(path).name: data for path, data in contents(tmp_path / name).items()}
        for name in "abc"
    )
    assert a == b
    assert a.keys() == c.keys()
    assert a["measures.parquet"] != c["measures.parquet"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a", "a.truth", "b", "b.truth", "c", "c.truth",
    ]  # fmt: skip


@pytest.mark.usefixtures("short")
def test_tables_without_rows_have_no_file(tmp_path: Path) -> None:
    """Nobody leaves, is promoted or meets; the files of an earlier study go with it."""
    place = write_parquet(Scenario(pairs=36), tmp_path / "study", seed=10)
    assert (place / "data" / "records.parquet").exists()
    stay = Nature(leaving_rate=0.0, promotion_rate=0.0)
    write_parquet(Scenario(pairs=36, nature=stay), place, seed=10)
    assert not (place / "data" / "records.parquet").exists()
    declared = tomllib.loads((place / "study.toml").read_text("utf-8"))["tables"]
    assert set(declared) == set(TABLES) - {"records"}
    assert not len(read_study(place).records)


@pytest.mark.usefixtures("short")
def test_only_a_synthetic_study_of_the_same_kind_is_replaced(tmp_path: Path) -> None:
    place = write_parquet(Scenario(pairs=36), tmp_path / "study", seed=11)
    (place / "reports").mkdir()
    (place / "reports" / "report.html").write_text("mine")
    before = contents(place)
    write_parquet(Scenario(pairs=36), place, seed=12)
    after = contents(place)
    assert before.keys() == after.keys()
    changed = {Path(path).name for path in before if before[path] != after[path]}
    assert changed == {f"{table}.parquet" for table in TABLES}
    (place / "data" / "notes.txt").write_text("mine")
    with pytest.raises(ReportError, match=r"holds data/notes\.txt"):
        write_parquet(Scenario(pairs=36), place, seed=13)
    text = write_study(simulate(Scenario(pairs=36), seed=1), tmp_path / "text")
    with pytest.raises(ReportError, match=r"holds data/\w+\.csv"):
        write_parquet(Scenario(pairs=36), text, seed=13)
    (tmp_path / "other.truth").mkdir()
    (tmp_path / "other.truth" / "notes.txt").write_text("mine")
    with pytest.raises(ReportError, match=r"holds notes\.txt"):
        write_parquet(Scenario(pairs=36), tmp_path / "other", seed=13)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("seed", [-1, 1.5, True, None])
def test_a_wrong_seed_leaves_nothing(seed: Any, tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError), match="seed is"):
        write_parquet(Scenario(pairs=20), tmp_path / "study", seed=seed)
    with pytest.raises(TypeError, match="expected a Scenario"):
        write_parquet("default", tmp_path / "study", seed=1)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("short")
def test_a_full_disk_leaves_the_old_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = write_parquet(Scenario(pairs=20), tmp_path / "study", seed=14)
    before = contents(tmp_path)
    write = parquet.ParquetWriter.write_table

    def full(self: Any, table: Any, **options: Any) -> None:
        if table.num_rows and table.schema.names[0] == "pair" and "held" in table.schema.names:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, table, **options)

    monkeypatch.setattr(parquet.ParquetWriter, "write_table", full)
    with pytest.raises(ReportError, match=r"the disk is full\. What was there before is unchanged"):
        write_parquet(Scenario(pairs=36), place, seed=15)
    assert contents(tmp_path) == before


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
from rmresearch.cli import main
main(["simulate", "--pairs", "4000", "--parquet", "--seed", "1", "--out", sys.argv[1]])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of file sizes to be had here")
def test_a_file_that_cannot_grow_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    """The system itself refuses, as it does on a full disk: the library's own writing is met."""
    place = write_parquet(Scenario(pairs=20), tmp_path / "study", seed=16)
    before = contents(tmp_path)
    run = [sys.executable, "-c", LIMITED, str(place)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"{place} could not be written" in done.stderr
    assert "What was there before is unchanged" in done.stderr
    assert contents(tmp_path) == before


KILLED = """
import os, signal, sys
from rmresearch.world import large, pieces
from rmresearch.world.scenario import Scenario
pieces.PIECE = 10
def say(message):
    if message.startswith("50"):
        os.kill(os.getpid(), signal.SIGKILL)
large.write_parquet(Scenario(pairs=100), sys.argv[1], seed=18, say=say)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not killed so")
@pytest.mark.usefixtures("short")
def test_a_killed_run_leaves_the_old_study_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    place = write_parquet(Scenario(pairs=20), tmp_path / "study", seed=17)
    before = contents(place, tmp_path / "study.truth")
    run = [sys.executable, "-c", KILLED, str(place)]
    assert subprocess.run(run, timeout=60, check=False).returncode == -signal.SIGKILL
    assert contents(place, tmp_path / "study.truth") == before
    assert len(list(tmp_path.iterdir())) == 3  # what it had written lies beside
    write_parquet(Scenario(pairs=100), place, seed=18)
    write_parquet(Scenario(pairs=100), tmp_path / "fresh", seed=18)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fresh", "fresh.truth", "study", "study.truth",
    ]  # fmt: skip
    made, fresh = (contents(tmp_path / name) for name in ("study", "fresh"))
    assert list(made.values()) == list(fresh.values())


@pytest.mark.usefixtures("short")
def test_a_run_cut_short_while_moving_never_mixes_two_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write_parquet(Scenario(pairs=20), tmp_path / "study", seed=19)
    replace, left = os.replace, [0]

    def stop(source: Path, target: Path) -> None:
        if Path(target).is_relative_to(place):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
        replace(source, target)

    for moves in range(1 + len(TABLES) + len(large.TEXTS)):
        left[0] = moves
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", stop)
            with pytest.raises(KeyboardInterrupt):
                write_parquet(Scenario(pairs=36), place, seed=20)
        if moves == 0:  # study.toml has not been replaced yet
            assert len(read_study(place).pairs) == 20
        else:
            with pytest.raises(StudyError, match=r"study\.title is missing"):
                read_study(place)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["study", "study.truth"]
    write_parquet(Scenario(pairs=36), place, seed=20)
    assert len(read_study(place).pairs) == 36


@pytest.mark.usefixtures("short")
def test_a_second_run_at_the_same_place_is_refused(tmp_path: Path) -> None:
    def again(message: str) -> None:
        said.append(message)
        if len(said) == 1:
            with pytest.raises(ReportError, match="another run is at work here"):
                write_parquet(Scenario(pairs=36), tmp_path / "study", seed=21)

    said: list[str] = []
    write_parquet(Scenario(pairs=100), tmp_path / "study", seed=21, say=again)
    assert len(read_study(tmp_path / "study").pairs) == 100
    assert [one.split(" pairs")[0] for one in said] == [f"{n} of 100" for n in range(10, 100, 10)]


MEASURED = """
import resource, sys
from pathlib import Path
from rmresearch.world.large import write_parquet
from rmresearch.world.scenario import Scenario
write_parquet(Scenario(pairs=int(sys.argv[2])), Path(sys.argv[1]) / sys.argv[2], seed=22)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(place: Path, pairs: int) -> float:
    """Megabytes at the peak of a process of its own."""
    run = [sys.executable, "-c", MEASURED, str(place), str(pairs)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=600, check=True)
    return int(done.stdout) * ROOM / 1e6


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured as Unix does")
@pytest.mark.parametrize(
    ("small", "big"),
    [(4_000, 16_000), pytest.param(20_000, 200_000, marks=pytest.mark.validate)],
)
def test_memory_does_not_grow_with_the_cohort(small: int, big: int, tmp_path: Path) -> None:
    """Of 12,000 pairs more, 0.76 million answers are 36 MB as codes and numbers of 8 bytes."""
    assert peak(tmp_path, big) - peak(tmp_path, small) < 25


ITEMS = ("digital_skill_1", "inclusion_awareness_2", "digital_use_1", "visibility_2")


@pytest.mark.validate
def test_the_whole_has_the_moments_of_a_cohort_drawn_at_once(tmp_path: Path) -> None:
    """40,000 pairs in 20 pieces against as many in one draw of the same departments: means and
    variances within four standard errors of a difference, so nothing depends on where a piece ends.
    """
    scenario = Scenario(pairs=40_000)
    place = write_parquet(scenario, tmp_path / "study", seed=23)
    pieced = {name: pd.read_parquet(place / "data" / f"{name}.parquet") for name in TABLES}
    whole = tables(draw(scenario, 1, seed=23))
    assert not pieced["measures"]["value"].equals(whole["measures"]["value"])
    compared = 0
    for name, values in quantities(pieced).items():
        a, b = values, quantities(whole)[name]
        for one, other in ((a, b), ((a - a.mean()) ** 2, (b - b.mean()) ** 2)):
            error = np.sqrt(one.var() / len(one) + other.var() / len(other))
            assert abs(one.mean() - other.mean()) <= 4 * error, name
            compared += 1
    assert compared == 2 * (3 * len(ITEMS) + 6)


def quantities(study: dict[str, pd.DataFrame]) -> dict[str, pd.Series[float]]:
    """What is independent from pair to pair: one value a pair or a person."""
    measures, pairs, people = study["measures"], study["pairs"], study["participants"]
    found = {
        f"{item} {wave}": measures.loc[
            (measures["item"] == item) & (measures["wave"] == wave)
        ].set_index("person")["value"]
        for item in ITEMS
        for wave in ("start", "month3", "month6")
    }
    meetings = study["meetings"].groupby("pair")
    left = study["records"].loc[study["records"]["kind"] == "left", "person"]
    answered = measures.groupby("person").size()
    found["meetings held"] = meetings["held"].sum().astype(float)
    found["minutes"] = meetings["minutes"].mean().dropna()
    found["started"] = pairs["start"].notna().astype(float)
    found["ended early"] = (pairs["end"].notna() & (pairs["reason"] != "planned")).astype(float)
    found["left"] = people["person"].isin(left).astype(float)
    found["answers"] = answered.reindex(people["person"]).fillna(0).astype(float)
    return found


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("policy", ["rules", "random", "optimal", "greedy", "self-selected"])
def test_the_command_says_what_pieces_mean(
    policy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "PIECE", 10)
    monkeypatch.setattr(folders, "READ", 35)
    (tmp_path / "scenario.toml").write_text(f'[levers]\nmatching = "{policy}"\n')
    said: list[str] = []
    file, out = str(tmp_path / "scenario.toml"), tmp_path / "study"
    folders.write(file, out, seed=24, pairs=36, parquet=True, say=said.append)
    within = {"rules": "", "random": ""}.get(policy, f"; {policy} matching stays within each")
    assert said[0] == f"drawn in 3 pieces of 10 seniors and their juniors{within}"
    assert "hold a study in memory, which ends at about 35 pairs" in said[1]
    assert len(read_study(out).pairs) == 36
    few: list[str] = []
    folders.write(file, tmp_path / "few", seed=24, pairs=19, parquet=True, say=few.append)
    assert few == []


def test_the_command_line_writes_parquet(tmp_path: Path) -> None:
    out = tmp_path / "study"
    line = ["simulate", "no-effect", "--pairs", "20", "--seed", "0", "--parquet", "--out", str(out)]
    done = CliRunner().invoke(main, line)
    assert (done.exit_code, done.stdout) == (0, f"{out}\n")
    assert sorted(path.suffix for path in (out / "data").iterdir()) == [".parquet"] * 5
    assert CliRunner().invoke(main, ["check", str(out)]).exit_code == 0
