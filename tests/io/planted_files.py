"""Files with planted defects, made in the test that needs them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl

from rmresearch.io.sources import RawTable, read_raw

HEADER = ("person", "wave", "score")
ROWS = (("A1", "t0", "3"), ("A2", "t0", "4"), ("A1", "t1", "5"), ("A2", "t1", "2"))


def lines(rows: Iterable[Sequence[str]] = (HEADER, *ROWS), delimiter: str = ",") -> str:
    """Rows as plain text, nothing quoted."""
    return "".join(delimiter.join(row) + "\n" for row in rows)


def read(path: Path, content: str | bytes | None = None, **options: Any) -> RawTable:
    """Write the content, if there is any, and read the file under its own name."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_raw(path, name=path.name, **options)


def rules(table: RawTable) -> list[str]:
    """The rules of what is wrong, in order."""
    return [problem.rule for problem in table.problems]


def said(table: RawTable) -> str:
    """Problems and notes as a person reads them."""
    return "\n".join([*map(str, table.problems), *table.notes])


def workbook(
    path: Path,
    rows: Iterable[Sequence[Any]],
    change: Callable[[Any], None] = lambda sheet: None,
    sheets: Sequence[str] = ("Answers",),
) -> Path:
    """A workbook as Excel writes it, its first sheet holding the rows and then changed."""
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for row in rows:
        book.active.append(row)
    for name in sheets[1:]:
        book.create_sheet(name)
    change(book.active)
    book.save(path)
    return _shared(path)


def _shared(path: Path) -> Path:
    """Move inline texts to the shared ones, where Excel keeps them (openpyxl does not always)."""
    parts = unpack(path)
    texts: list[str] = []

    def move(match: re.Match[str]) -> str:
        texts.append(f"<si>{match[2]}</si>")
        return f'<c{match[1]} t="s"><v>{len(texts) - 1}</v></c>'

    for name in [n for n in parts if n.startswith("xl/worksheets/sheet")]:
        cell = r'<c([^>]*) t="inlineStr"><is>(.*?)</is></c>'
        parts[name] = re.sub(cell, move, parts[name].decode(), flags=re.DOTALL).encode()
    if texts:
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
        entry = f'<Relationship Id="texts" Type="{link}" Target="sharedStrings.xml"/>'
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        type_of = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/>'
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{main}">{"".join(texts)}</sst>'.encode()
        _append(parts, "xl/_rels/workbook.xml.rels", entry, "</Relationships>")
        _append(parts, "[Content_Types].xml", type_of, "</Types>")
    return pack(path, parts)


def _append(parts: dict[str, bytes], name: str, entry: str, end: str) -> None:
    parts[name] = parts[name].decode().replace(end, entry + end).encode()


def unpack(path: Path) -> dict[str, bytes]:
    """The parts of a workbook by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, parts: dict[str, bytes]) -> Path:
    """A workbook of these parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def edit(path: Path, part: str, old: str, new: str) -> Path:
    """Replace text in one part of a workbook, which must be there."""
    parts = unpack(path)
    before = parts[part].decode()
    if old not in before:
        raise AssertionError(f"{old!r} is not in {part}:\n{before[:3000]}")
    return pack(path, parts | {part: before.replace(old, new).encode()})
