"""Parquet files: kinds of columns, what is refused by name, limits, and damage of any kind."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from planted_files import read, rules, said
from pyarrow import parquet as pq

from rmresearch.io import parquet

DAYS = [dt.date(2026, 4, 3), None, dt.date(1950, 1, 31), dt.date(2026, 4, 25)]
MOMENT = dt.datetime(2026, 4, 25, 1, 2, 3)


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def answers() -> dict[str, Any]:
    return {
        "id": ["007", "A1", "", "NA"],
        "arm": pa.array(["programme", "waiting", None, "waiting"]).dictionary_encode(),
        "q1": pa.array([1, 99, None, 5], pa.int8()),
        "q2": pa.array([0.5, 2.0, None, 4.0]),
        "day": pa.array(DAYS),
        "moment": pa.array([MOMENT, None, None, MOMENT], pa.timestamp("ms")),
        "held": [True, False, True, False],
        "left": pa.array([True, None, False, True]),
        "nothing": pa.nulls(4),
    }


def test_columns_keep_their_kinds(tmp_path: Path) -> None:
    table = read(write(tmp_path / "a.parquet", answers()))
    assert not table.problems
    assert table.typed
    assert table.labels == {}
    frame = table.frame
    assert list(frame.index) == [2, 3, 4, 5]
    assert [str(dtype) for dtype in frame.dtypes] == [
        "str", "str", "float64", "float64", "datetime64[us]", "datetime64[us]", "bool", "object",
        "float64",
    ]  # fmt: skip
    assert frame["id"].tolist()[:2] + frame["id"].tolist()[3:] == ["007", "A1", "NA"]
    assert frame["arm"].tolist()[:2] == ["programme", "waiting"]
    assert frame["q1"].tolist()[1::2] == [99.0, 5.0]
    assert frame["day"].tolist()[::2] == [dt.datetime(2026, 4, 3), dt.datetime(1950, 1, 31)]
    assert frame["moment"].tolist()[0] == MOMENT
    assert frame["held"].tolist() == [True, False, True, False]
    assert frame["left"].tolist()[::2] == [True, False]
    gaps = {name: np.flatnonzero(frame[name].isna()).tolist() for name in frame}
    assert gaps == {
        "id": [2], "arm": [2], "q1": [2], "q2": [2], "day": [1], "moment": [1, 2], "held": [],
        "left": [1], "nothing": [0, 1, 2, 3],
    }  # fmt: skip
    assert "the first row below the column names counts as row 2" in said(table)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("dictionary", [True, False])
def test_every_way_to_keep_text(tmp_path: Path, kind: Any, dictionary: bool) -> None:
    words = ["Zoë", None, "", "NA", "Zoë"]
    path = write(tmp_path / "a.parquet", {"x": pa.array(words, kind)}, use_dictionary=dictionary)
    frame = read(path).frame
    assert list(frame.index) == [2, 5, 6]  # rows without any value are left out
    assert frame["x"].tolist() == ["Zoë", "NA", "Zoë"]


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_encodings_that_are_read_by_batches(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"person {number // 2}" for number in range(1000)]
    options = {"use_dictionary": False, "column_encoding": {"x": encoding}}
    path = write(tmp_path / "a.parquet", {"x": words}, row_group_size=300, **options)
    assert read(path).frame["x"].tolist() == words
    monkeypatch.setattr(parquet, "BATCH", 7)
    assert read(path).frame["x"].tolist() == words


@pytest.mark.parametrize("kind", [pa.uint8(), pa.int16(), pa.uint64(), pa.float16(), pa.float32()])
def test_every_size_of_number(tmp_path: Path, kind: Any) -> None:
    values = pa.array(np.array([1, 2, 3]).astype(kind.to_pandas_dtype()), kind)
    frame = read(write(tmp_path / "a.parquet", {"x": values})).frame
    assert str(frame["x"].dtype) == "float64"
    assert frame["x"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("kind", "top"), [(pa.int64(), 2**62 + 1), (pa.uint64(), 2**63 + 1)])
def test_whole_numbers_too_long_for_a_float_stay_what_they_are(
    tmp_path: Path, kind: Any, top: int
) -> None:
    # as float64 the first two would be one person
    ids = [top, top - 1, 7, None]
    frame = read(
        write(tmp_path / "a.parquet", {"id": pa.array(ids, kind), "q": [1, 2, 3, 4]})
    ).frame
    assert frame["id"].tolist()[:3] == [str(top), str(top - 1), "7"]
    assert frame["id"].isna().tolist() == [False, False, False, True]
    exact = pa.array([2**53, 0, 7, None], kind)
    assert read(write(tmp_path / "b.parquet", {"id": exact})).frame["id"].tolist() == [2**53, 0, 7]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_of_every_unit(tmp_path: Path, unit: str) -> None:
    values = pa.array([MOMENT, dt.datetime(1950, 1, 31)], pa.timestamp(unit))
    frame = read(write(tmp_path / "a.parquet", {"x": values})).frame
    assert str(frame["x"].dtype) == "datetime64[us]"
    assert frame["x"].tolist() == [MOMENT, dt.datetime(1950, 1, 31)]


def test_moments_as_old_writers_store_them(tmp_path: Path) -> None:
    values = pa.array([MOMENT, dt.datetime(1600, 1, 31)], pa.timestamp("us"))
    options = {"use_deprecated_int96_timestamps": True, "store_schema": False}
    frame = read(write(tmp_path / "a.parquet", {"x": values}, **options)).frame
    # nanoseconds, the library's own choice, would turn the year 1600 into 2184
    assert frame["x"].tolist() == [MOMENT, dt.datetime(1600, 1, 31)]


def test_dates_beyond_what_can_be_kept_are_damage(tmp_path: Path) -> None:
    values = pa.array([2**31 - 1], pa.int32()).cast(pa.date32())
    table = read(write(tmp_path / "a.parquet", {"day": values}))
    assert rules(table) == ["damaged"]
    assert "column day cannot be read" in said(table)


def test_dictionaries_of_numbers_and_dates_are_their_values(tmp_path: Path) -> None:
    columns = {
        "n": pa.array([5, 1, 5]).dictionary_encode(),
        "day": pa.array([DAYS[0], DAYS[2], DAYS[0]]).dictionary_encode(),
    }
    frame = read(write(tmp_path / "a.parquet", columns)).frame
    assert frame["n"].tolist() == [5.0, 1.0, 5.0]
    assert frame["day"].tolist()[1] == dt.datetime(1950, 1, 31)


def test_row_groups_with_dictionaries_of_their_own(tmp_path: Path) -> None:
    words = ["b", "a", "c", "a", "b", None, "d"]
    columns = {"x": pa.array(words).dictionary_encode(), "n": list(range(7))}
    frame = read(write(tmp_path / "a.parquet", columns, row_group_size=2)).frame
    assert [None if pd.isna(word) else word for word in frame["x"]] == words
    assert frame["n"].tolist() == list(range(7))


def test_a_frame_with_categories_and_an_index_as_pandas_saves_it(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"arm": pd.Categorical(["b", "a", "b"], ["a", "b"], ordered=True), "n": [1, 2, 3]},
        index=pd.Index(["007", "A1", "A2"], name="person"),
    )
    frame.to_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet").frame
    assert list(found.columns) == ["arm", "n", "person"]
    assert found["arm"].tolist() == ["b", "a", "b"]
    assert found["person"].tolist() == ["007", "A1", "A2"]


REFUSED = {
    "list": (pa.array([[1], [2]]), "lists or records", "one plain value"),
    "record": (pa.array([{"a": 1}, {"a": 2}]), "lists or records", "one plain value"),
    "map": (pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int8())), "lists", "one plain"),
    "decimal": (pa.array([1, 2]).cast(pa.decimal128(25, 2)), "decimals", "float64"),
    "zone": (pa.array([MOMENT] * 2, pa.timestamp("us", "Europe/Berlin")), "Berlin", "local"),
    "utc": (pa.array([MOMENT] * 2, pa.timestamp("ns", "UTC")), "time zone UTC", "local"),
    "time": (pa.array([1, 2], pa.time64("us")), "time64", "Save it as text"),
    "span": (pa.array([1, 2], pa.duration("s")), "duration", "Save it as text"),
    "bytes": (pa.array([b"a", b"b"]), "binary", "Save it as text"),
}


def test_all_columns_that_are_not_read_are_named_at_once(tmp_path: Path) -> None:
    columns = {name: column for name, (column, *_) in REFUSED.items()} | {"id": ["a", "b"]}
    table = read(write(tmp_path / "a.parquet", columns))
    assert rules(table) == ["column-kind"] * len(REFUSED)
    for problem, (name, (_, found, fix)) in zip(table.problems, REFUSED.items(), strict=True):
        assert problem.column == name
        assert found in problem.found
        assert fix in problem.fix
    assert list(table.frame.columns) == ["id"]  # the rest is looked at further


def test_headers_are_held_to_the_rules_of_all_files(tmp_path: Path) -> None:
    arrays = [pa.array([number, 9]) for number in range(4)]
    pq.write_table(pa.table(arrays, names=["x", " y ", "x", ""]), tmp_path / "a.parquet")
    table = read(tmp_path / "a.parquet")
    assert sorted(rules(table)) == ["duplicate-header", "empty-header"]
    assert list(table.frame.columns) == ["x", "y"]
    assert table.frame["x"].tolist() == [0.0, 9.0]
    assert "spaces around column names were dropped (y)" in said(table)


def test_of_two_texts_with_one_name_the_first_is_read(tmp_path: Path) -> None:
    """Arrow keeps only one of the two as a dictionary."""
    arrays = [pa.array([word, word]) for word in ("first", "second")]
    pq.write_table(pa.table(arrays, names=["x", "x"]), tmp_path / "a.parquet")
    table = read(tmp_path / "a.parquet")
    assert rules(table) == ["duplicate-header"]
    assert table.frame["x"].tolist() == ["first", "first"]


def test_a_wide_file_is_opened_no_more_often_than_a_narrow_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened for each column, 2,000 columns took two minutes: it describes all of them."""
    opened, real = [], parquet._opened
    monkeypatch.setattr(parquet, "_opened", lambda *args: opened.append(1) or real(*args))
    for columns in (1, 60):
        made = {f"q{number}": ["a", "b"] for number in range(columns)}
        assert read(write(tmp_path / "a.parquet", made)).frame.shape == (2, columns)
        assert len(opened) == 2
        opened.clear()


def test_more_columns_than_a_sheet_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MAX_COLUMNS", 3)
    for columns, found in ((3, []), (4, ["file-size"])):
        made = {f"q{number}": [1, 2] for number in range(columns)}
        assert rules(read(write(tmp_path / "a.parquet", made))) == found


def test_names_with_points_are_names(tmp_path: Path) -> None:
    columns = {"a": [1, 2], "a.b": [3, 4], "c": pa.array([{"d": 1}, {"d": 2}]), "c.d": ["5", "6"]}
    table = read(write(tmp_path / "a.parquet", columns))
    assert rules(table) == ["column-kind"]
    assert table.frame.to_dict("list") == {"a": [1, 2], "a.b": [3, 4], "c.d": ["5", "6"]}


@pytest.mark.parametrize("columns", [{}, {"id": pa.array([], pa.string())}])
def test_files_without_rows(tmp_path: Path, columns: dict[str, Any]) -> None:
    assert rules(read(write(tmp_path / "a.parquet", columns))) == ["no-rows"]


@pytest.mark.parametrize("dictionary", [True, False])
def test_nul_bytes_are_found_with_their_row(tmp_path: Path, dictionary: bool) -> None:
    words = ["a", None, "b\0c", "d", "b\0c"]
    table = read(write(tmp_path / "a.parquet", {"id": words}, use_dictionary=dictionary))
    (problem,) = table.problems
    assert (problem.rule, problem.row, problem.column) == ("nul-byte", 4, "id")
    assert "2 cells" in problem.found


def test_text_that_is_not_utf8_is_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"id": ["Zoë", "b"]}, compression="none")
    data = path.read_bytes()
    assert "Zoë".encode() in data
    table = read(path, data.replace("Zoë".encode(), b"Zo\xeb\x20"))
    assert rules(table) == ["damaged"]
    assert "column id" in said(table)


@pytest.mark.parametrize("content", [b"person,score\nA1,3\n", b"PAR1 and no more", bytes(900)])
def test_other_files_under_its_name(tmp_path: Path, content: bytes) -> None:
    table = read(tmp_path / "a.parquet", content)
    assert rules(table) == ["damaged"]
    assert "Parquet" in said(table)


def test_an_encrypted_file_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", answers())
    data = path.read_bytes()
    table = read(path, b"PARE" + data[4:-4] + b"PARE")
    assert rules(table) == ["file-type"]
    assert "encrypted" in said(table)


def test_a_changed_byte_is_found_where_the_writer_kept_sums(tmp_path: Path) -> None:
    options = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    path = write(tmp_path / "a.parquet", {"n": pa.array([3.0, 4.0])}, **options)
    data, three = path.read_bytes(), np.float64(3.0).tobytes()
    place = data.index(np.array([3.0, 4.0]).tobytes())
    changed = data[:place] + three + three + data[place + 16 :]
    assert rules(read(path, changed)) == ["damaged"]
    assert not read(path, data).problems


def test_more_cells_than_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.parquet", answers(), row_group_size=3)
    monkeypatch.setattr(parquet, "MAX_CELLS", 35)  # the file has 4 rows of 9 columns
    (problem,) = read(path).problems
    assert problem.rule == "file-size"
    assert "4 rows of 9 columns" in problem.found
    assert "35 cells" in problem.fix
    monkeypatch.setattr(parquet, "MAX_CELLS", 36)
    assert not read(path).problems


def test_more_bytes_than_fit_are_refused_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.parquet", {"n": np.arange(200_000.0)}, use_dictionary=False)
    monkeypatch.setattr(parquet, "MAX_UNPACKED", 1_000_000)
    table = read(path)
    assert rules(table) == ["file-size"]
    assert "the file unpacks to 2 MB" in said(table)  # 200,000 numbers of 8 bytes
    monkeypatch.setattr(parquet, "MAX_UNPACKED", 2_000_000)
    assert not read(path).problems


BOMB = """
import resource
import sys
from pathlib import Path
from rmresearch.io import parquet
from rmresearch.io.sources import read_raw
parquet.MAX_UNPACKED = 100_000_000
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table = read_raw(Path(sys.argv[1]), name="bomb")
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(*[problem.rule for problem in table.problems], after - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured as Unix does")
@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (1_000_000, {}),
        (300, {"use_dictionary": False, "column_encoding": "DELTA_BYTE_ARRAY"}),
    ],
)
def test_a_little_file_that_unpacks_to_far_too_much(
    tmp_path: Path, rows: int, options: dict[str, Any]
) -> None:
    """A text of a megabyte in every row, as the same code or as what stood there before."""
    text = pa.array(["x" * 1_000_000])
    column = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), text)
    column = column.dictionary_decode() if options else column
    path = write(tmp_path / "a.parquet", {"id": column}, compression="zstd", **options)
    assert path.stat().st_size < 100_000
    run = [sys.executable, "-c", BOMB, str(path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
    rule, grown = done.stdout.split()
    assert rule == "file-size"
    # 100 MB were allowed; twice that with the batch that goes too far, and what Arrow itself takes
    assert int(grown) / (1_000_000 if sys.platform == "darwin" else 1_000) < 300


def damaged(rng: np.random.Generator, path: Path, times: int) -> set[str]:
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    found: set[str] = set()
    for number in range(times):
        data = whole.copy()
        footer = rng.random() < 0.5  # where the description stands
        low = max(0, len(data) - 1500) if footer else 0
        data[rng.integers(low, len(data), size=2)] = rng.integers(256, size=2)
        cut = int(rng.integers(len(data))) if number % 20 == 0 else len(data)
        found.update(rules(read(path, data[:cut].tobytes())) or ["fine"])
    return found


def test_damage_of_any_kind_never_raises(tmp_path: Path) -> None:
    rng = np.random.default_rng(20260405)
    outcomes = set()
    for options in (
        {"compression": "none"},
        {"compression": "zstd", "data_page_version": "2.0"},
        {"compression": "none", "use_dictionary": False, "row_group_size": 2},
        {"compression": "none", "use_dictionary": False, "column_encoding": "PLAIN"},
    ):
        path = write(tmp_path / "a.parquet", answers(), **options)
        outcomes |= damaged(rng, path, 60)
    assert {"damaged", "fine"} <= outcomes


@pytest.mark.validate
def test_damage_of_many_kinds_never_ends_the_process(tmp_path: Path) -> None:
    rng = np.random.default_rng(20260406)
    for compression in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
        for version in ("1.0", "2.0"):
            options = {"compression": compression, "data_page_version": version}
            path = write(tmp_path / "a.parquet", answers(), row_group_size=3, **options)
            damaged(rng, path, 2000)
