"""SPSS and Stata files: codes with their value labels, declared missing codes as missing."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.io.findings import some
from rmresearch.io.raw import FileLog, RawTable, UnreadableError, name_columns

__all__ = ["read_labelled"]

#: cells that are read at most: compressed files can declare far more than they hold
MAX_CELLS = 50_000_000
#: seconds after which a file that is still being tried counts as damaged
PATIENCE = 120
_TRY = """
import sys
import pyreadstat
path, encoding, cells = sys.argv[1:]
options = {"encoding": encoding} if encoding else {}
meta = pyreadstat.read_sav(path, metadataonly=True, user_missing=True, **options)[1]
limit = int(cells) // max(meta.number_columns, 1)
pyreadstat.read_sav(path, output_format="dict", row_limit=limit, **options)
"""
#: dates that stay numbers: they stand for months, weeks or quarters
_PERIODS = ("%tw", "%tm", "%tq", "%th", "%ty", "MOYR", "QYR", "WKYR")

Labels = dict[str, dict[float | str, str]]


def read_labelled(path: Path, log: FileLog, *, encoding: str | None = None) -> RawTable:
    """The cases of an SPSS (.sav, .zsav) or Stata (.dta) file with their value labels.

    Row numbers count as a spreadsheet with a header would: the first case is row 2.
    """
    stata = path.suffix.lower() == ".dta"
    if not stata and not _survives(path, encoding):
        raise _damaged("SPSS", "reading it crashes the SPSS library")
    meta = _read(path, stata, encoding, metadataonly=True, user_missing=True)[1]
    limit = _row_limit(meta)
    # Stata's letters show only beside the values; SPSS tells its missing codes by themselves
    frame, seen = _read(path, stata, encoding, user_missing=stata, row_limit=limit)
    if not len(frame):
        fix = "Export it with its rows, or take the table out of study.toml."
        raise UnreadableError("no-rows", "the file has variables but no cases", fix)
    header = [str(name) for name in frame.columns]
    names = name_columns(header, [True] * len(header), 1, log)
    gone: dict[str, list[str]] = {}
    index = pd.RangeIndex(2, len(frame) + 2)
    table = {}
    for position, name in names.items():
        text = seen.readstat_variable_types.get(header[position]) == "string"
        column, letters = _column(frame.iloc[:, position], text)
        table[name] = column.set_axis(index)
        if letters:
            gone[name] = [f".{letter}" for letter in letters]
    gone |= {name: _ranges(meta.missing_ranges[name]) for name in meta.missing_ranges}
    _say(gone, table, seen, log)
    labels = _labels(seen.variable_value_labels, table, meta.missing_ranges)
    result = pd.DataFrame(table, index=pd.Index(index, dtype="int64"))
    return log.table(result[result.notna().any(axis=1)], typed=True, labels=labels)


def _read(path: Path, stata: bool, encoding: str | None, **options: Any) -> tuple[Any, Any]:
    """The library's frame and its description of the file, warnings and failures in our words."""
    import pyreadstat

    read = pyreadstat.read_dta if stata else pyreadstat.read_sav
    kind = "Stata" if stata else "SPSS"
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = read(str(path), encoding=encoding, dates_as_pandas_datetime=True, **options)
    except UnicodeError:
        raise _encoding(encoding) from None
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as failure:
        if "requested encoding" in str(failure):
            raise _encoding(encoding) from None
        raise _damaged(kind, str(failure).rstrip(".").lower()) from None
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as failure:
        raise _damaged(kind, type(failure).__name__) from None
    if any("duplicated" in str(warning.message) for warning in caught):
        raise _damaged(kind, "two variables have the same name")
    return result


def _survives(path: Path, encoding: str | None) -> bool:
    """Whether a process of its own gets through the file.

    Measured: the C library behind pyreadstat 1.3 takes the interpreter down on about one in 200
    damaged .sav files (none of 700 .dta), which no ``except`` can catch.
    """
    arguments = [str(path.absolute()), encoding or "", str(MAX_CELLS)]
    command = [sys.executable, "-I", "-c", _TRY, *arguments]
    try:
        trial = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return False
    except OSError:
        return True  # no second process can be had here; the first one has to do
    return trial.returncode in {0, 1}  # 1: an exception, which will be met and told below


def _row_limit(meta: Any) -> int:
    columns, rows = meta.number_columns or 1, meta.number_rows or 0
    if rows * columns > MAX_CELLS:
        found = f"the file declares {rows:,} cases of {columns:,} variables"
        fix = f"At most {MAX_CELLS:,} cells are read; leave out variables not needed."
        raise UnreadableError("file-size", found, fix)
    return int(MAX_CELLS // columns)


def _damaged(kind: str, why: str) -> UnreadableError:
    found = f"this is not {'an' if kind == 'SPSS' else 'a'} {kind} file, or it is damaged ({why})"
    return UnreadableError("damaged", found, f"Open it in {kind} and save it again.")


def _encoding(declared: str | None) -> UnreadableError:
    found = f"its text is not in the encoding {declared or 'that the file states'}"
    return UnreadableError("encoding", found, 'Declare its encoding, as encoding = "cp1252".')


def _column(series: pd.Series[Any], text: bool) -> tuple[pd.Series[Any], list[str]]:
    """A variable as text, dates or numbers, and the extended missing codes that it held."""
    if text:
        values = series.to_numpy(object, copy=True)
        values[[not isinstance(value, str) or value == "" for value in values]] = np.nan
        return pd.Series(values, dtype="str"), []
    if series.dtype.kind in "iufbM":
        series = series.reset_index(drop=True)
        moments = series.dtype.kind == "M"
        return series.astype("datetime64[us]") if moments else series.astype("float64"), []
    cells = series.to_numpy(object, copy=True)
    coded = np.array([isinstance(cell, str) for cell in cells])
    letters = sorted(set(cells[coded]))
    cells[coded] = np.nan
    known = [cell for cell in cells if not pd.isna(cell)]
    if known and all(isinstance(cell, dt.date) for cell in known):
        return pd.Series(pd.to_datetime(cells)).astype("datetime64[us]"), letters
    if any(isinstance(cell, dt.time | dt.timedelta) for cell in known):
        times = [np.nan if pd.isna(cell) else str(cell) for cell in cells]
        return pd.Series(times, dtype="str"), letters
    return pd.Series(cells.astype(float)), letters


def _ranges(ranges: list[dict[str, Any]]) -> list[str]:
    """SPSS's declared missing codes in words."""
    words = []
    for span in ranges:
        low, high = span["lo"], span["hi"]
        words.append(_code(low) if low == high else f"{_code(low)} to {_code(high)}")
    return words


def _code(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if abs(value) > 1e300:
        return "lowest" if value < 0 else "highest"
    return f"{value:g}"


def _labels(
    found: Mapping[str, Mapping[float | str, str]],
    table: Mapping[str, pd.Series[Any]],
    missing: Mapping[str, list[dict[str, Any]]],
) -> Labels:
    """Value labels in the file's order, without those of codes that mean missing."""
    labels: Labels = {}
    for name, codes in found.items():
        column = table.get(name.strip())
        if column is None:
            continue
        text = column.dtype == "str"
        kept = {
            code if text else float(code): label
            for code, label in codes.items()
            if isinstance(code, str) == text and not _declared(code, missing.get(name, []))
        }
        if kept:
            labels[name.strip()] = kept
    return labels


def _declared(code: float | str, ranges: list[dict[str, Any]]) -> bool:
    return any(
        isinstance(code, str) == isinstance(span["lo"], str) and span["lo"] <= code <= span["hi"]
        for span in ranges
    )


def _say(gone: Mapping[str, list[str]], table: Mapping[str, Any], meta: Any, log: FileLog) -> None:
    if meta.file_encoding:
        log.note(f"the text is {meta.file_encoding}; the first case counts as row 2")
    else:
        log.note("the first case counts as row 2")
    said = [f"{name}: {', '.join(codes)}" for name, codes in gone.items() if name in table]
    if said:
        log.note(f"codes that the file declares missing were read as missing ({some(said)})")
    kinds = meta.original_variable_types
    periods = [name for name, kind in kinds.items() if str(kind).startswith(_PERIODS)]
    if periods:
        log.note(f"months, weeks or quarters stay the numbers that the file has ({some(periods)})")
