"""Parquet files: columns as they are stored, one plain value a cell; anything else is an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from rmresearch.io.raw import FileLog, RawTable, UnreadableError, name_columns

__all__ = ["read_parquet"]

#: cells that are read at most, and bytes that they may unpack to: a small file can hold far more
MAX_CELLS, MAX_UNPACKED = 50_000_000, 1_000_000_000
#: as a sheet has them; each is looked up among all
MAX_COLUMNS = 16_384
#: whole numbers up to here are exact as float64; a column with a larger one must hold ids
EXACT = 2**53
#: rows that are unpacked at a time, where a text can stand in many rows at no cost
BATCH = 65_536


def read_parquet(path: Path, log: FileLog) -> RawTable:
    """The rows of a Parquet file, dictionary columns as their values, empty text as missing.

    Row numbers count as a spreadsheet with a header would: the first row is row 2.
    """
    data = path.read_bytes()
    if data.startswith(b"PARE"):
        raise UnreadableError("file-type", "the file is encrypted", "Save it without encryption.")
    with _reading("its description"):
        file = _opened(data)
        schema, rows = file.schema_arrow, _admitted(file.metadata)
    headers = schema.names
    names = name_columns(headers, [True] * len(headers), 1, log)
    index = pd.RangeIndex(2, rows + 2)
    table, room = {}, MAX_UNPACKED
    with _reading("its description"):
        words = _opened(data, [field.name for field in schema if _text(_kind(field.type))])
    for position, name in names.items():
        kind = _kind(schema.field(position).type)
        refused = _refused(kind)
        if refused is not None:
            log.error("column-kind", *refused, column=name)
            continue
        header = headers[position]
        with _reading(f"column {name}"):
            if _text(kind):
                column, size = _texts(file, words, header, room)
                room -= size
                _refuse_nul(column, name, log)
            else:
                column = pa.chunked_array(_groups(file, header))
            table[name] = _series(column, index)
    log.note("the first row below the column names counts as row 2")
    frame = pd.DataFrame(table, index=pd.Index(index, dtype="int64"))
    return log.table(frame[frame.notna().any(axis=1)], typed=True)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Arrow's failures in our words; it calls damage an operating system's error, too."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError):
        found = f"this is not a Parquet file, or it is damaged ({what} cannot be read)"
        fix = "Write it again from where its rows come from."
        raise UnreadableError("damaged", found, fix) from None


def _opened(data: bytes, dictionaries: list[str] | None = None) -> Any:
    """The file; ``dictionaries`` names columns to keep as codes into their distinct values.

    Opened once for all columns: its description has something to say of each of them.
    """
    return parquet.ParquetFile(
        pa.BufferReader(data),
        read_dictionary=dictionaries,
        coerce_int96_timestamp_unit="us",
        page_checksum_verification=True,
    )


def _admitted(metadata: Any) -> int:
    """How many rows there are, if all that the file declares fits into memory.

    Measured with pyarrow 26: none of 40,000 damaged files ended the process, but asking a damaged
    row group for the description of a column does; so nobody asks.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    rows, columns = sum(group.num_rows for group in groups), metadata.num_columns
    if rows <= 0 or not columns:
        fix = "Write it again with its rows, or take the table out of study.toml."
        raise UnreadableError("no-rows", "the file has no rows", fix)
    found = f"the file declares {rows:,} rows of {columns:,} columns"
    if columns > MAX_COLUMNS:
        fix = f"At most {MAX_COLUMNS:,} columns are read; leave out columns not needed."
        raise UnreadableError("file-size", found, fix)
    if rows * columns > MAX_CELLS:
        fix = f"At most {MAX_CELLS:,} cells are read; leave out columns not needed."
        raise UnreadableError("file-size", found, fix)
    unpacked = sum(group.total_byte_size for group in groups)
    if unpacked > MAX_UNPACKED:
        raise _too_large(f"the file unpacks to {unpacked / 1e6:,.0f} MB")
    return int(rows)


def _too_large(found: str) -> UnreadableError:
    fix = f"At most {MAX_UNPACKED / 1e6:,.0f} MB are read; leave out columns not needed."
    return UnreadableError("file-size", found, fix)


def _kind(stored: Any) -> Any:
    """The type of a column's values."""
    return stored.value_type if pa.types.is_dictionary(stored) else stored


def _text(kind: Any) -> bool:
    is_ = pa.types
    return bool(is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind))


def _refused(kind: Any) -> tuple[str, str] | None:
    """What a column holds that is not read, and what to do; None where it is read."""
    is_ = pa.types
    if is_.is_timestamp(kind) and kind.tz is not None:
        found = f"the column holds times in the time zone {kind.tz}"
        return found, "Save local dates or times, without a zone: the day depends on the zone."
    plain = (is_.is_boolean, is_.is_integer, is_.is_floating, is_.is_date, is_.is_timestamp)
    if _text(kind) or is_.is_null(kind) or any(one(kind) for one in plain):
        return None
    if is_.is_nested(kind):
        return "the column holds lists or records", "Save one plain value a cell."
    if is_.is_decimal(kind):
        return "the column holds decimals", "Save it as numbers (float64); ids as text."
    found = f"the column holds values of the kind {kind}"
    return found, "Save it as text, numbers, dates, or true and false."


def _groups(file: Any, header: str) -> Iterator[Any]:
    """One column, a row group after another; of columns with one name the first."""
    for number in range(file.num_row_groups):
        group = file.read_row_group(number, columns=[header], use_threads=False)
        yield from group.column(group.schema.get_all_field_indices(header)[0]).chunks


def _batches(file: Any, header: str) -> Iterator[Any]:
    """One column by batches so small that they fit, however long its texts are."""
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    longest = max(group.total_byte_size for group in groups)  # no text is longer than its group
    size = min(max(MAX_UNPACKED // max(longest, 1), 1), BATCH)
    for batch in file.iter_batches(size, columns=[header], use_threads=False):
        yield batch.column(batch.schema.get_all_field_indices(header)[0]).dictionary_encode()


def _texts(file: Any, words: Any, header: str, room: int) -> tuple[Any, int]:
    """A column of text spelt out, empty text as missing, and its size, which is ``room`` at most.

    It is read as a dictionary (``words``), as a text that stands in every row would otherwise fill
    the memory before it is known how much it is. Arrow cannot do so with every encoding, nor with
    each of several columns of one name.
    """
    try:
        return _spelt(_groups(words, header), room)
    except (pa.ArrowException, OSError, AttributeError):
        return _spelt(_batches(file, header), room)


def _spelt(chunks: Iterable[Any], room: int) -> tuple[Any, int]:
    parts, size = [], 0
    for chunk in chunks:
        words = chunk.dictionary.cast(pa.large_string())
        words.validate(full=True)  # that it is UTF-8
        size += pc.sum(pc.binary_length(words).take(chunk.indices)).as_py() or 0
        if size > room:
            raise _too_large("the text in the file unpacks to more than is read")
        parts.append(pc.if_else(pc.equal(words, ""), None, words).take(chunk.indices))
    return pa.chunked_array(parts), size


def _refuse_nul(column: Any, name: str, log: FileLog) -> None:
    """NUL bytes, which other readers take for the end of the cell."""
    holds = pc.match_substring(column, "\0")
    count = pc.sum(holds).as_py()
    if count:
        found = f"{count:,} cells of the column hold a NUL byte: the file is damaged"
        row = 2 + pc.index(holds, True).as_py()
        log.error("nul-byte", found, "Write the file again.", row=row, column=name)


def _series(column: Any, index: pd.RangeIndex) -> pd.Series[Any]:
    """A column as text, dates, numbers or flags; flags with gaps are objects."""
    is_, kind = pa.types, column.type
    if is_.is_date(kind) or is_.is_timestamp(kind):
        finer = is_.is_timestamp(kind) and kind.unit == "ns"  # cut off
        column = column.cast(pa.timestamp("us"), safe=not finer)
    elif is_.is_integer(kind) and _long(column):
        column = column.cast(pa.large_string())
    elif is_.is_integer(kind) or is_.is_floating(kind) or is_.is_null(kind):
        column = column.cast(pa.float64())
    series: pd.Series[Any] = column.to_pandas().set_axis(index)
    return series


def _long(column: Any) -> bool:
    """Whether a whole number is too long for float64, as numbers of accounts and people are."""
    ends = pc.min_max(column).as_py()
    return any(end is not None and abs(end) > EXACT for end in ends.values())
