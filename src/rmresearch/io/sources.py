"""Reading one raw file, whatever its kind: a table and everything wrong with how it is built."""

from __future__ import annotations

from pathlib import Path

from rmresearch.io.raw import FileLog, RawTable, UnreadableError
from rmresearch.io.text import read_text

__all__ = ["MAX_BYTES", "READABLE", "RawTable", "read_raw"]

TEXT = {".csv": None, ".tsv": "\t", ".tab": "\t", ".txt": None}
WORKBOOKS = {".xlsx", ".xlsm"}
LABELLED = {".sav": "SPSS", ".zsav": "SPSS", ".dta": "Stata"}
PARQUET = ".parquet"
READABLE = (*TEXT, *sorted(WORKBOOKS), *LABELLED, PARQUET)
#: the largest file that is read (a million survey answers take about 40 MB)
MAX_BYTES = 200_000_000
#: how files begin that carry another kind's extension
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive, perhaps an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old or password-protected Excel workbook",
    b"$FL2": "an SPSS file",
    b"$FL3": "an SPSS file",
    b"<stata_dta>": "a Stata file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"%pdf": "a PDF",
    b"<html": "a web page",
    b"<!doctype html": "a web page",
    b"<?xml": "an XML file",
}
_NOT_READ = {
    ".xls": "the old Excel format is not read",
    ".xlsb": "Excel's binary format is not read",
    ".ods": "OpenDocument sheets are not read",
    ".numbers": "Numbers documents are not read",
}


def read_raw(
    path: Path,
    *,
    name: str,
    sheet: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> RawTable:
    """The table in a file, as it stands there, with all that is wrong with how it is built.

    ``name`` is what messages call the file. ``sheet`` chooses a workbook's sheet; ``delimiter``
    (one character) and ``encoding`` overrule what is detected in text files. Bad content never
    raises: it is listed in ``problems`` of the result, whose frame may then be empty.

    >>> read_raw(Path("no-such-file.csv"), name="no-such-file.csv").problems[0].rule
    'file'
    """
    log = FileLog(name, sheet)
    suffix = path.suffix.lower()
    try:
        _admit(path, suffix)
        _say_unused(suffix, log, sheet=sheet, delimiter=delimiter, encoding=encoding)
        if suffix in TEXT:
            data = path.read_bytes()
            _refuse_disguise(data, suffix)
            return read_text(
                data, log, delimiter=delimiter, encoding=encoding, expected=TEXT[suffix]
            )
        if suffix in WORKBOOKS:
            from rmresearch.io.workbook import read_workbook

            return read_workbook(path.read_bytes(), log, sheet=sheet)
        if suffix == PARQUET:
            from rmresearch.io.parquet import read_parquet

            return read_parquet(path, log)
        from rmresearch.io.labelled import read_labelled

        return read_labelled(path, log, encoding=encoding)
    except UnreadableError as reason:
        log.stop(reason)
    except OSError as failure:
        found = f"the file cannot be opened ({failure.strerror or type(failure).__name__})"
        log.error("file", found, "Check that it exists, is readable and is not open elsewhere.")
    return log.table()


def _admit(path: Path, suffix: str) -> None:
    """Only ordinary files of a known kind and of a size that fits into memory."""
    if suffix not in READABLE:
        found = f"files that end in {suffix} are not read" if suffix else "it has no extension"
        found = _NOT_READ.get(suffix, found)
        kinds = f"Save it as one of {', '.join(READABLE)}."
        raise UnreadableError("file-type", found, kinds)
    size = path.stat().st_size
    if not path.is_file():
        raise UnreadableError("file", "this is not a file", "Name a file in study.toml.")
    if size > MAX_BYTES:
        found = f"the file has {size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:,.0f} MB are read"
        raise UnreadableError("file-size", found, "Split it, or leave out columns not needed.")
    if size == 0:
        raise UnreadableError("empty-file", "the file is empty", "Export it again, with its rows.")


def _say_unused(suffix: str, log: FileLog, **options: str | None) -> None:
    serves = {
        "sheet": suffix in WORKBOOKS,
        "delimiter": suffix in TEXT,
        "encoding": suffix in TEXT or suffix in LABELLED,
    }
    for option, value in options.items():
        if value is not None and not serves[option]:
            log.note(f"{option} is declared, but {suffix} files have none")


def _refuse_disguise(data: bytes, suffix: str) -> None:
    """Another kind of file under a text file's name says so, instead of thousands of errors."""
    head = data[:64].lstrip().lower()
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature.lower()):
            fix = "Give it its own extension, or export it as CSV."
            raise UnreadableError("file-type", f"this is {kind}, not a {suffix} file", fix)
